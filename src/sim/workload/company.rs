//! The people, applications, blocks and keys of the simulated company, each a function of seed and number.

use super::chance::{Chance, mix};
use super::json::push_uuid;
use super::plan::WorkloadSpec;

/// First names as people write them, and as their mail addresses do.
const FIRST: [(&str, &str); 24] = [
    ("Ada", "ada"),
    ("Bruno", "bruno"),
    ("Chloé", "chloe"),
    ("Dmitri", "dmitri"),
    ("Esther", "esther"),
    ("Farid", "farid"),
    ("Grace", "grace"),
    ("Håkon", "hakon"),
    ("Ines", "ines"),
    ("José", "jose"),
    ("Kavya", "kavya"),
    ("Łukasz", "lukasz"),
    ("Mei", "mei"),
    ("Niamh", "niamh"),
    ("Omar", "omar"),
    ("Priya", "priya"),
    ("Quentin", "quentin"),
    ("Rosa", "rosa"),
    ("Søren", "soren"),
    ("Tomoko", "tomoko"),
    ("Uma", "uma"),
    ("Victor", "victor"),
    ("Wanjiru", "wanjiru"),
    ("Zoë", "zoe"),
];
const LAST: [&str; 25] = [
    "Abara", "Bernard", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Haddad", "Ivanova", "Jansen", "Kim", "Lopez",
    "Moreau", "Nakamura", "Okafor", "Petit", "Rossi", "Schmidt", "Tanaka", "Ueda", "Vargas", "Weber", "Xu", "Young",
    "Zieba",
];
const APPLICATIONS: [&str; 12] = [
    "Revenue Planning",
    "Workforce",
    "Headcount & Hiring",
    "Consolidation",
    "Supply Chain",
    "Cash Flow",
    "Sales Commissions",
    "CAPEX",
    "Long Range Plan",
    "Marketing Spend",
    "Data Hub",
    "Security Hub",
];
const TOPICS: [&str; 16] = [
    "Revenue",
    "Headcount",
    "Margin",
    "Churn",
    "Bookings",
    "Salary",
    "Opex",
    "Pipeline",
    "Inventory",
    "Tax",
    "Travel",
    "Bonus",
    "Forecast",
    "Budget",
    "Price",
    "Volume",
];
const TURNS: [&str; 12] = [
    "Actuals",
    "Plan",
    "by Region",
    "by Month",
    "Input",
    "Bridge",
    "Mapping",
    "Check",
    "Summary",
    "FX",
    "Rolling",
    "Target",
];
/// What one browser or tool calls itself; about as long as the real ones.
const AGENTS: [&str; 6] = [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148",
];
/// Key types on the wire; the last one is a guess that keeps readers honest (C43).
pub(super) const KEY_TYPES: [&str; 5] = ["SecurityAudit", "Import", "Export", "UserProvisioning", "ModelingMetadata"];

/// Kinds of things that have an identifier.
#[derive(Clone, Copy, Debug)]
pub(super) enum Thing {
    Person = 1,
    Supporter,
    Application,
    Block,
    View,
    Group,
    Key,
    Session,
    Property,
}

/// Writes the identifier of the thing with this number.
pub(super) fn push_id(out: &mut String, spec: &WorkloadSpec, thing: Thing, number: u64) {
    let bits = mix(spec.seed ^ mix((thing as u64) << 56 ^ number));
    push_uuid(out, bits, mix(bits ^ 0x1d));
}

/// How many people work there.
pub(super) fn headcount(spec: &WorkloadSpec) -> u64 {
    (spec.events_per_180_days / 400).clamp(24, 3_000)
}

/// Someone; a few people are far busier than the rest.
pub(super) fn someone(spec: &WorkloadSpec, chance: &mut Chance) -> u64 {
    let draw = chance.fraction();
    ((draw * draw * draw) * headcount(spec) as f64) as u64
}

/// A person's name.
pub(super) fn name(person: u64) -> String {
    let (first, last) = parts(person);
    format!("{} {last}", first.0)
}

/// A person's address. The same person's comes in several cases (C31, E44).
pub(super) fn email(person: u64, chance: &mut Chance) -> String {
    let (first, last) = parts(person);
    let round = person / (FIRST.len() * LAST.len()) as u64;
    let number = if round == 0 { String::new() } else { round.to_string() };
    match chance.below(10) {
        0 => format!("{}.{last}{number}@ACME.example", first.1).to_uppercase(),
        1 => format!("{}.{last}{number}@Acme.example", first.1),
        _ => {
            let mut address = format!("{}.{last}{number}@acme.example", first.1);
            address.make_ascii_lowercase();
            address
        }
    }
}

fn parts(person: u64) -> (&'static (&'static str, &'static str), &'static str) {
    let (firsts, lasts) = (FIRST.len() as u64, LAST.len() as u64);
    // 24 and 25 share no factor: the first 600 people all differ.
    (&FIRST[(person % firsts) as usize], LAST[(person % lasts) as usize])
}

/// The address a person or a tool works from.
pub(super) fn ip_address(actor: u64) -> String {
    let bits = mix(actor);
    format!("10.{}.{}.{}", bits >> 8 & 31, bits >> 16 & 255, 1 + bits % 254)
}

/// The browser a person uses.
pub(super) fn user_agent(actor: u64) -> &'static str {
    AGENTS[(mix(actor ^ 0xa9) % AGENTS.len() as u64) as usize]
}

/// An application, the first ones more often.
pub(super) fn some_application(chance: &mut Chance) -> u64 {
    let draw = chance.fraction();
    (draw * draw * APPLICATIONS.len() as f64) as u64
}

/// An application's name.
pub(super) fn application_name(application: u64) -> &'static str {
    APPLICATIONS[(application % APPLICATIONS.len() as u64) as usize]
}

/// A block's name, as planners write them.
pub(super) fn block_name(block: u64) -> String {
    let topic = TOPICS[(block % TOPICS.len() as u64) as usize];
    let turn = TURNS[(block / TOPICS.len() as u64 % TURNS.len() as u64) as usize];
    format!("{topic}_{turn}")
}

/// A group's name.
pub(super) fn group_name(group: u64) -> String {
    format!("{} Team", TOPICS[(group % TOPICS.len() as u64) as usize])
}

/// A key's name.
pub(super) fn key_name(key: u64) -> String {
    format!("{} Key {}", KEY_TYPES[(key % KEY_TYPES.len() as u64) as usize], key / KEY_TYPES.len() as u64 + 1)
}
