//! The demo as the browser tests use it: a line of JSON first, then one command per line of
//! standard input, each answered by a line of JSON.

use serde_json::json;

use super::{DemoError, stack::Stack};
use crate::stage::lines;

/// Obeys commands until told to stop, or until standard input ends.
pub(super) async fn serve(
    stack: &mut Stack,
    told_to_stop: impl Future<Output = ()>,
) -> Result<(), DemoError> {
    println!("{}", json!(stack.addresses()));
    let mut lines = lines();
    tokio::pin!(told_to_stop);
    loop {
        let line = tokio::select! {
            line = lines.recv() => line,
            died = stack.watch() => return Err(died),
            () = &mut told_to_stop => return Ok(()),
        };
        let Some(line) = line else { return Ok(()) };
        let result = obey(stack, line.trim()).await;
        let error = result.err().map(|error| error.to_string());
        println!("{}", json!({ "command": line, "error": error }));
    }
}

async fn obey(stack: &mut Stack, command: &str) -> Result<(), DemoError> {
    match command {
        "kill bridge" => stack.bridge.kill9().await,
        "start bridge" => stack.bridge.start().await,
        "restart homeserver" => Ok(stack.synapse.restart().await?),
        other => Err(DemoError::Conversation(format!("there is no command {other:?}"))),
    }
}
