//! The laws of the house, kept by reading its sources. Who may name whom stands in one place, the table of
//! `src/lib.rs`; it is read from there. A law that is broken says where, and what to do. The readers are plain, so
//! each is tried on a sample too, at the end.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a law that cannot be read is broken")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// In `cli`, these files alone name adapters or the simulator, and no more of them than this.
const DESK: [(&str, &[&str]); 4] = [
    ("src/cli/wire_up.rs", &["adapters"]),
    ("src/cli/progress.rs", &["adapters::pigment_api::ClientMeter"]),
    ("src/cli/demo.rs", &["adapters::system::SystemClock", "sim"]),
    ("src/cli/simulate.rs", &["adapters::system::SystemClock", "sim"]),
];
/// Verbs without an operation of their own.
const DESK_VERBS: [&str; 5] = ["demo", "simulate", "config", "completions", "man"];
/// Folders whose `mod.rs` holds more than prose and re-exports. The list may only get shorter.
const MODS: &str = "cli domain/views format/parquet operations operations/publish operations/sync operations/verify";
/// Beside dotfiles; `target` and `ochre-demo` are made here.
const TOP: &str = "CHANGELOG.md Cargo.lock Cargo.toml LICENSE README.md infra ochre-demo scripts src target tests";
const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn every_room_names_only_what_its_table_allows() {
    let rooms = rooms(&read("src/lib.rs"));
    keep(&["src"], ".rs", |source| {
        let room = source.module().first().map_or("main", |room| *room).to_owned();
        let of_table = rooms.iter().filter(|(name, _)| *name == room).flat_map(|(_, named)| named);
        let of_room = of_table.filter(|named| room != "cli" || !["adapters", "sim", "cli"].contains(&named.as_str()));
        let of_file = DESK.iter().filter(|(path, _)| *path == source.path).flat_map(|(_, paths)| paths.iter());
        let own = if room == "main" { "cli" } else { &room };
        let allowed: Vec<&str> = of_room.map(String::as_str).chain(of_file.copied()).chain([own]).collect();
        let mut found = named(&source.code, &source.module());
        found.retain(|(_, path)| !allowed.iter().any(|named| format!("{path}::").starts_with(&format!("{named}::"))));
        let why = format!("but may name only {}: see src/lib.rs and `DESK`", allowed.join(", "));
        found.into_iter().map(|(at, path)| (at, format!("names `{path}`, {why}"))).collect()
    });
}

#[test]
fn rules_do_not_wait_and_do_not_ask_the_time() {
    keep(&["src/domain"], ".rs", |source| {
        let found = ["async", "await", "tokio", "now()"].into_iter().flat_map(|word| words(&source.code, word));
        found.map(|at| (at, "a rule takes times and values as arguments".to_owned())).collect()
    });
}

#[test]
fn parquet_and_arrow_stay_in_their_room() {
    keep(&["src"], ".rs", |source| {
        let ours = named(&source.code, &source.module()).iter().any(|(_, path)| path == "format::parquet");
        let parquet = words(&source.code, "parquet::").filter(|at| !ours && !source.code[..*at].ends_with("::"));
        let arrow = ["arrow::", "arrow_array::", "arrow_schema::"].into_iter().flat_map(|it| words(&source.code, it));
        let found = parquet.chain(arrow).filter(|_| !source.path.starts_with("src/format/parquet/"));
        found.map(|at| (at, "only src/format/parquet names these crates".to_owned())).collect()
    });
}

/// In backticks it is prose for people.
#[test]
fn object_keys_are_spelt_in_one_file() {
    keep(&["src"], ".rs", |source| {
        let keys = ["log/", "record/", "lake/", "manifest/"].into_iter().flat_map(|key| words(&source.spoken, key));
        let found = keys.filter(|at| source.path != "src/domain/layout.rs" && !source.spoken[..*at].ends_with('`'));
        found.map(|at| (at, "spells an object key: take it from `domain::layout`".to_owned())).collect()
    });
}

#[test]
fn files_and_functions_stay_short() {
    keep(&["src", "tests"], ".rs", |source| {
        let lines = source.text.lines().count();
        let file = (lines > FILE_LINES_MAX).then(|| (0, format!("has {lines} lines, too many: split it by its nouns")));
        let functions = functions(&source.code).into_iter().filter(|_| source.path.starts_with("src/"));
        let long = functions.filter(|(_, _, lines)| *lines > FUNCTION_LINES_MAX);
        let long = long.map(|(at, name, lines)| (at, format!("`{name}` has {lines} lines, too many: name its parts")));
        file.into_iter().chain(long).collect()
    });
}

#[test]
fn a_mod_file_only_explains_and_re_exports() {
    keep(&["src"], "/mod.rs", |source| {
        let is_known = MODS.split(' ').any(|known| source.path == format!("src/{known}/mod.rs"));
        let code = ["fn ", "struct ", "enum ", "trait ", "impl ", "const ", "static ", "type ", "macro_rules!"];
        let found = code.into_iter().flat_map(|word| words(&source.code, word)).filter(|_| !is_known);
        found.map(|at| (at, "move this to a file named by its noun".to_owned())).collect()
    });
}

#[test]
fn words_that_hide_work_or_meaning_are_not_used() {
    let words = "TO,DO|FIX,ME|to,do!|unimpl,emented!|#[,ignore|[,allow(|fn pro,cess_|fn han,dle_|fn man,age_";
    let words = words.replace(',', "");
    keep(&["src", "tests", "scripts", "infra", "README.md", "CHANGELOG.md", "Cargo.toml"], "", |file| {
        let stem = Path::new(&file.path).file_stem().unwrap_or_default();
        let vague = ["utils", "util", "helpers", "helper", "common", "imp", "misc"].iter().find(|name| stem == **name);
        let found = words.split('|').flat_map(|word| file.text.match_indices(word));
        let said = found.map(|(at, word)| (at, format!("says `{word}`: do it, or name it by what it does")));
        said.chain(vague.map(|_| (0, "name this file by what it holds".to_owned()))).collect()
    });
}

#[test]
fn every_verb_has_its_three_floors() {
    let mut broken = Vec::new();
    for verb in verbs().iter().filter(|verb| !DESK_VERBS.contains(&verb.as_str())) {
        for at in ["src/cli/V.rs", "src/operations/V.rs src/operations/V/mod.rs", "tests/it/V.rs tests/it/desk/V.rs"] {
            let places = at.replace('V', verb);
            if !places.split(' ').any(|place| at_root(place).is_file()) {
                broken.push(format!("`{verb}` has no {}: add one", places.replace(' ', " or ")));
            }
        }
    }
    none(broken);
}

#[test]
fn no_file_is_forgotten() {
    keep(&["src", "tests/it"], "", |source| {
        let (folder, file) = source.path.trim_end_matches("/mod.rs").rsplit_once('/').unwrap();
        let declared = [format!("mod {};", file.trim_end_matches(".rs")), format!("\"{file}\"")];
        let is_beside = |path: &&String| path.rsplit_once('/').is_some_and(|(beside, _)| beside == folder);
        let declares = |path: &String| declared.iter().any(|words| read(path).contains(words));
        let is_found = files(folder).iter().filter(is_beside).any(|path| *path != source.path && declares(path));
        let is_root = ["lib.rs", "main.rs"].contains(&file) || folder == "tests/it/golden";
        let why = format!("is in no `mod` and no `include_str!` of {folder}: add it there, or delete it");
        if is_found || is_root { Vec::new() } else { vec![(0, why)] }
    });
}

#[test]
fn the_documents_say_what_the_code_says() {
    let first = |path: &str, head: &str| -> Vec<String> {
        table(&read(path), head).into_iter().map(|row| row[0].replace('`', "")).collect()
    };
    let of_code: Vec<_> = ochre::domain::schema::COLUMNS_V1.iter().map(|column| column.name).collect();
    assert_eq!(first("src/docs/columns.md", "| column |"), of_code, "columns.md differs from `COLUMNS_V1`: change it");
    let of_code: Vec<_> = ochre::config::KEYS.iter().map(|key| key.name).collect();
    assert_eq!(first("README.md", "| key |"), of_code, "README.md differs from `config::KEYS`: change it");
    let of_code = first("src/cli/exit.rs", "| code |");
    assert!(of_code.len() > 10, "src/cli/exit.rs has no table of exit codes");
    assert_eq!(first("README.md", "| code |"), of_code, "README.md has other exit codes than src/cli/exit.rs");
}

#[test]
fn documents_name_only_verbs_that_exist() {
    let verbs = [verbs(), vec!["help".to_owned()]].concat();
    keep(&["README.md", "CHANGELOG.md", "infra", "src/docs/testing.md"], "", |file| {
        let odd = typed_verbs(&file.text).into_iter().filter(|(_, verb)| !verbs.contains(verb));
        odd.map(|(at, verb)| (at, format!("says `ochre {verb}`: src/cli/args.rs has no such verb"))).collect()
    });
}

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    let names = fs::read_dir(at_root("")).unwrap().map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned());
    let odd = names.filter(|name| !name.starts_with('.') && !TOP.split(' ').any(|known| known == name));
    none(odd.map(|name| format!("{name}: put it into one of the folders, or delete it")).collect());
}

/// One file, a Rust file as a rule, by its path from the root of the repository.
struct Source {
    path: String,
    text: String,
    /// As long as the text. Comments, literals and what is compiled for tests alone are blank.
    code: String,
    /// The same, with its literals.
    spoken: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let [mut code, mut spoken] = masked(text);
        let is_test = path.ends_with("_tests.rs") || path.ends_with("/doubles.rs");
        let items = code.match_indices("#[cfg(test)]").map(|(from, tag)| from..item_end(&code, from + tag.len()));
        for item in items.chain(is_test.then_some(0..code.len())).collect::<Vec<_>>() {
            spoken.replace_range(item.clone(), &blank(&text[item.clone()]));
            code.replace_range(item.clone(), &blank(&text[item]));
        }
        Self { path: path.to_owned(), text: text.to_owned(), code, spoken }
    }

    /// `src/cli/mod.rs` is `["cli"]`, `src/cli/sync.rs` is `["cli", "sync"]`.
    fn module(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        path.split('/').filter(|part| !["mod", "lib", "main"].contains(part)).collect()
    }
}

/// Tries a law on every file under these folders that ends like this: where it is broken, and what to do.
fn keep(under: &[&str], end: &str, law: impl Fn(&Source) -> Vec<(usize, String)>) {
    let mut broken = Vec::new();
    let paths = under.iter().flat_map(|under| files(under)).filter(|path| path.ends_with(end)).collect::<Vec<_>>();
    assert!(!paths.is_empty(), "no file was found under {under:?}");
    for file in paths.iter().map(|path| Source::new(path, &read(path))) {
        let line = |at: usize| file.text[..at].matches('\n').count() + 1;
        broken.extend(law(&file).into_iter().map(|(at, why)| format!("{}:{} {why}", file.path, line(at))));
    }
    none(broken);
}

fn none(broken: Vec<String>) {
    assert!(broken.is_empty(), "{} found:\n  {}", broken.len(), broken.join("\n  "));
}

fn at_root(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    let bytes = fs::read(at_root(path)).unwrap_or_else(|error| panic!("{path} cannot be read: {error}"));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// All files under a folder, or the one file, as paths from the root.
fn files(under: &str) -> Vec<String> {
    let (mut found, mut open) = (BTreeSet::new(), vec![PathBuf::from(under)]);
    while let Some(path) = open.pop() {
        match fs::read_dir(at_root(&path)) {
            Ok(_) if path.ends_with("__pycache__") => {}
            Ok(entries) => open.extend(entries.map(|entry| path.join(entry.unwrap().file_name()))),
            Err(_) => drop(found.insert(path.to_string_lossy().into_owned())),
        }
    }
    found.into_iter().collect()
}

/// What `Verb::name` says.
fn verbs() -> Vec<String> {
    let args = Source::new("src/cli/args.rs", &read("src/cli/args.rs"));
    let from = args.code.find("fn name(").expect("`Verb::name` is in src/cli/args.rs");
    args.spoken[from..item_end(&args.code, from)].split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// The text, byte for byte, with comments blanked: once without literals, once with them.
fn masked(text: &str) -> [String; 2] {
    let (mut code, mut spoken, mut at) = (String::new(), String::new(), 0);
    while let Some(letter) = text[at..].chars().next() {
        let length = comment_or_literal(&text[at..], text[..at].ends_with(is_word));
        let piece = &text[at..at + length.unwrap_or(letter.len_utf8())];
        let blanked = if length.is_some() { blank(piece) } else { piece.to_owned() };
        spoken.push_str(if piece.starts_with("//") || piece.starts_with("/*") { &blanked } else { piece });
        code.push_str(&blanked);
        at += piece.len();
    }
    [code, spoken]
}

/// How long the comment or literal is that begins here.
fn comment_or_literal(rest: &str, in_word: bool) -> Option<usize> {
    let to = |from: usize, end: &str| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    let raw = rest.trim_start_matches('b').strip_prefix('r').filter(|_| !in_word).and_then(|raw| raw.split_once('"'));
    let raw = raw.filter(|(fence, _)| fence.chars().all(|letter| letter == '#'));
    let is_lifetime = rest.starts_with('\'') && !rest.starts_with("'\\") && rest.chars().nth(2) != Some('\'');
    match raw {
        _ if rest.starts_with("//") => return Some(rest.find('\n').unwrap_or(rest.len())),
        _ if rest.starts_with("/*") => return Some(to(2, "*/")),
        Some((fence, body)) => return Some(to(rest.len() - body.len(), &format!("\"{fence}"))),
        _ if is_lifetime || !rest.starts_with(['\'', '"']) => return None,
        _ => {}
    }
    let mut escaped = false;
    let is_end = |letter: char| {
        let is_end = !escaped && rest.starts_with(letter);
        escaped = !escaped && letter == '\\';
        is_end
    };
    rest[1..].find(is_end).map(|at| at + 2)
}

/// Where `word` stands by itself.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let goes_on = |end: usize| word.ends_with(is_word) && code[end..].starts_with(is_word);
    let stands_alone = move |at: &usize| !code[..*at].ends_with(is_word) && !goes_on(at + word.len());
    code.match_indices(word).map(|(at, _)| at).filter(stands_alone)
}

/// The end of the item that begins here: its last brace, or a semicolon before any.
fn item_end(code: &str, from: usize) -> usize {
    let (mut braces, mut brackets) = (0, 0);
    for (at, letter) in code[from..].char_indices() {
        braces += i32::from(letter == '{') - i32::from(letter == '}');
        brackets += i32::from("([".contains(letter)) - i32::from(")]".contains(letter));
        if braces == 0 && (letter == '}' || letter == ';' && brackets == 0) {
            return from + at + 1;
        }
    }
    code.len()
}

/// What this code names from the root of the crate, and where: by `crate`, and by `super` where that leaves the room.
fn named(code: &str, module: &[&str]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in ["crate::", "ochre::", "super::"].into_iter().flat_map(|root| words(code, root)) {
        for path in unfold(&code[at..]).iter().filter(|_| !code[..at].ends_with("::")) {
            let climbed = path.split("::").take_while(|step| *step == "super").count();
            if climbed == 0 || climbed >= module.len() {
                found.push((at, path.splitn(climbed.max(1) + 1, "::").last().unwrap_or_default().to_owned()));
            }
        }
    }
    found
}

/// `a::{b, c::{d, e}}` is `a::b`, `a::c::d` and `a::c::e`.
fn unfold(text: &str) -> Vec<String> {
    let (mut found, mut stems, mut leaf) = (Vec::new(), vec![String::new()], String::new());
    for letter in text.chars() {
        let stem = stems.last().cloned().unwrap_or_default();
        match letter {
            _ if is_word(letter) || ":*".contains(letter) => leaf.push(letter),
            '{' if leaf.ends_with("::") => stems.push(stem + &std::mem::take(&mut leaf)),
            ',' | '}' if stems.len() > 1 => {
                found.extend(Some(std::mem::take(&mut leaf)).filter(|leaf| !leaf.is_empty()).map(|leaf| stem + &leaf));
                stems.truncate(stems.len() - usize::from(letter == '}'));
            }
            _ if stems.len() > 1 && letter.is_whitespace() => {}
            _ => break,
        }
    }
    if found.is_empty() { vec![leaf.trim_end_matches(':').to_owned()] } else { found }
}

/// Functions: where each begins, its name, and how many lines it has.
fn functions(code: &str) -> Vec<(usize, &str, usize)> {
    let name = |at: usize| code[at + 3..].split(|letter| !is_word(letter)).next().unwrap_or_default();
    let lines = |at: usize| code[at..item_end(code, at)].lines().count();
    words(code, "fn ").map(|at| (at, name(at), lines(at))).filter(|(_, name, _)| !name.is_empty()).collect()
}

/// The cells of the first table whose head begins like this.
fn table(text: &str, head: &str) -> Vec<Vec<String>> {
    let lines = text.lines().map(|line| line.trim_start_matches("//!").trim());
    let rows = lines.skip_while(|line| !line.starts_with(head)).skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row[1..].split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// The rooms of the table in `src/lib.rs`, each with those it may name.
fn rooms(text: &str) -> Vec<(String, Vec<String>)> {
    let quoted = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(|word| word.trim_start_matches("mod@").to_owned()).collect()
    };
    let rows = table(text, "| room |");
    let all: Vec<String> = rows.iter().flat_map(|row| quoted(&row[0])).collect();
    let may_name = |cell: &String| -> Vec<String> {
        let but = cell.starts_with("everything but");
        all.iter().filter(|room| quoted(cell).contains(room) != but).cloned().collect()
    };
    rows.iter().map(|row| (quoted(&row[0]).concat(), may_name(&row[2]))).collect()
}

/// The verbs that a text tells people to type after `ochre`, and where.
fn typed_verbs(text: &str) -> Vec<(usize, String)> {
    let typed = words(text, "ochre ").filter(|at| text[..*at].ends_with(['\n', '`', '/']));
    let verb = |at: usize| text[at + 6..].chars().take_while(char::is_ascii_lowercase).collect::<String>();
    typed.map(|at| (at, verb(at))).filter(|(_, verb)| !verb.is_empty()).collect()
}

#[test]
fn the_reader_of_names_finds_what_is_forbidden() {
    let found = |code: &str| named(code, &["cli", "sync"]).into_iter().map(|(_, path)| path).collect::<Vec<_>>();
    assert_eq!(found("use crate::{sim, ports::{self, Clock},};"), ["sim", "ports::self", "ports::Clock"]);
    assert_eq!(found("use super::{super::adapters::x, args}; use crate::format::*;"), ["format::*", "adapters::x"]);
    assert_eq!(found("fn f(a: &crate::a::B<C>) { super::g() }"), ["a::B"]);
}

#[test]
fn the_reader_of_code_sees_no_comments_literals_or_tests() {
    let text = "//! a\nfn f<'a>() { /* b */ g('\"', \"c \\\" {\", r#\"d\"#, b'{') }\n#[cfg(test)]\nmod t { e }\nfn h()";
    let source = Source::new("src/cli/x.rs", text);
    assert_eq!((source.code.len(), source.module()), (text.len(), vec!["cli", "x"]));
    let seen = |text: &str| text.chars().filter(char::is_ascii_lowercase).collect::<String>();
    assert_eq!((seen(&source.code), seen(&source.spoken)), ("fnfagbfnh".into(), "fnfagcrdbfnh".into()));
    assert_eq!(functions("fn a() {\n{}\n}\nfn b(c: [u8; 2]);\nd: fn (e)"), [(0, "a", 3), (14, "b", 1)]);
}

#[test]
fn the_readers_of_documents_find_rows_rooms_and_verbs() {
    let text = "//! | room | is | may name |\n//! |-|-|-|\n//! | [`a`] | x | nothing |\n//! | [`mod@b`] | y | everything but `b` |\n";
    assert_eq!(format!("{:?}", rooms(text)), r#"[("a", []), ("b", ["a"])]"#);
    let verbs = typed_verbs("```sh\nochre fetch\n``` an ochre wall, `ochre --help`, `ochre sync`");
    assert_eq!(format!("{verbs:?}"), r#"[(6, "fetch"), (54, "sync")]"#);
}
