//! How much memory of the bridge an open chat and an idle socket take.

use super::{
    BenchError,
    crowd::Crowd,
    page,
    table::{Table, Target},
};
use crate::bridge::Bridge;

pub(super) async fn measure(
    before: usize,
    more: usize,
    table: &mut Table,
) -> Result<(), BenchError> {
    println!("Measuring how much memory chats and sockets take …");
    let all = before + more;
    let mut crowd = Crowd::gathers(all).await;
    let mut sessions = crowd.chats(0..before).await?;
    let few = resident(&crowd.bridge)?;
    sessions.extend(crowd.chats(before..all).await?);
    let many = resident(&crowd.bridge)?;
    per(table, "memory per open chat", few, many, more, &format!("{before} → {all} chats"));

    let mut sockets = Vec::with_capacity(more);
    for session in &sessions[before..] {
        let mut socket = page::socket(session).await?;
        // The greeting shows that the bridge has the socket in its final state.
        page::frame(&mut socket).await?;
        sockets.push(socket);
    }
    crowd.settles().await?;
    let connected = resident(&crowd.bridge)?;
    per(table, "memory per idle socket", many, connected, more, &format!("0 → {more} sockets"));
    Ok(())
}

fn per(table: &mut Table, what: &str, less: u32, more: u32, count: usize, how: &str) {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let each = (f64::from(more) - f64::from(less)) / f64::from(count);
    let details = format!("{how}, {} → {} MiB resident", less / 1024, more / 1024);
    table.row(what, each, format!("{each:.1} KiB"), Target::None, details);
}

/// The bridge's resident memory in KiB.
fn resident(bridge: &Bridge) -> Result<u32, BenchError> {
    let path = format!("/proc/{}/status", bridge.pid().unwrap_or_default());
    let status = std::fs::read_to_string(path).map_err(BenchError::io("cannot read /proc"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).ok_or_else(|| {
        BenchError::Broken("the system does not tell the bridge's memory".to_owned())
    })
}
