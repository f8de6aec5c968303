//! The front door: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(ochre::cli::run()),
        Err(_) => ExitCode::FAILURE,
    }
}
