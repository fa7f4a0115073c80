//! A fake homeserver and the bridge, for the browser tests that need very many rooms.
#![recursion_limit = "256"]

#[tokio::main]
async fn main() {
    switchboard_tests::stage::play().await;
}
