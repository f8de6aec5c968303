//! The world in a box: Pigment's API, a company that uses it, stores that fail on purpose, a clock that
//! obeys, chance that repeats itself. For tests, `demo` and `simulate`; nothing else may name it.

pub mod api;
pub mod clock;
pub mod entropy;
pub mod faulty_store;
pub mod memory_store;
pub mod server;
pub mod source;
pub mod store_laws;
pub mod workload;
