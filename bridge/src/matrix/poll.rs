//! Polls as clients send them: `org.matrix.msc3381.poll.start`, and the stable `m.poll.start` (spec:
//! MSC3381; the texts in them: MSC1767).

use serde_json::{Map, Value};

use super::event::RoomEvent;

/// A poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// What is asked.
    pub question: String,
    /// Its answers: the id that a response names, and the text.
    pub answers: Vec<(String, String)>,
    /// How many can be chosen, as its author wants it.
    pub most: u64,
    /// Whether it is of the stable form, so that responses have to be too.
    pub stable: bool,
}

/// The poll that an event begins or, if it is an edit, that it makes of an earlier one.
#[must_use]
pub fn read(event: &RoomEvent) -> Option<Poll> {
    let content = match edited(event) {
        Some(_) => event.content.get("m.new_content")?.as_object()?,
        None => &event.content,
    };
    let (stable, poll) =
        [(false, "org.matrix.msc3381.poll.start"), (true, "m.poll")]
            .into_iter()
            .find_map(|(stable, key)| Some((stable, content.get(key)?.as_object()?)))?;
    let question = text(poll.get("question")?.as_object()?)?;
    let answers = poll.get("answers")?.as_array()?.iter().map(|answer| {
        let answer = answer.as_object()?;
        let id = answer.get("id").or_else(|| answer.get("m.id"))?.as_str()?;
        Some((id.to_owned(), text(answer)?))
    });
    let most = poll.get("max_selections").and_then(Value::as_u64).unwrap_or(1);
    Some(Poll { question, answers: answers.collect::<Option<_>>()?, most, stable })
}

/// The poll that an event changes.
#[must_use]
pub fn edited(event: &RoomEvent) -> Option<&str> {
    let edits = event.text(&["m.relates_to", "rel_type"]) == Some("m.replace");
    edits.then(|| event.text(&["m.relates_to", "event_id"])).flatten()
}

/// The plain text of a question or an answer.
fn text(of: &Map<String, Value>) -> Option<String> {
    if let Some(text) = of.get("org.matrix.msc1767.text").and_then(Value::as_str) {
        return Some(text.to_owned());
    }
    let parts = of.get("m.text")?.as_array()?;
    let is_plain =
        |part: &&Value| part.get("mimetype").is_none_or(|mime| mime.as_str() == Some("text/plain"));
    Some(parts.iter().find(is_plain)?.get("body")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str, content: &Value) -> RoomEvent {
        let event = json!({
            "type": kind, "event_id": "$poll", "room_id": "!room:localhost",
            "sender": "@anna:localhost", "origin_server_ts": 1, "content": content,
        });
        crate::matrix::event::read(event.to_string().as_bytes()).expect("an event")
    }

    fn expected(stable: bool) -> Poll {
        let answers = [("1", "Basic"), ("2", "Pro")];
        let answers = answers.map(|(id, text)| (id.to_owned(), text.to_owned())).to_vec();
        Poll { question: "Which plan?".to_owned(), answers, most: 1, stable }
    }

    fn unstable() -> Value {
        json!({ "org.matrix.msc3381.poll.start": {
            "question": { "org.matrix.msc1767.text": "Which plan?" },
            "kind": "org.matrix.msc3381.poll.disclosed",
            "max_selections": 1,
            "answers": [
                { "id": "1", "org.matrix.msc1767.text": "Basic" },
                { "id": "2", "org.matrix.msc1767.text": "Pro" },
            ],
        }})
    }

    #[test]
    fn both_forms_of_polls_are_read() {
        let begun = event("org.matrix.msc3381.poll.start", &unstable());
        assert_eq!((read(&begun), edited(&begun)), (Some(expected(false)), None));
        let html = json!({ "body": "<b>Which</b>", "mimetype": "text/html" });
        let stable = json!({ "m.poll": {
            "question": { "m.text": [html, { "body": "Which plan?" }] },
            "answers": [
                { "m.id": "1", "m.text": [{ "body": "Basic" }] },
                { "m.id": "2", "m.text": [{ "body": "Pro", "mimetype": "text/plain" }] },
            ],
        }});
        assert_eq!(read(&event("m.poll.start", &stable)), Some(expected(true)));
    }

    #[test]
    fn an_edit_is_read_from_its_new_content() {
        let edit = json!({
            "m.new_content": unstable(),
            "m.relates_to": { "rel_type": "m.replace", "event_id": "$before" },
        });
        let edit = event("org.matrix.msc3381.poll.start", &edit);
        assert_eq!((read(&edit), edited(&edit)), (Some(expected(false)), Some("$before")));
    }

    #[test]
    fn what_is_no_poll_is_none() {
        let mut without_id = unstable();
        without_id["org.matrix.msc3381.poll.start"]["answers"][0] = json!({});
        for content in [json!({}), json!({ "m.poll": 1 }), json!({ "m.poll": {} }), without_id] {
            assert_eq!(read(&event("m.poll.start", &content)), None, "{content}");
        }
    }
}
