//! The types of events a company causes, how often, and the shape of their payloads.

/// One type of event.
#[derive(Debug)]
pub(super) struct EventType {
    pub(super) name: &'static str,
    /// The name the agent skill gives to the same thing (C19); the vendor's where it has none.
    pub(super) skill: &'static str,
    pub(super) shape: Shape,
    /// How many of about 10,000 single events are of this type.
    weight: u64,
}

/// What the payload holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Documented to have none: absent, null or empty (E30).
    Nothing,
    /// A member by id, name and address.
    Member,
    AccountType,
    Group,
    Membership,
    GroupRole,
    ViewAccess,
    View,
    ViewUpdate,
    Metric,
    MetricUpdate,
    /// Table, dimension or transaction list.
    Block(&'static str),
    BlockUpdate(&'static str),
    /// Documented with the payload of a deleted table (C25, E42).
    TransactionListDeletion,
    Board,
    Key,
    Export,
    Inheritance,
    AccessRule,
    /// An alias of the skill's in a vendor envelope.
    Application,
    /// Like the snapshot event that newer documentation hints at (E27).
    Snapshot,
    /// A type nobody has documented.
    Undocumented,
}

const fn kind(name: &'static str, skill: &'static str, shape: Shape, weight: u64) -> EventType {
    EventType { name, skill, shape, weight }
}

const TABLE: &str = "Table";
const DIMENSION: &str = "Dimension";
const TRANSACTIONS: &str = "TransactionList";

/// The 42 documented types, the frequent ones first.
static VENDOR: [EventType; 42] = [
    kind("ViewAccessed", "ApplicationAccessed", Shape::ViewAccess, 5_350),
    kind("UserLoggedIn", "UserLoggedIn", Shape::Nothing, 900),
    kind("MetricDataChanged", "DataModified", Shape::Metric, 800),
    kind("MetricUpdated", "BlockModified", Shape::MetricUpdate, 500),
    kind("UserLoggedOut", "UserLoggedOut", Shape::Nothing, 350),
    kind("DimensionDataChanged", "DataModified", Shape::Block(DIMENSION), 250),
    kind("TransactionListDataChanged", "DataModified", Shape::Block(TRANSACTIONS), 220),
    kind("ViewUpdated", "ViewUpdated", Shape::ViewUpdate, 220),
    kind("BoardUpdated", "BoardUpdated", Shape::Board, 180),
    kind("DataExported", "ExportExecuted", Shape::Export, 150),
    kind("UserInvited", "MemberInvited", Shape::Member, 32),
    kind("UserAccountTypeUpdated", "RoleChanged", Shape::AccountType, 32),
    kind("UserDeactivated", "MemberDeactivated", Shape::Member, 32),
    kind("UserReactivated", "UserReactivated", Shape::Member, 32),
    kind("UserPasswordChanged", "UserPasswordChanged", Shape::Member, 32),
    kind("SupportSessionStarted", "SupportSessionStarted", Shape::Nothing, 32),
    kind("UserGroupCreated", "GroupCreated", Shape::Group, 32),
    kind("UserGroupDeleted", "UserGroupDeleted", Shape::Group, 32),
    kind("UserGroupMembershipUpdated", "GroupModified", Shape::Membership, 32),
    kind("UserGroupApplicationRoleUpdated", "PermissionsChanged", Shape::GroupRole, 32),
    kind("ViewCreated", "ViewCreated", Shape::View, 32),
    kind("ViewDeleted", "ViewDeleted", Shape::View, 32),
    kind("MetricCreated", "BlockCreated", Shape::Metric, 32),
    kind("MetricDeleted", "BlockDeleted", Shape::Metric, 32),
    kind("TableDeleted", "BlockDeleted", Shape::Block(TABLE), 32),
    kind("TableCreated", "BlockCreated", Shape::Block(TABLE), 32),
    kind("TableUpdated", "BlockModified", Shape::BlockUpdate(TABLE), 32),
    kind("BoardCreated", "BoardCreated", Shape::Board, 32),
    kind("BoardDeleted", "BoardDeleted", Shape::Board, 32),
    kind("DimensionListCreated", "BlockCreated", Shape::Block(DIMENSION), 32),
    kind("DimensionListUpdated", "BlockModified", Shape::BlockUpdate(DIMENSION), 32),
    kind("DimensionListDeleted", "BlockDeleted", Shape::Block(DIMENSION), 32),
    kind("TransactionListCreated", "BlockCreated", Shape::Block(TRANSACTIONS), 32),
    kind("TransactionListDeleted", "BlockDeleted", Shape::TransactionListDeletion, 32),
    kind("TransactionListUpdated", "BlockModified", Shape::BlockUpdate(TRANSACTIONS), 32),
    kind("APIKeyCreated", "APIKeyCreated", Shape::Key, 32),
    kind("APIKeyRevoked", "APIKeyRevoked", Shape::Key, 32),
    kind("APIKeyRenamed", "APIKeyRenamed", Shape::Key, 32),
    kind("APIKeyRenewed", "APIKeyRenewed", Shape::Key, 32),
    kind("InheritanceSettingsUpdated", "AccessRightsChanged", Shape::Inheritance, 32),
    kind("AccessRightsRuleCreated", "AccessRightsChanged", Shape::AccessRule, 32),
    kind("AccessRightsRuleDeleted", "AccessRightsChanged", Shape::AccessRule, 32),
];

/// Names the skill gives, the vendor's own second spelling, and types that no document lists; about one
/// event in 200 together.
static OTHERS: [EventType; 22] = [
    kind("MemberInvited", "MemberInvited", Shape::Member, 2),
    kind("MemberDeactivated", "MemberDeactivated", Shape::Member, 2),
    kind("RoleChanged", "RoleChanged", Shape::AccountType, 2),
    kind("ApplicationCreated", "ApplicationCreated", Shape::Application, 2),
    kind("ApplicationDeleted", "ApplicationDeleted", Shape::Application, 2),
    kind("ApplicationAccessed", "ApplicationAccessed", Shape::Application, 2),
    kind("BlockCreated", "BlockCreated", Shape::Block(TABLE), 2),
    kind("BlockModified", "BlockModified", Shape::BlockUpdate(DIMENSION), 2),
    kind("BlockDeleted", "BlockDeleted", Shape::Block(TRANSACTIONS), 2),
    kind("AccessRightsChanged", "AccessRightsChanged", Shape::AccessRule, 2),
    kind("ImportExecuted", "ImportExecuted", Shape::Metric, 2),
    kind("ExportExecuted", "ExportExecuted", Shape::Export, 2),
    kind("DataModified", "DataModified", Shape::Metric, 2),
    kind("GroupCreated", "GroupCreated", Shape::Group, 2),
    kind("GroupModified", "GroupModified", Shape::Membership, 2),
    kind("PermissionsChanged", "PermissionsChanged", Shape::GroupRole, 2),
    kind("DimensionCreated", "BlockCreated", Shape::Block(DIMENSION), 4),
    kind("DimensionUpdated", "BlockModified", Shape::BlockUpdate(DIMENSION), 2),
    kind("SnapshotCreated", "SnapshotCreated", Shape::Snapshot, 8),
    kind("UserLoginFailed", "UserLoginFailed", Shape::Nothing, 3),
    kind("ScenarioCreated", "ScenarioCreated", Shape::Undocumented, 3),
    kind("CommentAdded", "CommentAdded", Shape::Undocumented, 3),
];

/// The type a single event has, drawn from these bits.
pub(super) fn draw(bits: u64) -> &'static EventType {
    static TOTAL: std::sync::LazyLock<u64> =
        std::sync::LazyLock::new(|| VENDOR.iter().chain(&OTHERS).map(|kind| kind.weight).sum());
    let mut rest = bits % *TOTAL;
    for kind in VENDOR.iter().chain(&OTHERS) {
        if rest < kind.weight {
            return kind;
        }
        rest -= kind.weight;
    }
    &VENDOR[0]
}

/// The documented type of this name.
pub(super) fn named(name: &str) -> &'static EventType {
    VENDOR.iter().find(|kind| kind.name == name).unwrap_or(&VENDOR[0])
}

/// The 42 event types that the vendor documents.
pub fn vendor_names() -> impl Iterator<Item = &'static str> {
    VENDOR.iter().map(|kind| kind.name)
}

/// The 16 names that only the agent skill uses (C19).
pub fn skill_names() -> impl Iterator<Item = &'static str> {
    OTHERS.iter().take(16).map(|kind| kind.name)
}
