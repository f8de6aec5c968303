//! Ochre from outside, one file for each verb: real formats and real logic over simulated doors.
//!
//! The desk is tested with the real binary over real sockets; everything else in process, where a year
//! takes a moment and every failure can be replayed by its seed.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on stops, and says where"
)]

mod backfill;
mod crash;
mod desk;
mod golden;
mod init;
mod publish;
mod store;
mod sync;
mod verify;
mod world;
mod worlds;
