//! Acts: what one actor did at one moment, as one or several events.

use std::time::Duration;

use super::catalogue::{self, EventType};
use super::chance::{Chance, mix};

/// One act. Its number has 60 bits; the lower four of an event's seed count its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Act(u64);

/// What kind of act it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scene {
    /// One event of any type.
    Single,
    /// A new block and, beside it, its first view (E36).
    BlockCreation,
    /// One edit that shows as several updates of a view (E37).
    ViewEdits,
    /// An import through the API (C13, E33).
    Import,
    /// Pigment's support starts a session and looks around (E32).
    SupportSession,
    /// One access rule for several metrics (E41).
    AccessRules,
    /// Name and expiry of a key edited in one go (C40).
    KeyEdit,
    /// Accounts switched by the directory service (E34).
    Provisioning,
}

const MASK: u64 = (1 << 60) - 1;

/// A bijection on 60 bits: different acts get different numbers.
const fn scatter(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9) & MASK;
    let bits = (bits ^ (bits >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) & MASK;
    bits ^ (bits >> 32)
}

impl Act {
    /// The act with this running number in the workload of this seed.
    pub(super) const fn numbered(seed: u64, number: u64) -> Self {
        Self(scatter((number ^ mix(seed)) & MASK))
    }

    /// The act that an event's seed belongs to.
    pub(super) const fn of(event_seed: u64) -> Self {
        Self(event_seed >> 4)
    }

    /// The seed of one of its events.
    pub(super) const fn part_seed(self, part: u64) -> u64 {
        self.0 << 4 | part
    }

    /// The chance that everything common to the act is drawn from.
    pub(super) const fn chance(self) -> Chance {
        Chance::new(mix(self.0 ^ 0x5eed_ac75))
    }

    pub(super) const fn scene(self) -> Scene {
        match mix(self.0) % 1_000 {
            0..12 => Scene::BlockCreation,
            12..22 => Scene::ViewEdits,
            22..30 => Scene::Import,
            30..32 => Scene::SupportSession,
            32..35 => Scene::AccessRules,
            35..37 => Scene::KeyEdit,
            37..39 => Scene::Provisioning,
            _ => Scene::Single,
        }
    }

    /// How many events it consists of: 1 to 13.
    pub(super) const fn parts(self) -> u64 {
        let extra = mix(self.0 ^ 1);
        match self.scene() {
            Scene::Single => 1,
            Scene::BlockCreation | Scene::KeyEdit => 2,
            Scene::ViewEdits | Scene::Provisioning => 2 + extra % 3,
            Scene::Import => 3 + extra % 10,
            Scene::SupportSession => 2 + extra % 5,
            Scene::AccessRules => 2 + extra % 4,
        }
    }

    /// How long the stream took between this event of the act and the one before. Often not at all (E2).
    pub(super) const fn pause(self, chance: &mut Chance) -> Duration {
        match self.scene() {
            Scene::Single => Duration::ZERO,
            Scene::SupportSession => Duration::from_secs(20 + chance.below(600)),
            _ if !mix(self.0 ^ 2).is_multiple_of(3) => Duration::ZERO,
            _ => Duration::from_nanos(100 * chance.below(200_000)),
        }
    }

    /// The type of one of its events. Aliases and unknown types come as single events only.
    pub(super) fn event_type(self, part: u64) -> &'static EventType {
        let mut chance = self.chance();
        let name = match (self.scene(), part) {
            (Scene::Single, _) => return catalogue::draw(mix(self.0 ^ 3)),
            (Scene::BlockCreation, 0) => {
                chance.pick(&["MetricCreated", "TableCreated", "DimensionListCreated", "TransactionListCreated"])
            }
            (Scene::BlockCreation, _) => "ViewCreated",
            (Scene::ViewEdits, _) => "ViewUpdated",
            (Scene::Import, _) => {
                chance.pick(&["MetricDataChanged", "DimensionDataChanged", "TransactionListDataChanged"])
            }
            (Scene::SupportSession, 0) => "SupportSessionStarted",
            (Scene::SupportSession, part) => {
                ["ViewAccessed", "MetricUpdated", "ViewAccessed", "BoardUpdated"][(mix(self.0 ^ part) % 4) as usize]
            }
            (Scene::AccessRules, _) => chance.pick(&["AccessRightsRuleCreated", "AccessRightsRuleDeleted"]),
            (Scene::KeyEdit, 0) => "APIKeyRenamed",
            (Scene::KeyEdit, _) => "APIKeyRenewed",
            (Scene::Provisioning, _) => chance.pick(&["UserDeactivated", "UserReactivated"]),
        };
        catalogue::named(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_acts_have_different_numbers() {
        let mut seen: Vec<u64> = (0..200_000).map(|number| Act::numbered(42, number).0).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 200_000);
    }

    #[test]
    fn parts_fit_into_four_bits_and_lead_back_to_their_act() {
        for number in 0..20_000 {
            let act = Act::numbered(1, number);
            assert!((1..16).contains(&act.parts()));
            assert_eq!(Act::of(act.part_seed(act.parts() - 1)), act);
        }
    }
}
