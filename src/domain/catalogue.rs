//! The event types Ochre knows: which category and signal each belongs to, and what it is about.
//!
//! `eventType` is an open string (C19): 42 names are Pigment's own, three are the short Dimension
//! spellings that real exports hold, 16 are names other tools use. A name that is not here is kept
//! as it is and shown as [`UNCATEGORISED`].
//!
//! **Canonical names.** An alias with exactly one counterpart among the vendor's names becomes that
//! name. An alias with several or none stays itself, and [`expand`] says which canonical names a
//! rule that uses it must count, so every documented rule can be evaluated.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What `category` and `signal` hold for a type nobody has told us about, so that counts add up (F20, F21).
pub const UNCATEGORISED: &str = "uncategorised";

/// The seven buckets of the monitoring report (F20).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Log-ins, log-outs, support sessions, password changes.
    LoginSession,
    /// Who is a member, and of what kind.
    MemberManagement,
    /// Applications and their Boards, and access to them.
    ApplicationActions,
    /// Metrics, Tables, lists and their Views.
    BlockOperations,
    /// API keys and access rights.
    Security,
    /// Data written, imported or exported.
    DataOperations,
    /// Groups and their roles.
    Administration,
}

impl Category {
    /// Every category, in the order of the report.
    pub const ALL: [Self; 7] = [
        Self::LoginSession,
        Self::MemberManagement,
        Self::ApplicationActions,
        Self::BlockOperations,
        Self::Security,
        Self::DataOperations,
        Self::Administration,
    ];

    /// The text in the lake's column `category`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoginSession => "login_session",
            Self::MemberManagement => "member_management",
            Self::ApplicationActions => "application_actions",
            Self::BlockOperations => "block_operations",
            Self::Security => "security",
            Self::DataOperations => "data_operations",
            Self::Administration => "administration",
        }
    }
}

/// The three broader signals (F21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// Somebody used the workspace.
    Activity,
    /// Somebody changed who may do what.
    Security,
    /// Somebody changed the model or its data.
    ChangeVolume,
}

impl Signal {
    /// The text in the lake's column `signal`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Security => "security",
            Self::ChangeVolume => "change_volume",
        }
    }
}

/// What sort of object of the model an event is about.
///
/// The event type decides it, not `entityType`: a deleted Transaction List may say `Table` (C25, E42).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModelObject {
    /// A Metric.
    Metric,
    /// A Table.
    Table,
    /// A Dimension List; the API also says `Dimension` (C26).
    DimensionList,
    /// A Transaction List.
    TransactionList,
    /// A View of a Block.
    View,
    /// A Board.
    Board,
}

impl ModelObject {
    /// Reads the API's `entityType`; both spellings of a Dimension List mean the same (C26).
    pub fn of_entity_type(text: &str) -> Option<Self> {
        match text {
            "Metric" => Some(Self::Metric),
            "Table" => Some(Self::Table),
            "Dimension" | "DimensionList" | "Dimension List" => Some(Self::DimensionList),
            "TransactionList" | "Transaction List" => Some(Self::TransactionList),
            "View" => Some(Self::View),
            "Board" => Some(Self::Board),
            _ => None,
        }
    }

    /// Whether Pigment calls it a Block: Views and Boards are none (C58).
    pub const fn is_block(self) -> bool {
        !matches!(self, Self::View | Self::Board)
    }
}

/// Where a payload without `entity` names its subject (C30).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// In `payload.entity` only, or nowhere.
    Entity,
    /// A person: `id`/`name`/`email` or `userId`/`userName`/`userEmail`.
    Person,
    /// A group: `group`, or `id`/`name`.
    Group,
    /// An API key: `id`/`name`.
    ApiKey,
    /// The Application whose settings were changed: `application`.
    Application,
}

/// Where a name comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The vendor's own list of 42.
    Vendor,
    /// Another spelling that real exports hold.
    Spelling,
    /// A name that other tools use.
    Alias,
}

/// What Ochre knows of one event type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name as the API may send it.
    pub name: &'static str,
    /// The name reports count it under.
    pub canonical: &'static str,
    /// Who uses the name.
    pub origin: Origin,
    /// The vendor's names that another name stands for; empty where there is none.
    pub counterparts: &'static [&'static str],
    /// Its one category.
    pub category: Category,
    /// Its one signal.
    pub signal: Signal,
    /// The sort of object it is about, where the type alone says so.
    pub object: Option<ModelObject>,
    /// Where its payload names the subject.
    pub subject: Subject,
}

impl Entry {
    /// Whether `type` in its payload says what kind of update it was (C21): only where the type, or
    /// every type it stands for, ends in `Updated`. For `APIKey…` the same key is the type of the key.
    pub fn is_update(&self) -> bool {
        self.canonical.ends_with("Updated")
            || (!self.counterparts.is_empty() && self.counterparts.iter().all(|name| name.ends_with("Updated")))
    }
}

/// Finds a name, exactly as the API writes it.
pub fn lookup(name: &str) -> Option<&'static Entry> {
    static INDEX: LazyLock<HashMap<&'static str, &'static Entry>> =
        LazyLock::new(|| ENTRIES.iter().map(|entry| (entry.name, entry)).collect());
    INDEX.get(name).copied()
}

/// The canonical names a rule counts when it is written with `name` (C19).
///
/// ```
/// use ochre::domain::catalogue::expand;
/// assert_eq!(expand("MemberInvited"), ["UserInvited"]);
/// assert_eq!(expand("RoleChanged"), ["RoleChanged", "UserAccountTypeUpdated", "UserGroupApplicationRoleUpdated"]);
/// ```
pub fn expand(name: &str) -> Vec<&str> {
    let Some(entry) = lookup(name) else { return vec![name] };
    let mut names = vec![entry.canonical];
    names.extend(entry.counterparts.iter().filter(|counterpart| **counterpart != entry.canonical));
    names
}

use Category::{Administration, ApplicationActions, BlockOperations, DataOperations, LoginSession, MemberManagement};
use ModelObject::{Board, DimensionList, Metric, Table, TransactionList, View};
use Signal::{Activity, ChangeVolume};

const fn vendor(name: &'static str, category: Category, signal: Signal, subject: Subject) -> Entry {
    Entry { name, canonical: name, origin: Origin::Vendor, counterparts: &[], category, signal, object: None, subject }
}

const fn about(name: &'static str, category: Category, signal: Signal, object: ModelObject) -> Entry {
    Entry {
        name,
        canonical: name,
        origin: Origin::Vendor,
        counterparts: &[],
        category,
        signal,
        object: Some(object),
        subject: Subject::Entity,
    }
}

const fn block(name: &'static str, object: ModelObject) -> Entry {
    about(name, BlockOperations, ChangeVolume, object)
}

const fn alias(
    name: &'static str,
    counterparts: &'static [&'static str],
    category: Category,
    signal: Signal,
    subject: Subject,
) -> Entry {
    let canonical = match counterparts {
        [only] => only,
        _ => name,
    };
    Entry { name, canonical, origin: Origin::Alias, counterparts, category, signal, object: None, subject }
}

const fn spelling(name: &'static str, counterparts: &'static [&'static str; 1]) -> Entry {
    let entry = alias(name, counterparts, BlockOperations, ChangeVolume, Subject::Entity);
    Entry { origin: Origin::Spelling, object: Some(DimensionList), ..entry }
}

/// Every name: the vendor's 42, the three short Dimension spellings, the 16 aliases.
pub const ENTRIES: [Entry; 61] = [
    vendor("UserLoggedIn", LoginSession, Activity, Subject::Entity),
    vendor("UserLoggedOut", LoginSession, Activity, Subject::Entity),
    vendor("SupportSessionStarted", LoginSession, Activity, Subject::Entity),
    vendor("UserPasswordChanged", LoginSession, Activity, Subject::Person),
    vendor("UserInvited", MemberManagement, Signal::Security, Subject::Person),
    vendor("UserAccountTypeUpdated", MemberManagement, Signal::Security, Subject::Person),
    vendor("UserDeactivated", MemberManagement, Signal::Security, Subject::Person),
    vendor("UserReactivated", MemberManagement, Signal::Security, Subject::Person),
    vendor("UserGroupCreated", Administration, Signal::Security, Subject::Group),
    vendor("UserGroupDeleted", Administration, Signal::Security, Subject::Group),
    vendor("UserGroupMembershipUpdated", Administration, Signal::Security, Subject::Person),
    vendor("UserGroupApplicationRoleUpdated", Administration, Signal::Security, Subject::Group),
    about("ViewAccessed", ApplicationActions, Activity, View),
    block("ViewCreated", View),
    block("ViewUpdated", View),
    block("ViewDeleted", View),
    block("MetricCreated", Metric),
    block("MetricUpdated", Metric),
    block("MetricDeleted", Metric),
    about("MetricDataChanged", DataOperations, ChangeVolume, Metric),
    block("TableCreated", Table),
    block("TableUpdated", Table),
    block("TableDeleted", Table),
    about("BoardCreated", ApplicationActions, ChangeVolume, Board),
    about("BoardUpdated", ApplicationActions, ChangeVolume, Board),
    about("BoardDeleted", ApplicationActions, ChangeVolume, Board),
    block("DimensionListCreated", DimensionList),
    block("DimensionListUpdated", DimensionList),
    block("DimensionListDeleted", DimensionList),
    about("DimensionDataChanged", DataOperations, ChangeVolume, DimensionList),
    block("TransactionListCreated", TransactionList),
    block("TransactionListUpdated", TransactionList),
    block("TransactionListDeleted", TransactionList),
    about("TransactionListDataChanged", DataOperations, ChangeVolume, TransactionList),
    vendor("APIKeyCreated", Category::Security, Signal::Security, Subject::ApiKey),
    vendor("APIKeyRevoked", Category::Security, Signal::Security, Subject::ApiKey),
    vendor("APIKeyRenamed", Category::Security, Signal::Security, Subject::ApiKey),
    vendor("APIKeyRenewed", Category::Security, Signal::Security, Subject::ApiKey),
    vendor("DataExported", DataOperations, Activity, Subject::Entity),
    vendor("InheritanceSettingsUpdated", Category::Security, Signal::Security, Subject::Application),
    vendor("AccessRightsRuleCreated", Category::Security, Signal::Security, Subject::Application),
    vendor("AccessRightsRuleDeleted", Category::Security, Signal::Security, Subject::Application),
    spelling("DimensionCreated", &["DimensionListCreated"]),
    spelling("DimensionUpdated", &["DimensionListUpdated"]),
    spelling("DimensionDeleted", &["DimensionListDeleted"]),
    alias("MemberInvited", &["UserInvited"], MemberManagement, Signal::Security, Subject::Person),
    alias("MemberDeactivated", &["UserDeactivated"], MemberManagement, Signal::Security, Subject::Person),
    alias("RoleChanged", ROLES, MemberManagement, Signal::Security, Subject::Person),
    alias("ApplicationCreated", &[], ApplicationActions, ChangeVolume, Subject::Application),
    alias("ApplicationDeleted", &[], ApplicationActions, ChangeVolume, Subject::Application),
    alias("ApplicationAccessed", &["ViewAccessed"], ApplicationActions, Activity, Subject::Application),
    alias("BlockCreated", BLOCKS_CREATED, BlockOperations, ChangeVolume, Subject::Entity),
    alias("BlockModified", BLOCKS_UPDATED, BlockOperations, ChangeVolume, Subject::Entity),
    alias("BlockDeleted", BLOCKS_DELETED, BlockOperations, ChangeVolume, Subject::Entity),
    alias("AccessRightsChanged", ACCESS_RIGHTS, Category::Security, Signal::Security, Subject::Application),
    alias("ImportExecuted", DATA_CHANGED, DataOperations, ChangeVolume, Subject::Entity),
    alias("ExportExecuted", &["DataExported"], DataOperations, Activity, Subject::Entity),
    alias("DataModified", DATA_CHANGED, DataOperations, ChangeVolume, Subject::Entity),
    alias("GroupCreated", &["UserGroupCreated"], Administration, Signal::Security, Subject::Group),
    alias("GroupModified", &["UserGroupMembershipUpdated"], Administration, Signal::Security, Subject::Person),
    alias("PermissionsChanged", &["UserGroupApplicationRoleUpdated"], Administration, Signal::Security, Subject::Group),
];

const ROLES: &[&str] = &["UserAccountTypeUpdated", "UserGroupApplicationRoleUpdated"];
const BLOCKS_CREATED: &[&str] = &["MetricCreated", "TableCreated", "DimensionListCreated", "TransactionListCreated"];
const BLOCKS_UPDATED: &[&str] = &["MetricUpdated", "TableUpdated", "DimensionListUpdated", "TransactionListUpdated"];
const BLOCKS_DELETED: &[&str] = &["MetricDeleted", "TableDeleted", "DimensionListDeleted", "TransactionListDeleted"];
const ACCESS_RIGHTS: &[&str] = &["AccessRightsRuleCreated", "AccessRightsRuleDeleted", "InheritanceSettingsUpdated"];
const DATA_CHANGED: &[&str] = &["MetricDataChanged", "DimensionDataChanged", "TransactionListDataChanged"];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const VENDOR: &str = "UserInvited UserAccountTypeUpdated UserDeactivated UserReactivated UserPasswordChanged \
        UserLoggedIn UserLoggedOut SupportSessionStarted UserGroupCreated UserGroupDeleted \
        UserGroupMembershipUpdated UserGroupApplicationRoleUpdated ViewAccessed ViewCreated ViewUpdated ViewDeleted \
        MetricCreated MetricUpdated MetricDeleted MetricDataChanged TableDeleted TableCreated TableUpdated \
        BoardUpdated BoardCreated BoardDeleted DimensionListCreated DimensionListUpdated DimensionListDeleted \
        DimensionDataChanged TransactionListCreated TransactionListDataChanged TransactionListDeleted \
        TransactionListUpdated APIKeyCreated APIKeyRevoked APIKeyRenamed APIKeyRenewed DataExported \
        InheritanceSettingsUpdated AccessRightsRuleCreated AccessRightsRuleDeleted";
    const ALIASES: &str = "MemberInvited MemberDeactivated RoleChanged ApplicationCreated ApplicationDeleted \
        ApplicationAccessed BlockCreated BlockModified BlockDeleted AccessRightsChanged ImportExecuted \
        ExportExecuted DataModified GroupCreated GroupModified PermissionsChanged";

    #[test]
    fn every_vendor_name_is_known_and_no_other_counts_as_one() {
        let expected: HashSet<_> = VENDOR.split_whitespace().collect();
        assert_eq!(expected.len(), 42);
        let known: HashSet<_> =
            ENTRIES.iter().filter(|entry| entry.origin == Origin::Vendor).map(|entry| entry.name).collect();
        assert_eq!(known, expected);
    }

    #[test]
    fn every_name_has_exactly_one_entry_hence_one_category() {
        let names: HashSet<_> = ENTRIES.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), ENTRIES.len());
        assert!(ENTRIES.iter().all(|entry| lookup(entry.name) == Some(entry)));
    }

    #[test]
    fn aliases_lead_to_vendor_names_of_the_same_signal() {
        let aliases: Vec<_> = ALIASES.split_whitespace().collect();
        assert_eq!(aliases.len(), 16);
        for entry in aliases.iter().map(|name| lookup(name).unwrap()) {
            for counterpart in entry.counterparts {
                let target = lookup(counterpart).unwrap();
                assert!(target.origin == Origin::Vendor && target.signal == entry.signal, "{}", entry.name);
            }
            let expected = if entry.counterparts.len() == 1 { entry.counterparts[0] } else { entry.name };
            assert_eq!(entry.canonical, expected);
        }
    }

    #[test]
    fn views_boards_and_exports_sit_where_the_rules_put_them() {
        let place = |name| lookup(name).map(|entry| (entry.category, entry.signal));
        assert_eq!(place("ViewAccessed"), Some((ApplicationActions, Activity)));
        assert_eq!(place("ViewDeleted"), Some((BlockOperations, ChangeVolume)));
        assert_eq!(place("BoardUpdated"), Some((ApplicationActions, ChangeVolume)));
        assert_eq!(place("DataExported"), Some((DataOperations, Activity)));
        assert_eq!(place("SnapshotTaken"), None);
    }

    #[test]
    fn only_update_types_carry_a_change_type() {
        let update = |name| lookup(name).unwrap().is_update();
        assert!(update("MetricUpdated") && update("BlockModified") && update("DimensionUpdated"));
        assert!(!update("APIKeyCreated") && !update("ApplicationCreated"));
    }
}
