//! The benchmark, as `cargo xtask bench` starts it.
//!
//! Times by themselves say nothing on a machine that others use too. So every row is a rate, or a
//! ratio to what the homeserver alone takes for the same, measured in turns in the same run.

mod crowd;
mod error;
mod latency;
mod load;
mod memory;
mod page;
mod person;
mod scene;
mod start;
mod table;

use clap::ValueEnum;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

pub use error::BenchError;
use table::Table;

/// What the benchmark is asked to do.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    /// Fewer samples: to see that it works, not to trust its numbers
    #[arg(long)]
    pub quick: bool,
    /// Only these parts
    #[arg(long, value_enum)]
    pub only: Vec<Part>,
}

/// The parts of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// How long messages take, over a real Synapse
    Latency,
    /// How long the beginning of a chat takes, over a real Synapse
    Start,
    /// How many messages go through, over a fake homeserver
    Load,
    /// How much memory chats and sockets take, over a fake homeserver
    Memory,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Amounts {
    /// Messages of each kind.
    messages: usize,
    /// Beginnings of chats of each kind.
    starts: usize,
    /// Chats that talk at once.
    talking: usize,
    /// Messages of each of them, each way.
    said: usize,
    /// Chats that are opened to be weighed.
    weighed: usize,
}

impl Options {
    fn amounts(&self) -> Amounts {
        if self.quick {
            Amounts { messages: 20, starts: 5, talking: 200, said: 15, weighed: 500 }
        } else {
            Amounts { messages: 250, starts: 40, talking: 200, said: 150, weighed: 2000 }
        }
    }

    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// Measures and prints the table.
pub async fn run(options: Options) -> Result<(), BenchError> {
    raise_file_limit();
    let amounts = options.amounts();
    let mut table = Table::default();
    if options.wants(Part::Latency) || options.wants(Part::Start) {
        let scene = scene::Scene::begins().await?;
        // One follower for all of it: a second one would be told of old invites again.
        let mut anna = scene.anna.follows().await?;
        if options.wants(Part::Latency) {
            latency::measure(&scene, &mut anna, amounts.messages, &mut table).await?;
        }
        if options.wants(Part::Start) {
            start::measure(&scene, &mut anna, amounts.starts, &mut table).await?;
        }
        scene.ends().await?;
    }
    if options.wants(Part::Load) {
        load::measure(amounts.talking, amounts.said, &mut table).await?;
    }
    if options.wants(Part::Memory) {
        memory::measure(amounts.talking, amounts.weighed, &mut table).await?;
    }
    println!("\n{table}");
    Ok(())
}

/// Thousands of sockets need as many file descriptors, here and in the bridge, which inherits the
/// limit. Where more are not permitted, opening sockets will fail and say so.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}
