//! What goes wrong, and when: fixed by number or drawn from a seed.

use std::collections::BTreeMap;

use crate::sim::entropy::splitmix64;

/// One way for an operation to go wrong; the module's table says what each does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFault {
    /// The process dies before the operation reaches the store.
    CrashBefore,
    /// The process dies after the store applied the operation, the response unseen.
    CrashAfter,
    /// Applied, but the response is lost.
    LostResponse,
    /// Not applied, and nobody can tell.
    UnknownNotApplied,
    /// Unknown now, applied after `after` further operations, or by [`FaultyStore::settle`](super::FaultyStore::settle).
    AppliedLate {
        /// Operations that still come before it.
        after: u64,
    },
    /// A plain failure: not applied.
    Unavailable,
    /// Half of what was asked for.
    TruncatedRead,
}

impl StoreFault {
    /// One of each.
    pub const ALL: [Self; 7] = [
        Self::CrashBefore,
        Self::CrashAfter,
        Self::LostResponse,
        Self::UnknownNotApplied,
        Self::AppliedLate { after: 3 },
        Self::Unavailable,
        Self::TruncatedRead,
    ];

    pub(super) fn kills(self) -> bool {
        matches!(self, Self::CrashBefore | Self::CrashAfter)
    }
}

/// Which operation goes wrong, and how. The same schedule gives the same faults, whatever the timing.
#[derive(Clone, Debug, Default)]
pub struct FaultSchedule {
    fixed: BTreeMap<u64, StoreFault>,
    chance: Option<Chance>,
}

#[derive(Clone, Debug)]
struct Chance {
    seed: u64,
    probability: f64,
    among: Vec<StoreFault>,
}

impl FaultSchedule {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// One fault, at the operation `number`, counted from 0.
    pub fn at(number: u64, fault: StoreFault) -> Self {
        Self::none().and(number, fault)
    }

    /// Adds a fault at a number; it goes before what chance would have chosen there.
    pub fn and(mut self, number: u64, fault: StoreFault) -> Self {
        self.fixed.insert(number, fault);
        self
    }

    /// Each operation goes wrong with `probability` (0 to 1), each fault alike, as the seed decides.
    pub fn random(seed: u64, probability: f64) -> Self {
        let chance = Chance { seed, probability, among: StoreFault::ALL.to_vec() };
        Self { fixed: BTreeMap::new(), chance: Some(chance) }
    }

    /// Draws only `faults`; without effect where nothing is left to chance.
    pub fn among(mut self, faults: &[StoreFault]) -> Self {
        if let Some(chance) = &mut self.chance {
            chance.among = faults.to_vec();
        }
        self
    }

    /// What happens to the operation `number`.
    pub fn fault_at(&self, number: u64) -> Option<StoreFault> {
        self.fixed.get(&number).copied().or_else(|| self.chance.as_ref()?.draw(number))
    }
}

impl From<BTreeMap<u64, StoreFault>> for FaultSchedule {
    fn from(fixed: BTreeMap<u64, StoreFault>) -> Self {
        Self { fixed, chance: None }
    }
}

impl Chance {
    fn draw(&self, number: u64) -> Option<StoreFault> {
        let whether = splitmix64(splitmix64(self.seed) ^ number);
        let fraction = (whether >> 11) as f64 / (1_u64 << 53) as f64;
        let which = splitmix64(whether).checked_rem(self.among.len() as u64)?;
        (fraction < self.probability).then(|| self.among.get(usize::try_from(which).ok()?).copied())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_fault_goes_before_chance() {
        let schedule = FaultSchedule::random(1, 1.0).among(&[StoreFault::Unavailable]).and(5, StoreFault::CrashBefore);
        assert_eq!(schedule.fault_at(4), Some(StoreFault::Unavailable));
        assert_eq!(schedule.fault_at(5), Some(StoreFault::CrashBefore));
    }

    #[test]
    fn chance_keeps_its_probability_and_draws_every_fault() {
        let drawn = |probability| {
            let schedule = FaultSchedule::random(42, probability);
            (0..7000).filter_map(|number| schedule.fault_at(number)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(0.0), []);
        assert_eq!(drawn(1.0).len(), 7000);
        assert!((600..800).contains(&drawn(0.1).len()));
        assert!(StoreFault::ALL.iter().all(|fault| drawn(0.1).contains(fault)));
    }

    #[test]
    fn nothing_to_draw_from_is_no_fault() {
        assert_eq!(FaultSchedule::random(1, 1.0).among(&[]).fault_at(0), None);
    }
}
