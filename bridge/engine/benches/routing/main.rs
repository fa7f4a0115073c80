//! What the rules cost: how many inputs a core handles in a second in a large contact centre, and
//! whether an input costs more when more chats wait.
//!
//! A [`Office`](office::Office) plays a working day once and writes the inputs down; what is measured
//! is an engine that handles them again.

mod office;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use switchboard_engine::{Engine, Input, Time};

use self::office::{Office, Size};

fn replay(engine: &mut Engine, inputs: Vec<(Time, Input)>) {
    for (now, input) in inputs {
        std::hint::black_box(engine.handle(now, input));
    }
}

fn measure(criterion: &mut Criterion, group: &str, name: BenchmarkId, size: Size, count: usize) {
    let mut office = Office::open(size);
    office.work(40_000);
    let (engine, inputs) = office.record(count);
    let mut group = criterion.benchmark_group(group);
    group.sample_size(20);
    group.throughput(Throughput::Elements(inputs.len() as u64));
    group.bench_function(name, |bencher| {
        bencher.iter_batched(
            || (engine.clone(), inputs.clone()),
            |(mut engine, inputs)| {
                replay(&mut engine, inputs);
                engine
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let size = Size { queues: 50, agents: 500, capacity: 6, chats: 5_000 };
    measure(
        &mut criterion,
        "a large contact centre",
        BenchmarkId::from_parameter("inputs"),
        size,
        50_000,
    );
    // Few agents, so that nearly every chat waits.
    for waiting in [100, 1_000, 10_000] {
        let size = Size { queues: 5, agents: 20, capacity: 2, chats: waiting };
        let name = BenchmarkId::from_parameter(waiting);
        measure(&mut criterion, "with so many waiting chats", name, size, 10_000);
    }
    criterion.final_summary();
}
