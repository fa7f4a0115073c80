//! The benchmark, as `cargo xtask bench` starts it.
#![recursion_limit = "256"]

use std::process::ExitCode;

use clap::Parser;
use switchboard_tests::bench::{self, Options};

#[derive(Parser)]
#[command(name = "switchboard-bench", about = "How fast the bridge is, and how much it takes")]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    match bench::run(Arguments::parse().options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
