//! A store that fails on schedule. The object store is the fault plane of every simulation.
//!
//! Every call is an operation with a number, counted from 0; in a batch every object is one, so a crash
//! can fall between any two of them. A [`FaultSchedule`] says what goes wrong at which number. What each
//! fault does:
//!
//! | fault | to a write | to a read, stat or list |
//! |---|---|---|
//! | `CrashBefore` | not applied; the process is dead | the process is dead |
//! | `CrashAfter` | applied; the process is dead | the process is dead |
//! | `LostResponse` | applied; unknown | unavailable |
//! | `UnknownNotApplied` | not applied; unknown | unavailable |
//! | `AppliedLate` | unknown; applied later, if still possible | unavailable |
//! | `Unavailable` | not applied; unavailable | unavailable |
//! | `TruncatedRead` | nothing | half the body; half the listing, then unavailable |
//!
//! The three kinds of *unknown* look alike to the caller. A replace has no such outcome: it is told
//! "unavailable" instead. A dead process gets nothing but errors, so that the code under test stops; to
//! recover, put a new `FaultyStore` around the same store. What was under way when the process died is
//! applied by [`FaultyStore::settle`]: a stalled write that wakes hours later.

mod schedule;
mod store;

pub use schedule::{FaultSchedule, StoreFault};
pub use store::{FaultyStore, Operation, OperationKind};
