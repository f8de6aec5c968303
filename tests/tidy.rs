//! The laws of the house, kept by reading its sources: who may name whom, how long things may get, which words are
//! not used, what belongs together, and that the documents say what the code says.
//!
//! Who may name whom stands in one place, the table of `src/lib.rs`; it is read from there. A law that is broken
//! says where, and what to do. The readers are plain, so each is tried on a sample too, at the end.

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
/// Verbs that live at the desk alone; every other has three floors.
const DESK_VERBS: [&str; 5] = ["demo", "simulate", "config", "completions", "man"];
/// Folders whose `mod.rs` holds more than prose and re-exports. The list may only get shorter.
const MOD_WITH_CODE: [&str; 6] =
    ["cli", "domain/views", "operations", "operations/publish", "operations/sync", "operations/verify"];
/// What the top level holds, beside dotfiles and what `target` and `ochre demo` make.
const TOP_LEVEL: &str =
    "CHANGELOG.md Cargo.lock Cargo.toml LICENSE README.md infra scripts src tests target ochre-demo";
const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

// ---- the laws

#[test]
fn every_room_names_only_what_its_table_allows() {
    let rooms = rooms(&read("src/lib.rs"));
    let mut broken = Vec::new();
    for source in sources("src") {
        let room = source.module().first().map_or("main", |room| *room).to_owned();
        let own = |(name, _): &&(String, Vec<String>)| *name == room;
        let mut allowed = rooms.iter().find(own).map_or_else(Vec::new, |(_, named)| named.clone());
        if room == "cli" {
            allowed.retain(|named| !["adapters", "sim"].contains(&named.as_str()));
        }
        let here = DESK.iter().filter(|(path, _)| *path == source.path).flat_map(|(_, paths)| paths.iter());
        allowed.extend(here.map(|path| (*path).to_owned()));
        allowed.push(if room == "main" { "cli".to_owned() } else { room.clone() });
        let is_allowed = |path: &str| allowed.iter().any(|named| format!("{path}::").starts_with(&format!("{named}::")));
        for (at, path) in named(&source.code, &source.module()).into_iter().filter(|(_, path)| !is_allowed(path)) {
            let at = source.at(at);
            broken.push(format!("{at} names `{path}`: this file may name only {}; see src/lib.rs", allowed.join(", ")));
        }
    }
    none(broken);
}

#[test]
fn rules_do_not_wait_and_do_not_ask_the_time() {
    let mut broken = Vec::new();
    for source in sources("src/domain") {
        let found = ["async", "await", "tokio", "now()"].into_iter().flat_map(|word| words(&source.code, word));
        broken.extend(found.map(|at| format!("{}: a rule takes times and values as arguments", source.at(at))));
    }
    none(broken);
}

#[test]
fn parquet_and_arrow_stay_in_their_room() {
    let mut broken = Vec::new();
    for source in sources("src").iter().filter(|source| !source.path.starts_with("src/format/parquet/")) {
        let ours = named(&source.code, &source.module()).iter().any(|(_, path)| path == "format::parquet");
        let parquet = words(&source.code, "parquet::").filter(|at| !ours && !source.code[..*at].ends_with("::"));
        let arrow = source.code.match_indices("arrow").filter(|(at, _)| !source.code[..*at].ends_with(is_word));
        let found = parquet.chain(arrow.map(|(at, _)| at));
        broken.extend(found.map(|at| format!("{}: only src/format/parquet names these crates", source.at(at))));
    }
    none(broken);
}

#[test]
fn object_keys_are_spelt_in_one_file() {
    let mut broken = Vec::new();
    for source in sources("src").iter().filter(|source| source.path != "src/domain/layout.rs") {
        let found = ["log/", "record/", "lake/", "manifest/"].into_iter().flat_map(|key| words(&source.spoken, key));
        // In backticks it is prose for people.
        let keys = found.filter(|at| !source.spoken[..*at].ends_with('`'));
        broken.extend(keys.map(|at| format!("{}: take this key from `domain::layout`", source.at(at))));
    }
    none(broken);
}

#[test]
fn files_and_functions_stay_short() {
    let mut broken = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            broken.push(format!("{}:1 has {lines} lines, more than {FILE_LINES_MAX}: split it by its nouns", source.path));
        }
        let long = functions(&source.code).into_iter().filter(|function| function.2 > FUNCTION_LINES_MAX);
        for (at, name, lines) in long.filter(|_| source.path.starts_with("src/")) {
            let at = source.at(at);
            broken.push(format!("{at} `{name}` has {lines} lines, more than {FUNCTION_LINES_MAX}: name its parts"));
        }
    }
    none(broken);
}

#[test]
fn a_mod_file_only_explains_and_re_exports() {
    let mut broken = Vec::new();
    for source in sources("src").iter().filter(|source| source.path.ends_with("/mod.rs")) {
        let code = ["fn ", "struct ", "enum ", "trait ", "impl ", "const ", "static ", "type ", "macro_rules!"];
        let found = code.iter().filter_map(|word| words(&source.code, word).next()).min();
        let folder = source.path.trim_start_matches("src/").trim_end_matches("/mod.rs");
        match (found, MOD_WITH_CODE.contains(&folder)) {
            (Some(at), false) => broken.push(format!("{}: move this to a file named by its noun", source.at(at))),
            (None, true) => broken.push(format!("{}: strike it off `MOD_WITH_CODE`", source.path)),
            _ => {}
        }
    }
    none(broken);
}

#[test]
fn words_that_hide_work_or_meaning_are_not_used() {
    let hidden = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!"), concat!("unimplem", "ented!")];
    let switched_off = [concat!("#[", "ignore"), concat!("#[", "allow("), concat!("#![", "allow(")];
    let vague = [concat!("fn pro", "cess_"), concat!("fn han", "dle_"), concat!("fn man", "age_")];
    let mut broken = Vec::new();
    for path in ["src", "tests", "scripts", "infra", "README.md", "CHANGELOG.md", "Cargo.toml"].map(files).concat() {
        let stem = Path::new(&path).file_stem().unwrap_or_default().to_string_lossy();
        if ["utils", "util", "helpers", "helper", "common", "imp", "misc"].contains(&stem.as_ref()) {
            broken.push(format!("{path}: name it by what it holds"));
        }
        let text = String::from_utf8_lossy(&fs::read(root().join(&path)).unwrap()).into_owned();
        for (number, line) in text.lines().enumerate() {
            let used = hidden.iter().chain(&switched_off).chain(&vague).filter(|word| line.contains(**word));
            broken.extend(used.map(|word| format!("{path}:{} says `{word}`: do it, or name it", number + 1)));
        }
    }
    none(broken);
}

#[test]
fn every_verb_has_its_three_floors() {
    let mut broken = Vec::new();
    for verb in verbs().iter().filter(|verb| !DESK_VERBS.contains(&verb.as_str())) {
        let floors = [
            vec![format!("src/cli/{verb}.rs")],
            vec![format!("src/operations/{verb}.rs"), format!("src/operations/{verb}/mod.rs")],
            vec![format!("tests/it/{verb}.rs"), format!("tests/it/desk/{verb}.rs")],
        ];
        let missing = floors.iter().filter(|places| !places.iter().any(|place| root().join(place).is_file()));
        broken.extend(missing.map(|places| format!("`{verb}` (src/cli/args.rs) has no {}", places.join(" or "))));
    }
    none(broken);
}

#[test]
fn no_source_is_forgotten() {
    let mut broken = Vec::new();
    for path in [files("src"), files("tests/it")].concat().iter().filter(|path| path.ends_with(".rs")) {
        let (folder, file) = path.split_once('.').and_then(|(stem, _)| stem.rsplit_once('/')).unwrap();
        let (folder, module) = if file == "mod" { folder.rsplit_once('/').unwrap() } else { (folder, file) };
        let is_root = |name: &str| ["lib", "main"].contains(&name);
        let declares = |text: &str| text.contains(&format!("mod {module};")) || text.contains(&format!("\"{file}.rs\""));
        let beside = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let declared = beside.filter(|path| path.is_file()).any(|path| declares(&fs::read_to_string(path).unwrap_or_default()));
        if !is_root(file) && !declared {
            broken.push(format!("{path}: declare `mod {module};` in {folder}, or delete the file"));
        }
    }
    none(broken);
}

#[test]
fn the_documents_say_what_the_code_says() {
    let first = |text: &str, header: &str| table(text, header).into_iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    let (readme, columns) = (read("README.md"), read("src/docs/columns.md"));
    let exact = |name: &str| format!("`{name}`");
    let of_code: Vec<_> = ochre::domain::schema::COLUMNS_V1.iter().map(|column| exact(column.name)).collect();
    assert_eq!(first(&columns, "| column |"), of_code, "src/docs/columns.md lists other columns than `COLUMNS_V1`");
    let of_code: Vec<_> = ochre::config::KEYS.iter().map(|key| exact(key.name)).collect();
    assert_eq!(first(&readme, "| key |"), of_code, "README.md lists other settings than `config::KEYS`");
    let of_code = first(&read("src/cli/exit.rs"), "| code |");
    assert_eq!(first(&readme, "| code |"), of_code, "README.md lists other exit codes than src/cli/exit.rs");
    assert!(of_code.len() > 10, "the table of exit codes in src/cli/exit.rs was not found");
    let chapters = read("src/docs/decisions/mod.rs");
    let decisions = files("src/docs/decisions").into_iter().filter(|path| path.ends_with(".md"));
    let untold = decisions.filter(|path| !chapters.contains(&format!("(\"{}\")", &path["src/docs/decisions/".len()..])));
    none(untold.map(|path| format!("{path}: include it in src/docs/decisions/mod.rs")).collect());
}

#[test]
fn documents_name_only_verbs_that_exist() {
    let verbs = [verbs(), vec!["help".to_owned()]].concat();
    let mut broken = Vec::new();
    for path in ["README.md", "CHANGELOG.md", "infra", "src/docs"].map(files).concat() {
        let text = read(&path);
        for (at, verb) in typed_verbs(&text).into_iter().filter(|(_, verb)| !verbs.contains(verb)) {
            broken.push(format!("{path}:{} says `ochre {verb}`: no such verb in src/cli/args.rs", line_of(&text, at)));
        }
    }
    none(broken);
}

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    let names = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let odd = names.filter(|name| !name.starts_with('.') && !TOP_LEVEL.split(' ').any(|known| known == name));
    none(odd.map(|name| format!("{name}: put it into one of the folders, or delete it")).collect());
}

// ---- reading the repository

struct Source {
    /// From the root of the repository.
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
        for (from, tag) in code.clone().match_indices("#[cfg(test)]") {
            let item = from..item_end(&code, from + tag.len());
            spoken.replace_range(item.clone(), &blank(&code[item.clone()]));
            code.replace_range(item.clone(), &blank(&code[item]));
        }
        Self { path: path.to_owned(), text: text.to_owned(), code, spoken }
    }

    /// `src/cli/mod.rs` is `["cli"]`, `src/cli/sync.rs` is `["cli", "sync"]`.
    fn module(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        path.split('/').filter(|part| !["mod", "lib", "main"].contains(part)).collect()
    }

    fn at(&self, offset: usize) -> String {
        format!("{}:{}", self.path, line_of(&self.text, offset))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path} cannot be read: {error}"))
}

/// All files under a folder, or the one file, as paths from the root.
fn files(under: &str) -> Vec<String> {
    let (mut found, mut open) = (BTreeSet::new(), vec![PathBuf::from(under)]);
    while let Some(path) = open.pop() {
        match fs::read_dir(root().join(&path)) {
            Ok(_) if path.ends_with("__pycache__") => {}
            Ok(entries) => open.extend(entries.map(|entry| path.join(entry.unwrap().file_name()))),
            Err(_) => drop(found.insert(path.to_string_lossy().into_owned())),
        }
    }
    found.into_iter().collect()
}

/// The sources under a folder. A file that is compiled for tests alone has no code.
fn sources(under: &str) -> Vec<Source> {
    let rust = files(under).into_iter().filter(|path| path.ends_with(".rs"));
    let mut all: Vec<Source> = rust.map(|path| Source::new(&path, &read(&path))).collect();
    let folder = |path: &str| path[..=path.rfind('/').unwrap_or_default()].to_owned();
    let tests = all.iter().flat_map(|source| test_files(&source.text).into_iter().map(|file| folder(&source.path) + &file));
    let tests: BTreeSet<String> = tests.collect();
    for source in all.iter_mut().filter(|source| tests.contains(&source.path)) {
        (source.code, source.spoken) = (blank(&source.code), blank(&source.spoken));
    }
    all
}

/// What `Verb::name` says.
fn verbs() -> Vec<String> {
    let args = Source::new("src/cli/args.rs", &read("src/cli/args.rs"));
    let from = args.code.find("fn name(").expect("`Verb::name` is in src/cli/args.rs");
    let literals = args.spoken[from..item_end(&args.code, from)].split('"').skip(1).step_by(2);
    literals.map(str::to_owned).collect()
}

#[track_caller]
fn none(broken: Vec<String>) {
    assert!(broken.is_empty(), "{} found:\n  {}", broken.len(), broken.join("\n  "));
}

// ---- reading one text

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
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
        code.push_str(&if length.is_some() { blank(piece) } else { piece.to_owned() });
        spoken.push_str(&if piece.starts_with("//") || piece.starts_with("/*") { blank(piece) } else { piece.to_owned() });
        at += piece.len();
    }
    [code, spoken]
}

/// How long the comment or literal is that begins here.
fn comment_or_literal(rest: &str, in_word: bool) -> Option<usize> {
    let to = |from: usize, end: &str| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    let fence = rest.trim_start_matches('b').strip_prefix('r').filter(|_| !in_word).and_then(|raw| raw.split_once('"'));
    match (rest.as_bytes(), fence) {
        ([b'/', b'/', ..], _) => return Some(to(0, "\n") - usize::from(rest.contains('\n'))),
        ([b'/', b'*', ..], _) => return Some(to(2, "*/")),
        (_, Some((fence, body))) if fence.chars().all(|letter| letter == '#') => {
            return Some(to(rest.len() - body.len(), &format!("\"{fence}")));
        }
        ([b'\'', second, ..], _) if *second != b'\\' && rest.chars().nth(2) != Some('\'') => return None,
        ([b'\'' | b'"', ..], _) => {}
        _ => return None,
    }
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            _ if rest.starts_with(letter) => return Some(at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

/// Where `word` stands by itself.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let goes_on = |end: usize| word.ends_with(is_word) && code[end..].starts_with(is_word);
    let found = code.match_indices(word).map(|(at, _)| at);
    found.filter(move |at| !code[..*at].ends_with(is_word) && !goes_on(at + word.len()))
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

/// The files that items such as `#[path = "a.rs"] mod b;` compile for tests alone.
fn test_files(text: &str) -> Vec<String> {
    let items = text.split("#[cfg(test)]").skip(1).filter_map(|rest| rest.split_once(';')?.0.split_once("mod "));
    let bare = items.filter(|(_, module)| module.chars().all(is_word));
    bare.map(|(path, module)| path.split('"').nth(1).map_or_else(|| format!("{module}.rs"), str::to_owned)).collect()
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
        match letter {
            '{' if leaf.ends_with("::") => stems.push(format!("{}{leaf}", stems[stems.len() - 1])),
            ',' | '}' if stems.len() > 1 && !leaf.is_empty() => found.push(format!("{}{leaf}", stems[stems.len() - 1])),
            ',' | '}' if stems.len() > 1 => {}
            ':' | '*' => leaf.push(letter),
            _ if is_word(letter) => leaf.push(letter),
            _ if stems.len() > 1 && letter.is_whitespace() => continue,
            _ => break,
        }
        if ",{}".contains(letter) {
            leaf.clear();
        }
        if letter == '}' {
            stems.pop();
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

// ---- the readers, on samples

#[test]
fn the_reader_of_names_finds_what_is_forbidden() {
    let found = |code: &str| named(code, &["cli", "sync"]).into_iter().map(|(_, path)| path).collect::<Vec<_>>();
    assert_eq!(found("use crate::{sim, ports::{self, Clock},};"), ["sim", "ports::self", "ports::Clock"]);
    assert_eq!(found("use super::{super::adapters::x, args}; use crate::format::*;"), ["format::*", "adapters::x"]);
    assert_eq!(found("fn f(a: &crate::a::B<C>) { super::g() }"), ["a::B"]);
}

#[test]
fn the_reader_of_code_sees_no_comments_literals_or_tests() {
    let text = "//! a\nfn f<'a>() { /* b */ g('\"', \"c \\\" {\", r#\"d\"#, b'{') }\n#[cfg(test)]\nmod t { e }\nfn h() {}\n";
    let source = Source::new("src/cli/x.rs", text);
    assert_eq!((source.code.len(), source.module()), (text.len(), vec!["cli", "x"]));
    let seen = |text: &str| text.chars().filter(char::is_ascii_lowercase).collect::<String>();
    assert_eq!((seen(&source.code), seen(&source.spoken)), ("fnfagfnh".into(), "fnfagcrdbfnh".into()));
    assert_eq!(functions("fn a() {\n{}\n}\nfn b(c: [u8; 2]);\nd: fn (e)"), [(0, "a", 3), (15, "b", 1)]);
    assert_eq!(test_files("#[cfg(test)]\n#[path = \"x.rs\"]\nmod t; #[cfg(test)] mod u; mod v;"), ["x.rs", "u.rs"]);
}

#[test]
fn the_readers_of_documents_find_rows_rooms_and_verbs() {
    let text = "//! | room | is | may name |\n//! |-|-|-|\n//! | [`a`] | x | nothing |\n//! | [`mod@b`] | y | everything but `b` |\n";
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(rooms(text), [("a".to_owned(), of(&[])), ("b".to_owned(), of(&["a"]))]);
    let verbs = typed_verbs("```sh\nochre fetch\n``` an ochre wall, `ochre --help`, `ochre sync`");
    assert_eq!(verbs.into_iter().map(|(_, verb)| verb).collect::<Vec<_>>(), ["fetch", "sync"]);
}
