//! One planned event as the API would send it.

use std::borrow::Cow;
use std::time::Duration;

use super::act::{Act, Scene};
use super::catalogue::{EventType, Shape};
use super::chance::{Chance, mix};
use super::company::{self, Thing, push_id};
use super::hostile::{Oddity, UNKNOWN_MEMBERS};
use super::json::{Json, push_uuid, spread};
use super::plan::{EventPlan, WorkloadSpec};
use super::{payload, spelling};

/// Whose description of the API is followed (C1, C11, C15, E50).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Pigment's own pages.
    #[default]
    Vendor,
    /// The agent skill: flat actor, `target`, `metadata`, its own type names, `pagination.nextCursor`.
    Skill,
}

impl Dialect {
    /// Reads `vendor` or `skill`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "vendor" => Some(Self::Vendor),
            "skill" => Some(Self::Skill),
            _ => None,
        }
    }
}

/// A standard member that an event lacks or garbles (E31).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Omission {
    /// No `eventId`.
    EventId,
    /// `eventId` is a number.
    EventIdText,
    /// No `eventTimestamp`.
    EventTimestamp,
    /// `eventTimestamp` is no time.
    EventTimestampSense,
    /// No `ingestionTimestamp`.
    IngestionTimestamp,
    /// No `eventType`.
    EventType,
}

impl Omission {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::EventId,
        Self::EventIdText,
        Self::EventTimestamp,
        Self::EventTimestampSense,
        Self::IngestionTimestamp,
        Self::EventType,
    ];

    /// Whether an archive can still keep the event as an event: it has an id and a time.
    pub const fn leaves_an_event(self) -> bool {
        matches!(self, Self::IngestionTimestamp | Self::EventType)
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Actor {
    Person(u64),
    /// The support account, and the employee of Pigment behind it (E32).
    Support(u64),
    /// An API key (E33).
    Key(u64),
}

/// An event while it is written.
pub(super) struct Draft<'a> {
    pub(super) spec: &'a WorkloadSpec,
    pub(super) plan: &'a EventPlan,
    pub(super) kind: &'static EventType,
    pub(super) odd: Option<Oddity>,
    /// Draws what belongs to this event alone.
    pub(super) chance: Chance,
    /// The application the act took place in.
    pub(super) application: u64,
    /// The block the act is about.
    pub(super) block: u64,
    actor: Actor,
    by_api: bool,
}

/// The JSON text of an event: compact, or over several lines where the workload is `pretty`.
pub fn render(spec: &WorkloadSpec, dialect: Dialect, plan: &EventPlan) -> String {
    render_without(spec, dialect, plan, None)
}

/// The same with a standard member left out or garbled.
pub fn render_without(spec: &WorkloadSpec, dialect: Dialect, plan: &EventPlan, gap: Option<Omission>) -> String {
    let mut draft = Draft::new(spec, plan);
    let mut json = Json::with_capacity(1_024);
    json.item(|json| match dialect {
        Dialect::Vendor => draft.write_vendor(json, gap),
        Dialect::Skill => draft.write_skill(json, gap),
    });
    let text = json.into_text();
    if spec.pretty { spread(&text) } else { text }
}

impl<'a> Draft<'a> {
    fn new(spec: &'a WorkloadSpec, plan: &'a EventPlan) -> Self {
        let act = Act::of(plan.seed);
        let kind = act.event_type(plan.seed & 15);
        let mut shared = act.chance();
        shared.bits();
        let actor = choose_actor(spec, act.scene(), kind, &mut shared);
        Self {
            spec,
            plan,
            kind,
            odd: if spec.hostile { Oddity::of(plan.seed) } else { None },
            chance: Chance::new(mix(plan.seed ^ 0xd4af7)),
            application: company::some_application(&mut shared),
            block: shared.below(96),
            actor,
            by_api: matches!(actor, Actor::Key(_)),
        }
    }

    /// The name to write, or the hostile one in its place.
    pub(super) fn name<'n>(&self, natural: impl Into<Cow<'n, str>>) -> Cow<'n, str> {
        match &self.odd {
            Some(Oddity::Name(hostile)) => Cow::Owned(hostile.clone()),
            _ => natural.into(),
        }
    }

    /// Members nobody knows, where this event has them (E29).
    pub(super) fn write_unknown(&self, json: &mut Json) {
        if self.odd == Some(Oddity::UnknownMembers) {
            json.raw("x-unknown", UNKNOWN_MEMBERS);
        }
    }

    fn write_vendor(&mut self, json: &mut Json, gap: Option<Omission>) {
        self.write_head(json, gap);
        self.write_actor(json);
        self.write_context(json);
        self.write_type(json, self.kind.name, gap);
        match self.odd {
            Some(Oddity::Payload("")) => {}
            Some(Oddity::Payload(value)) => json.raw("payload", value),
            _ => payload::write(json, self),
        }
        self.write_unknown(json);
    }

    fn write_skill(&mut self, json: &mut Json, gap: Option<Omission>) {
        let name = match (self.kind.skill, self.by_api) {
            ("DataModified", true) => "ImportExecuted",
            (name, _) => name,
        };
        self.write_type(json, name, gap);
        self.write_head(json, gap);
        self.write_flat_actor(json);
        payload::write_target(json, self);
        self.write_unknown(json);
    }

    fn write_head(&mut self, json: &mut Json, gap: Option<Omission>) {
        let (seed, plan) = (self.plan.seed, self.plan);
        match gap {
            Some(Omission::EventId) => {}
            Some(Omission::EventIdText) => json.raw("eventId", &seed.to_string()),
            _ => json.plain("eventId", |out| push_uuid(out, seed, mix(seed))),
        }
        match gap {
            Some(Omission::EventTimestamp) => {}
            Some(Omission::EventTimestampSense) => json.text("eventTimestamp", "the day before yesterday"),
            _ => json.plain("eventTimestamp", |out| spelling::push_instant(out, plan.occurred, &mut self.chance)),
        }
        if gap != Some(Omission::IngestionTimestamp) {
            json.plain("ingestionTimestamp", |out| spelling::push_instant(out, plan.ingested, &mut self.chance));
        }
    }

    fn write_type(&self, json: &mut Json, name: &str, gap: Option<Omission>) {
        match &self.odd {
            _ if gap == Some(Omission::EventType) => {}
            Some(Oddity::NoType) => {}
            Some(Oddity::Type(odd)) => json.text("eventType", odd),
            _ => json.text("eventType", name),
        }
    }

    fn write_actor(&mut self, json: &mut Json) {
        match self.odd {
            Some(Oddity::Actor("")) => return,
            Some(Oddity::Actor(value)) => return json.raw("actor", value),
            _ => {}
        }
        json.object("actor", |json| {
            match self.actor {
                Actor::Person(person) => self.write_user(json, person),
                Actor::Support(employee) => self.write_support(json, employee),
                Actor::Key(key) => self.write_key(json, key),
            }
            if self.odd == Some(Oddity::TwoActors) && !self.by_api {
                self.write_key(json, 1);
            }
            self.write_unknown(json);
        });
    }

    fn write_user(&mut self, json: &mut Json, person: u64) {
        json.object("user", |json| {
            json.plain("id", |out| push_id(out, self.spec, Thing::Person, person));
            json.text("name", &self.name(company::name(person)));
            json.text("email", &company::email(person, &mut self.chance));
            self.write_unknown(json);
        });
    }

    fn write_support(&mut self, json: &mut Json, employee: u64) {
        json.object("user", |json| {
            json.plain("id", |out| push_id(out, self.spec, Thing::Supporter, 0));
            json.text("name", "Acme Support");
            json.text("email", if self.chance.one_in(3) { "SUPPORT@ACME.example" } else { "support@acme.example" });
            json.object("impersonator", |json| {
                json.plain("id", |out| push_id(out, self.spec, Thing::Supporter, 1 + employee));
                json.text("name", &self.name(company::name(7 * employee + 3)));
                json.text("email", &format!("helper{employee}@vendor.example"));
            });
            json.object("jwt", |json| {
                let act = Act::of(self.plan.seed).part_seed(0);
                json.plain("id", |out| push_id(out, self.spec, Thing::Session, act));
                let issued = self.plan.occurred - Duration::from_secs(2);
                for (key, at) in [("issuedAt", issued), ("expiresAt", issued + Duration::from_secs(4 * 3_600))] {
                    json.plain(key, |out| {
                        spelling::push_seconds(out, at);
                        out.push('Z');
                    });
                }
            });
        });
    }

    fn write_key(&self, json: &mut Json, key: u64) {
        json.object("api", |json| {
            json.plain("apiKeyId", |out| push_id(out, self.spec, Thing::Key, key));
            json.text("apiKeyName", &self.name(company::key_name(key)));
        });
    }

    fn write_flat_actor(&mut self, json: &mut Json) {
        json.object("actor", |json| {
            let (thing, number, name, email) = match self.actor {
                Actor::Person(person) => {
                    (Thing::Person, person, company::name(person), company::email(person, &mut self.chance))
                }
                Actor::Support(_) => {
                    (Thing::Supporter, 0, "Acme Support".to_owned(), "support@acme.example".to_owned())
                }
                Actor::Key(key) => (Thing::Key, key, company::key_name(key), String::new()),
            };
            json.plain("memberId", |out| push_id(out, self.spec, thing, number));
            if !email.is_empty() {
                json.text("email", &email);
            }
            json.text("name", &self.name(name));
        });
    }

    /// Half of the events that an API key caused have no client context (C17).
    fn write_context(&mut self, json: &mut Json) {
        let place = match self.actor {
            Actor::Person(person) => Some(person),
            Actor::Support(employee) => Some(1 << 40 | employee),
            Actor::Key(key) => self.chance.one_in(2).then_some(1 << 41 | key),
        };
        json.object("context", |json| {
            json.object("organization", |json| {
                json.text("id", &self.spec.organization);
                json.text("name", "Acme Inc. (simulated)");
                self.write_unknown(json);
            });
            if let Some(place) = place {
                json.object("clientContext", |json| {
                    json.text("ipAddress", &company::ip_address(place));
                    let agent = if self.by_api { "acme-integration/2.4" } else { company::user_agent(place) };
                    json.text("userAgent", &self.name(agent));
                });
            }
            self.write_unknown(json);
        });
    }
}

fn choose_actor(spec: &WorkloadSpec, scene: Scene, kind: &EventType, chance: &mut Chance) -> Actor {
    let key_of = |types: u64, chance: &mut Chance| Actor::Key(types + 5 * chance.below(2));
    let draw = chance.below(1_000);
    match (scene, kind.shape, kind.name) {
        (Scene::Import, ..) => key_of(1, chance),
        (Scene::Provisioning, ..) => key_of(3, chance),
        (Scene::SupportSession, ..) | (_, _, "SupportSessionStarted") => Actor::Support(chance.below(9)),
        (_, Shape::Nothing, _) => Actor::Person(company::someone(spec, chance)),
        (_, Shape::Export, _) if draw < 330 => key_of(2, chance),
        (_, Shape::Metric | Shape::Block(_), name) if name.ends_with("DataChanged") && draw < 250 => key_of(1, chance),
        (_, Shape::Member, "UserInvited" | "UserDeactivated" | "UserReactivated") if draw < 330 => key_of(3, chance),
        _ if draw >= 998 => key_of(0, chance),
        _ if draw >= 993 => Actor::Support(chance.below(9)),
        _ => Actor::Person(company::someone(spec, chance)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::super::{event_id, plan_day, skill_names, vendor_names};
    use super::*;
    use crate::domain::Timestamp;

    fn plans(spec: &WorkloadSpec) -> Vec<EventPlan> {
        plan_day(spec, "2026-03-04".parse().unwrap())
    }

    fn hostile(seed: u64) -> WorkloadSpec {
        WorkloadSpec { hostile: true, ..WorkloadSpec::new(seed, 500_000) }
    }

    #[test]
    fn all_42_documented_types_and_the_aliases_occur() {
        let spec = WorkloadSpec::new(11, 1_400_000);
        let plans = plans(&spec);
        let mut seen = BTreeMap::<String, u32>::new();
        for plan in &plans {
            *seen.entry(Act::of(plan.seed).event_type(plan.seed & 15).name.to_owned()).or_default() += 1;
        }
        assert_eq!(vendor_names().count(), 42);
        assert!(vendor_names().all(|name| seen.contains_key(name)));
        assert_eq!(skill_names().count(), 16);
        assert!(skill_names().filter(|name| seen.contains_key(*name)).count() > 6);
        assert!(seen["ViewAccessed"] as usize > plans.len() / 3);
    }

    #[test]
    fn every_event_is_json_and_says_what_its_plan_says() {
        for (spec, dialect) in [
            (WorkloadSpec::new(1, 400_000), Dialect::Vendor),
            (WorkloadSpec::new(2, 400_000), Dialect::Skill),
            (WorkloadSpec { pretty: true, ..hostile(3) }, Dialect::Vendor),
            (hostile(4), Dialect::Vendor),
            (hostile(5), Dialect::Skill),
        ] {
            for plan in plans(&spec) {
                let text = render(&spec, dialect, &plan);
                let event: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
                let time = |member: &str| Timestamp::parse(event[member].as_str().unwrap());
                assert_eq!(event["eventId"], event_id(&plan));
                assert_eq!(time("eventTimestamp"), Some(plan.occurred));
                assert_eq!(time("ingestionTimestamp"), Some(plan.ingested));
                assert_eq!(text, render(&spec, dialect, &plan));
            }
        }
    }

    #[test]
    fn an_ordinary_event_is_about_780_bytes_long() {
        let spec = WorkloadSpec::new(1, 900_000);
        let plans = plans(&spec);
        let bytes: usize = plans.iter().map(|plan| render(&spec, Dialect::Vendor, plan).len()).sum();
        assert!((650..900).contains(&(bytes / plans.len())), "{}", bytes / plans.len());
    }

    #[test]
    fn the_support_account_never_logs_in_and_always_names_who_is_behind_it() {
        let spec = WorkloadSpec::new(6, 1_400_000);
        let (mut sessions, mut api) = (0, 0);
        for plan in plans(&spec) {
            let event: Value = serde_json::from_str(&render(&spec, Dialect::Vendor, &plan)).unwrap();
            let support = event["actor"]["user"]["impersonator"].is_object();
            assert!(!(support && event["eventType"].as_str().unwrap().starts_with("UserLogged")));
            sessions += u32::from(event["eventType"] == "SupportSessionStarted" && support);
            api += u32::from(event["actor"]["api"]["apiKeyId"].is_string());
        }
        assert!(sessions > 5 && api > 100, "{sessions} {api}");
    }

    #[test]
    fn omissions_leave_out_what_they_say() {
        let spec = WorkloadSpec::new(1, 900_000);
        let plan = plans(&spec)[0];
        let without =
            |gap| -> Value { serde_json::from_str(&render_without(&spec, Dialect::Vendor, &plan, Some(gap))).unwrap() };
        assert!(without(Omission::EventId)["eventId"].is_null());
        assert!(without(Omission::EventIdText)["eventId"].is_number());
        assert!(without(Omission::EventTimestamp)["eventTimestamp"].is_null());
        assert!(without(Omission::EventType)["eventType"].is_null());
        assert!(without(Omission::IngestionTimestamp)["ingestionTimestamp"].is_null());
    }

    #[test]
    fn a_hostile_company_shows_unpleasant_types_and_names() {
        let spec = hostile(9);
        let text: String = plans(&spec).iter().map(|plan| render(&spec, Dialect::Vendor, plan)).collect();
        for sign in ["../../etc/passwd", "<script>", "=HYPERLINK", "x-unknown", "\\u0007", "ten thousand"] {
            assert!(text.contains(sign), "{sign}");
        }
    }

    #[test]
    fn one_event_reads_as_it_did_yesterday() {
        let spec = WorkloadSpec::new(1, 900_000);
        let plans = plans(&spec);
        let texts: Vec<_> = plans.iter().take(3).map(|plan| render(&spec, Dialect::Vendor, plan)).collect();
        insta::assert_snapshot!(crate::domain::Digest::of(texts.join("\n").as_bytes()).hex(), @"3680de6603b49b37ffbf66df0b896fc0aff3fd25b46acfd9f136dd01f3b53408");
    }
}
