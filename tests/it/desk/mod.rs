//! The desk from the street: the real binary, a real directory, and a Pigment behind a real socket.
//!
//! [`person`] sits at the keyboard, with an empty home and a clean environment. [`pigment`] is the simulated
//! API, served by the test so that it can be asked what it saw; its clock stands still unless it is told to
//! move. [`stranger`] answers what no Pigment would. [`tree`] looks at the archive as files.

mod answers;
mod cursors;
mod damage;
mod dates;
mod exits;
mod json;
mod keys;
mod names;
mod person;
mod pigment;
mod secrets;
mod settings;
mod shell;
mod signals;
mod simulate;
mod status;
mod stranger;
mod throttle;
mod tree;
mod years;
