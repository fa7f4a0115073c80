//! The demo, as `cargo xtask demo` starts it.
#![recursion_limit = "256"]

use std::process::ExitCode;

use clap::Parser;
use switchboard_tests::demo::{self, Options};

#[derive(Parser)]
#[command(name = "switchboard-demo", about = "Everything on this machine, to try it out")]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    match demo::run(Arguments::parse().options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
