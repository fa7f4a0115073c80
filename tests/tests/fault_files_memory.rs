//! Many large files at once do not take much of the bridge's memory.

use futures_util::{StreamExt as _, future::join_all};
use switchboard::gateway::wire::FeedBody;
use switchboard_tests::{
    customer::random_key,
    scene::Scene,
    wait::{DEADLINE, until},
};

const FILES: usize = 20;
const SIZE: usize = 20 * 1024 * 1024;
/// How much more memory the bridge may need, in kB.
const EXTRA_KB: u64 = 100 * 1024;

/// A line of `/proc/<pid>/status`, in kB.
fn status_kb(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Forgets the most that was ever resident (proc(5), `clear_refs`).
fn reset_peak(pid: u32) {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("it is ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_files_of_twenty_megabytes_each_way_at_once() {
    let scene = Scene::with_anna_alone().await;
    let mut chats = Vec::new();
    for n in 0..FILES {
        chats.push(scene.chat(&format!("Customer {n}"), &scene.anna).await);
    }
    let pid = scene.bridge.pid().unwrap();
    reset_peak(pid);
    let before = status_kb(pid, "VmRSS");
    let file = bytes::Bytes::from(vec![b'a'; SIZE]);

    let keys: Vec<String> = chats.iter().map(|_| random_key()).collect();
    let sent = chats.iter().zip(&keys).map(|(chat, key)| {
        let http = &chat.customer.http;
        // As often as the bridge asks for it.
        async { http.upload(key, "large.txt", file.clone()).await.unwrap() }
    });
    join_all(sent).await;
    let uploads = status_kb(pid, "VmHWM");

    reset_peak(pid);
    let got = chats.iter().zip(&keys).map(|(chat, key)| async {
        let link = chat.customer.http.link(key).await.unwrap();
        let mut parts = chat.customer.http.follows(&link).await.unwrap().bytes_stream();
        let mut length = 0;
        while let Some(part) = parts.next().await {
            length += part.unwrap().len();
        }
        assert_eq!(length, SIZE);
    });
    join_all(got).await;
    let downloads = status_kb(pid, "VmHWM");

    reset_peak(pid);
    for chat in &chats {
        scene.anna.sends_file(&chat.room, "m.file", "large.txt", file.clone());
    }
    let arrived = |chat: &switchboard_tests::scene::Chat| {
        let feed = chat.customer.feed();
        feed.iter().any(|e| matches!(&e.body, FeedBody::Agent { files, .. } if !files.is_empty()))
    };
    until(DEADLINE * 6, || chats.iter().all(arrived)).await;
    let fetched = status_kb(pid, "VmHWM");

    eprintln!(
        "resident before {before} kB; most during uploads {uploads} kB, downloads {downloads} kB, \
         agents' files {fetched} kB"
    );
    for (what, most) in [("uploads", uploads), ("downloads", downloads), ("agents", fetched)] {
        assert!(most < before + EXTRA_KB, "{what}: {before} kB became {most} kB");
    }
}
