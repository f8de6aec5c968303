//! The payloads of the documented types, with their documented variants.

use std::time::Duration;

use super::act::{Act, Scene};
use super::catalogue::Shape;
use super::company::{self, Thing, push_id};
use super::hostile::Oddity;
use super::json::{Json, push_hex};
use super::render::Draft;
use super::spelling;

const ACCOUNT_TYPES: [&str; 5] = ["Workspace Admin", "Security Admin", "Builder", "Member", "Guest"];
const ROLES: [&str; 5] = ["Admin", "Modeler", "Contributor", "Explorer", "Reader"];

/// Writes the member `payload`, where the type has one.
pub(super) fn write(json: &mut Json, draft: &mut Draft<'_>) {
    match draft.kind.shape {
        Shape::Nothing => write_nothing(json, draft),
        shape => json.object("payload", |json| {
            write_members(json, draft, shape);
            draft.write_unknown(json);
        }),
    }
}

/// Absent, null or empty: which one is not documented (E30).
fn write_nothing(json: &mut Json, draft: &mut Draft<'_>) {
    match draft.chance.below(3) {
        0 => {}
        1 => json.raw("payload", "null"),
        _ => json.raw("payload", "{}"),
    }
}

fn write_members(json: &mut Json, draft: &mut Draft<'_>, shape: Shape) {
    match shape {
        Shape::Nothing => {}
        Shape::Member => write_member(json, draft, ["id", "name", "email"]),
        Shape::AccountType => write_account_type(json, draft),
        Shape::Group => write_group(json, draft),
        Shape::Membership => write_membership(json, draft),
        Shape::GroupRole => write_group_role(json, draft),
        Shape::ViewAccess | Shape::View | Shape::ViewUpdate => write_view(json, draft, shape),
        Shape::Metric | Shape::MetricUpdate => write_metric(json, draft, shape),
        Shape::Block(noun) | Shape::BlockUpdate(noun) => {
            write_entity(json, draft, noun, false);
            json.object("settings", |json| json.flag("isSecurityBlock", draft.chance.one_in(20)));
            if matches!(shape, Shape::BlockUpdate(_)) {
                let key = if draft.chance.one_in(8) { "update_type" } else { "type" };
                write_change(json, draft, key, &["Settings", "Rename", "Formula"]);
            }
        }
        Shape::TransactionListDeletion => {
            let noun = if draft.chance.one_in(2) { "Table" } else { "TransactionList" };
            write_entity(json, draft, noun, false);
            json.object("settings", |json| json.flag("isSecurityBlock", false));
        }
        Shape::Board => write_entity(json, draft, "Board", false),
        Shape::Export => {
            let noun = draft.chance.pick(&["Dimension", "TransactionList", "Metric", "Table"]);
            write_entity(json, draft, noun, false);
        }
        Shape::Key => write_key(json, draft),
        Shape::Inheritance => write_inheritance(json, draft),
        Shape::AccessRule => write_access_rule(json, draft),
        Shape::Application => write_application(json, draft, "application"),
        Shape::Snapshot => write_snapshot(json, draft),
        Shape::Undocumented => json.text("summary", "something new"),
    }
}

fn write_member(json: &mut Json, draft: &mut Draft<'_>, keys: [&str; 3]) {
    let person = company::someone(draft.spec, &mut draft.chance);
    json.plain(keys[0], |out| push_id(out, draft.spec, Thing::Person, person));
    if !keys[1].is_empty() {
        json.text(keys[1], &draft.name(company::name(person)));
    }
    json.text(keys[2], &company::email(person, &mut draft.chance));
}

fn write_account_type(json: &mut Json, draft: &mut Draft<'_>) {
    write_member(json, draft, ["userId", "userName", "userEmail"]);
    let from = draft.chance.below(5);
    let to = (from + 1 + draft.chance.below(4)) % 5;
    json.text("newAccountType", ACCOUNT_TYPES[to as usize]);
    json.text("previousAccountType", ACCOUNT_TYPES[from as usize]);
}

fn write_group(json: &mut Json, draft: &mut Draft<'_>) {
    let group = draft.chance.below(16);
    json.plain("id", |out| push_id(out, draft.spec, Thing::Group, group));
    json.text("name", &draft.name(company::group_name(group)));
}

/// Joined or left: one of two keys, never both (E40). There is no name (C30).
fn write_membership(json: &mut Json, draft: &mut Draft<'_>) {
    write_member(json, draft, ["userId", "", "userEmail"]);
    let key = if draft.chance.one_in(3) { "previousGroup" } else { "newGroup" };
    json.object(key, |json| write_group(json, draft));
}

/// A role given, changed, or taken away; the last names no role at all (E39).
fn write_group_role(json: &mut Json, draft: &mut Draft<'_>) {
    json.object("group", |json| write_group(json, draft));
    write_application(json, draft, "application");
    let (stage, from) = (draft.chance.below(4), draft.chance.below(5));
    if stage >= 2 {
        json.text("previousApplicationRole", ROLES[from as usize]);
    }
    if stage >= 1 {
        json.text("newApplicationRole", ROLES[(from as usize + 1) % ROLES.len()]);
    }
}

fn write_application(json: &mut Json, draft: &mut Draft<'_>, key: &str) {
    json.object(key, |json| {
        json.plain("id", |out| push_id(out, draft.spec, Thing::Application, draft.application));
        json.text("name", &draft.name(company::application_name(draft.application)));
    });
}

/// `entity`, in the documented order of members. A view's access names the block as well (C29).
fn write_entity(json: &mut Json, draft: &mut Draft<'_>, noun: &str, with_block: bool) {
    json.object("entity", |json| {
        write_reference(json, draft, noun, draft.block);
        if with_block {
            json.object("block", |json| {
                json.plain("id", |out| {
                    push_id(out, draft.spec, Thing::Block, block_number(draft, "Metric", draft.block));
                });
                json.text("name", &draft.name(company::block_name(draft.block)));
            });
        }
        draft.write_unknown(json);
    });
}

/// Id, name, application and kind of a block, view or board.
fn write_reference(json: &mut Json, draft: &mut Draft<'_>, noun: &str, block: u64) {
    let thing = if noun == "View" { Thing::View } else { Thing::Block };
    json.plain("id", |out| push_id(out, draft.spec, thing, block_number(draft, noun, block)));
    let name = entity_name(draft, noun, block);
    json.text("name", &draft.name(name));
    write_application(json, draft, "application");
    json.text("entityType", noun);
}

fn block_number(draft: &Draft<'_>, noun: &str, block: u64) -> u64 {
    draft.application << 24 | (noun.len() as u64) << 16 | block
}

/// Temporary views end in eight hexadecimal digits, temporary metrics begin with a fixed phrase; some
/// lasting views only look alike (E35).
fn entity_name(draft: &mut Draft<'_>, noun: &str, block: u64) -> String {
    let mut name = company::block_name(block);
    match (noun, draft.chance.below(20)) {
        ("View", 0) => {
            name.push_str(" - ");
            push_hex(&mut name, draft.chance.bits(), 8);
            name
        }
        ("View", 1) => name + " - 2024 plan",
        ("Metric", 0) => format!("Formula Playground {block}"),
        ("View", _) => name + " View",
        ("Board", _) => name + " Board",
        _ => name,
    }
}

fn write_view(json: &mut Json, draft: &mut Draft<'_>, shape: Shape) {
    write_entity(json, draft, "View", shape == Shape::ViewAccess);
    if shape == Shape::ViewUpdate {
        write_change(json, draft, "type", &["Settings", "Rename"]);
    }
}

/// Settings are documented for security metrics, yet ordinary ones carry them too (C27).
fn write_metric(json: &mut Json, draft: &mut Draft<'_>, shape: Shape) {
    write_entity(json, draft, "Metric", false);
    if !draft.chance.one_in(10) {
        json.object("settings", |json| {
            let secure = draft.chance.one_in(15);
            json.flag("isSecurityBlock", secure);
            json.text(
                "dataType",
                match (secure, draft.chance.below(8)) {
                    (true, 0..4) => "BlockDataType_Permissions",
                    (true, _) => "BlockDataType_AccessRights",
                    (false, 0) => "BlockDataType_Boolean",
                    (false, _) => "BlockDataType_Number",
                },
            );
        });
    }
    if shape == Shape::MetricUpdate {
        write_change(json, draft, "type", &["Settings", "Rename", "Formula"]);
    }
}

/// The kind of change, in upper or lower case (C22, E43).
fn write_change(json: &mut Json, draft: &mut Draft<'_>, key: &str, values: &[&str]) {
    let value = draft.chance.pick(values);
    if draft.chance.one_in(4) {
        json.text(key, &value.to_lowercase());
    } else {
        json.text(key, value);
    }
}

/// A key edited in one go is the same key in both events (C40).
fn write_key(json: &mut Json, draft: &mut Draft<'_>) {
    let act = Act::of(draft.plan.seed);
    let key = if act.scene() == Scene::KeyEdit { act.chance().below(40) } else { draft.chance.below(40) };
    let expires = draft.plan.occurred + Duration::from_secs(86_400 * (20 + key * 9)) + Duration::from_millis(397);
    json.plain("id", |out| push_id(out, draft.spec, Thing::Key, key));
    json.text("type", company::KEY_TYPES[(key % 5) as usize]);
    json.text("name", &draft.name(company::key_name(key)));
    json.plain("expirationDate", |out| {
        spelling::push_seconds(out, expires);
        out.push_str(".397Z");
    });
    json.flag("actOnBehalfOfKeyOwner", key % 3 == 0);
    let owner = if draft.odd == Some(Oddity::OwnerId) { "ownerID" } else { "ownerId" };
    json.plain(owner, |out| push_id(out, draft.spec, Thing::Person, key % company::headcount(draft.spec)));
}

/// One switch or the other, or both.
fn write_inheritance(json: &mut Json, draft: &mut Draft<'_>) {
    write_application(json, draft, "application");
    json.object("settings", |json| {
        let which = draft.chance.below(3);
        if which != 1 {
            json.flag("allowResetAccessRightsForSharedBlocksDependencies", draft.chance.one_in(2));
        }
        if which != 0 {
            json.flag("disableAccessRightsInheritanceForBlocksInApp", draft.chance.one_in(2));
        }
    });
}

/// Four shapes of what a rule applies to; a rule for several metrics comes as one event for each (E41).
fn write_access_rule(json: &mut Json, draft: &mut Draft<'_>) {
    write_application(json, draft, "application");
    json.object("settings", |json| {
        json.flag("read", true);
        json.flag("write", draft.chance.one_in(2));
        json.flag("applyRule", !draft.chance.one_in(4));
        json.object("accessRightsMetric", |json| write_reference(json, draft, "Metric", draft.block));
        let target = draft.chance.below(96);
        let several = Act::of(draft.plan.seed).scene() == Scene::AccessRules;
        json.object("ruleAppliesTo", |json| match draft.chance.below(4) {
            shape if several || shape == 0 => {
                json.object("singleMetric", |json| {
                    json.object("metric", |json| write_reference(json, draft, "Metric", target));
                });
            }
            1 => json.flag("all", true),
            2 => json.object("metricsUsingSpecificDimensions", |json| {
                json.list("dimensions", |json| {
                    for dimension in [target, target + 1] {
                        json.item(|json| write_reference(json, draft, "Dimension", dimension));
                    }
                });
            }),
            _ => write_list_property(json, draft, target),
        });
    });
}

fn write_list_property(json: &mut Json, draft: &mut Draft<'_>, target: u64) {
    json.object("listProperty", |json| {
        json.object("list", |json| write_reference(json, draft, "Dimension", target));
        json.plain("propertyId", |out| push_id(out, draft.spec, Thing::Property, target));
        json.text("propertyName", &draft.name("Country"));
        json.plain("mappedToId", |out| push_id(out, draft.spec, Thing::Block, target + 7));
        json.text("mappedToName", &draft.name("Region"));
    });
}

fn write_snapshot(json: &mut Json, draft: &mut Draft<'_>) {
    json.object("snapshotGroup", |json| json.text("name", &draft.name("Month end")));
    json.list("applications", |json| {
        json.item(|json| {
            write_application(json, draft, "seedApplication");
            write_application(json, draft, "snapshotApplication");
        });
    });
}

/// `target` and `metadata` of the skill's dialect (C15).
pub(super) fn write_target(json: &mut Json, draft: &mut Draft<'_>) {
    let personal = matches!(draft.kind.shape, Shape::Nothing | Shape::Member | Shape::AccountType | Shape::Key);
    json.object("target", |json| {
        if !personal {
            json.plain("applicationId", |out| push_id(out, draft.spec, Thing::Application, draft.application));
            json.text("applicationName", &draft.name(company::application_name(draft.application)));
            json.plain("blockId", |out| {
                push_id(out, draft.spec, Thing::Block, block_number(draft, "Metric", draft.block));
            });
        }
    });
    json.object("metadata", |json| {
        if !personal {
            json.text("blockName", &draft.name(company::block_name(draft.block)));
        }
    });
}
