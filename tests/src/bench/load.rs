//! How many durable messages go through each way, over a fake homeserver.

use std::{sync::Arc, time::Instant};

use switchboard::gateway::wire::{FeedBody, ServerFrame};
use tokio::{
    sync::Barrier,
    task::{JoinError, JoinSet},
};

use super::{
    BenchError,
    crowd::{Crowd, LONG},
    error::within,
    page,
    table::{Table, Target},
};
use crate::customer::{Socket, agent_text};

/// Messages per second, each way.
const TARGET: Target = Target::AtLeast(2000.0);
/// How many messages of one customer may wait for their ✓ at once.
const WINDOW: usize = 8;
/// How many messages of each customer do not count.
const WARM_UP: usize = 3;

pub(super) async fn measure(
    customers: usize,
    said: usize,
    table: &mut Table,
) -> Result<(), BenchError> {
    println!("Measuring how many messages go through …");
    let mut crowd = Crowd::gathers(customers).await;
    let sessions = crowd.chats(0..customers).await?;
    let rooms = crowd.rooms(customers)?;
    let mut sockets = Vec::new();
    for session in &sessions {
        sockets.push(page::socket(session).await?);
    }
    let mut warm_ups = 0;
    while warm_ups == 0 || !crowd.is_settled_in() {
        let text = format!("warm-up {warm_ups}");
        (sockets, _) = customers_speak(&crowd, sockets, &rooms, &text, WARM_UP).await?;
        crowd.settles().await?;
        warm_ups += 1;
    }
    let (sockets, rate) = customers_speak(&crowd, sockets, &rooms, "question", said).await?;
    let total = customers * said;
    let details = format!("{customers} chats, {total} messages, in the room and with ✓");
    table.row("customers → rooms", rate, format!("{rate:.0} /s"), TARGET, details);
    crowd.settles().await?;

    let (sockets, _) = agents_speak(sockets, &rooms, "warm", WARM_UP).await?;
    crowd.settles().await?;
    let (_, rate) = agents_speak(sockets, &rooms, "answer", said).await?;
    let details = format!("{customers} chats, {total} messages, on the customers' sockets");
    table.row("agents → customers", rate, format!("{rate:.0} /s"), TARGET, details);
    crowd.settles().await?;
    Ok(())
}

type Rooms = [(String, crate::fake::Agent)];

/// All customers write as fast as they are let, until all of it is in the rooms and has its ✓.
async fn customers_speak(
    crowd: &Crowd,
    sockets: Vec<Socket>,
    rooms: &Rooms,
    text: &str,
    said: usize,
) -> Result<(Vec<Socket>, f64), BenchError> {
    let texts = Arc::new(numbered(text, said));
    let (begun, speaking) = together(sockets, |mut socket| {
        let texts = Arc::clone(&texts);
        async move {
            let (mut sent, mut accepted) = (0, 0);
            while accepted < texts.len() {
                while sent < texts.len() && sent < accepted + WINDOW {
                    page::say(&mut socket, texts[sent].clone()).await?;
                    sent += 1;
                }
                if matches!(page::frame(&mut socket).await?, ServerFrame::Accepted { .. }) {
                    accepted += 1;
                }
            }
            Ok(socket)
        }
    })
    .await;
    let sockets = finish(speaking).await?;
    // Each customer's messages stay in order, so the last one is enough.
    let last = &texts[said - 1];
    for (room, agent) in rooms {
        agent.sees_text(room, last, LONG).await;
    }
    let rate = per_second(rooms.len() * said, begun);
    for (room, _) in rooms {
        let all = crowd.hs.customer_texts(room);
        if all.get(all.len() - said..) != Some(&texts[..]) {
            return Err(BenchError::Broken(format!("not what was said: {all:?}")));
        }
    }
    Ok((sockets, rate))
}

/// Agents write in all rooms, until all of it is on the customers' sockets.
async fn agents_speak(
    sockets: Vec<Socket>,
    rooms: &Rooms,
    text: &str,
    said: usize,
) -> Result<(Vec<Socket>, f64), BenchError> {
    let texts = Arc::new(numbered(text, said));
    let (begun, listening) = together(sockets, |mut socket| {
        let texts = Arc::clone(&texts);
        async move {
            let mut seen = 0;
            while seen < texts.len() {
                if let ServerFrame::Entry(entry) = page::frame(&mut socket).await?
                    && matches!(entry.body, FeedBody::Agent { .. })
                {
                    if agent_text(&entry).as_ref() != Some(&texts[seen]) {
                        return Err(BenchError::Broken(format!("not what was said: {entry:?}")));
                    }
                    seen += 1;
                }
            }
            Ok(socket)
        }
    })
    .await;
    for text in texts.iter() {
        for (room, agent) in rooms {
            agent.says(room, text);
        }
        // Everything else shares the threads.
        tokio::task::yield_now().await;
    }
    let sockets = finish(listening).await?;
    Ok((sockets, per_second(rooms.len() * said, begun)))
}

/// Starts something on all sockets at the same moment, which it gives.
async fn together<F>(
    sockets: Vec<Socket>,
    work: impl Fn(Socket) -> F,
) -> (Instant, JoinSet<F::Output>)
where
    F: Future<Output: Send> + Send + 'static,
{
    let ready = Arc::new(Barrier::new(sockets.len() + 1));
    let mut tasks = JoinSet::new();
    for socket in sockets {
        let (ready, work) = (Arc::clone(&ready), work(socket));
        tasks.spawn(async move {
            ready.wait().await;
            work.await
        });
    }
    ready.wait().await;
    (Instant::now(), tasks)
}

async fn finish(mut tasks: JoinSet<Result<Socket, BenchError>>) -> Result<Vec<Socket>, BenchError> {
    let mut sockets = Vec::with_capacity(tasks.len());
    let all = async {
        while let Some(ended) = tasks.join_next().await {
            sockets.push(ended.map_err(|error: JoinError| BenchError::Broken(error.to_string()))??);
        }
        Ok::<_, BenchError>(())
    };
    within("end", LONG, all).await??;
    Ok(sockets)
}

/// Texts that can be told apart.
/// Texts as long as people's are.
fn numbered(text: &str, count: usize) -> Vec<String> {
    const REST: &str = "my parcel should have come on Tuesday, and the tracking page has said the same thing ever since; could you please have a look?";
    (0..count).map(|n| format!("{text} {n}: {REST}")).collect()
}

fn per_second(count: usize, begun: Instant) -> f64 {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    f64::from(count) / begun.elapsed().as_secs_f64()
}
