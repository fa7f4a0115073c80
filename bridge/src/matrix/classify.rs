//! Whether an agent's message is for the customer. Decided once, here, before anything else.
//!
//! Commands and answers to the bot must never reach a customer, in whatever disguise: behind white
//! space or invisible characters, in a reply's own text, in formatted text, in an emote.

#[cfg(test)]
mod tests;

use switchboard_centre::commands;

use super::event::RoomEvent;

/// The longest message that is relayed, in bytes of its plain and its formatted text together. No
/// homeserver takes an event of more than this (spec: size limits), so nothing that an agent could
/// write is longer; what is would be more than a page can be asked to show.
pub const MAX_TEXT_BYTES: usize = 65_536;

/// What an agent's message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// For the customer.
    ForCustomer {
        /// Plain text, without the reply fallback.
        text: String,
        /// Formatted text, without the reply fallback.
        html: Option<String>,
    },
    /// Changes what a message of before says; for the customer if that message was.
    Edit {
        /// The event that is changed.
        target: String,
        /// The new plain text, without the reply fallback.
        text: String,
        /// The new formatted text, without the reply fallback.
        html: Option<String>,
    },
    /// A file for the customer.
    File(AgentFile),
    /// For the bot: the text after the `!`, cleaned.
    Command(String),
    /// For nobody: not relayed, and the agent is told why.
    NotRelayed(Why),
    /// For nobody, and nobody needs to be told.
    Silent,
}

/// Why a message is not relayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It looks like a client's command (`/end`).
    SlashCommand,
    /// It is a file in a form that is not carried: a sticker, or one without an address.
    File,
    /// It is a sound or a voice message.
    Audio,
    /// It is a video.
    Video,
    /// It changes an earlier message, but does not say into what.
    Edit,
    /// It changes an earlier message into a command.
    EditedCommand,
    /// It changes a message that the customer does not have.
    EditOfUnsent,
    /// It replies to the bot.
    ReplyToBot,
    /// It is encrypted and cannot be read.
    Encrypted,
    /// It has more than [`MAX_TEXT_BYTES`].
    TooLong,
    /// Polls are not carried yet.
    Poll,
    /// Nobody can be called.
    Call,
    /// It is of another kind that is not carried.
    Kind,
}

impl Why {
    /// What the agent is told.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::SlashCommand => {
                "Not sent to the customer: it looks like a command. Commands begin with “!”; see !help."
            }
            Self::File => {
                "Not sent to the customer: this is no file that can be sent. Images, PDF and plain text can."
            }
            Self::Audio => "Not sent to the customer: sound and voice messages cannot be sent.",
            Self::Video => "Not sent to the customer: videos cannot be sent.",
            Self::Edit => {
                "Not sent to the customer: the change cannot be read. They still see the message as it was."
            }
            Self::EditedCommand => {
                "A message was changed into a command: it was not obeyed, and not sent to the customer. Send the command as a new message."
            }
            Self::EditOfUnsent => {
                "Not sent to the customer: the message that was changed had not been sent to them either."
            }
            Self::ReplyToBot => "Not sent to the customer: it replies to a message of the bot.",
            Self::Encrypted => {
                "Not sent to the customer: the message is encrypted and cannot be read here."
            }
            Self::TooLong => "Not sent to the customer: it is too long. Send it in parts.",
            Self::Poll => "Not sent to the customer: polls cannot be sent yet.",
            Self::Call => "The customer cannot be called: they have only this chat.",
            Self::Kind => "Not sent to the customer: messages of this kind cannot be sent.",
        }
    }
}

/// What the message relates to, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelatesTo {
    /// Nothing, or something that may be seen by the customer.
    Nothing,
    /// A message of the bot.
    Bot,
    /// A private message, or one that is not known to stand in this chat: nothing of what is quoted may
    /// reach the customer.
    Private,
}

/// The message that a message answers. In a thread that is the thread's first message, unless the
/// answer names another (spec: threading, fallback for unthreaded clients).
#[must_use]
pub fn answered(event: &RoomEvent) -> Option<&str> {
    let falls_back = event
        .content
        .get("m.relates_to")
        .and_then(|relation| relation.get("is_falling_back"))
        .and_then(serde_json::Value::as_bool)
        .unwrap_or_default();
    let named = event.text(&["m.relates_to", "m.in_reply_to", "event_id"]);
    match thread(event) {
        Some(root) => Some(named.filter(|_| !falls_back).unwrap_or(root)),
        None => named,
    }
}

/// The event that a message replies to or whose thread it is in.
#[must_use]
pub fn relation(event: &RoomEvent) -> Vec<&str> {
    let mut targets = Vec::new();
    targets.extend(event.text(&["m.relates_to", "m.in_reply_to", "event_id"]));
    if event.text(&["m.relates_to", "rel_type"]) == Some("m.thread") {
        targets.extend(event.text(&["m.relates_to", "event_id"]));
    }
    targets
}

/// The thread that a message is in, by its first event (spec: threading).
#[must_use]
pub fn thread(event: &RoomEvent) -> Option<&str> {
    let is_thread = event.text(&["m.relates_to", "rel_type"]) == Some("m.thread");
    is_thread.then(|| event.text(&["m.relates_to", "event_id"])).flatten()
}

/// What somebody says to the bot where there is nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Utterance {
    /// A command: the text after the `!`.
    Command(String),
    /// A bare yes, no or number.
    Answer(Answer),
    /// A message that was changed into a command: not obeyed, and its author is told so.
    EditedCommand,
    /// Something that the bot does not understand.
    Other,
    /// Nothing that is meant for it: a notice, any other edit.
    Nothing,
}

/// What a message in a room of the bot says to it. Only a person's own new words count: no notice, no
/// edit, nothing that is quoted.
#[must_use]
pub fn to_bot(event: &RoomEvent) -> Utterance {
    let edits = event.text(&["m.relates_to", "rel_type"]) == Some("m.replace");
    match event.text(&["msgtype"]) {
        Some("m.text") if !edits => {}
        Some("m.notice") | None => return Utterance::Nothing,
        Some(_) if edits && edits_into_command(event) => return Utterance::EditedCommand,
        Some(_) if edits => return Utterance::Nothing,
        Some(_) => return Utterance::Other,
    }
    if let Some(answer) = answer(event) {
        return Utterance::Answer(answer);
    }
    let bare = bare(&texts(event).0);
    let slash = bare.strip_prefix('/').filter(|rest| {
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
        commands::is_name(&name)
    });
    match bare.strip_prefix('!').or(slash) {
        Some(rest) if !rest.starts_with('!') => Utterance::Command(command_text(event, rest)),
        None if bare.is_empty() => Utterance::Nothing,
        _ => Utterance::Other,
    }
}

/// A command's text without its mark, with people named by their ids where a client shows a name
/// only (spec: user, room and event mentions).
fn command_text(event: &RoomEvent, rest: &str) -> String {
    let (_, html) = texts(event);
    let named = html.as_deref().and_then(super::rich::text_with_user_ids);
    let text = named.as_deref().map(bare);
    let text = text.as_deref().and_then(|text| text.strip_prefix('!')).unwrap_or(rest);
    text.trim().to_owned()
}

/// What an agent answers to a question of the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// A number, as for a choice from a list.
    Number(u32),
}

/// The answer that a message is, if it is nothing but a yes, a no or a number. Like a command, it
/// is looked for in the plain and in the formatted text.
#[must_use]
pub fn answer(event: &RoomEvent) -> Option<Answer> {
    let (text, html) = texts(event);
    let shown = html.as_deref().map(super::rich::plain_text);
    [Some(text.as_str()), shown.as_deref()].into_iter().flatten().find_map(bare_answer)
}

fn bare_answer(text: &str) -> Option<Answer> {
    let seen: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    let word = seen.trim_matches(is_blank).trim_end_matches(['.', '!']).trim_end_matches(is_blank);
    match word.to_lowercase().as_str() {
        "yes" | "y" | "ok" => Some(Answer::Yes),
        "no" | "n" => Some(Answer::No),
        number if !number.is_empty() && number.chars().all(char::is_numeric) => {
            // More than there can be to choose from is as good as any other wrong number.
            Some(Answer::Number(number.parse().unwrap_or(u32::MAX)))
        }
        _ => None,
    }
}

/// The plain and the formatted text of a message, both without the reply fallback.
fn texts(event: &RoomEvent) -> (String, Option<String>) {
    let is_reply = event.text(&["m.relates_to", "m.in_reply_to", "event_id"]).is_some();
    let text = strip_reply_fallback(event.text(&["body"]).unwrap_or_default(), is_reply);
    let html = event
        .text(&["formatted_body"])
        .filter(|_| event.text(&["format"]) == Some("org.matrix.custom.html"))
        .map(strip_html_reply_fallback);
    (text, html)
}

/// Whether an edit makes a message a command. The text after the edit counts: a command stays
/// private whatever it was before. Whether the formatted text says that it is HTML does not matter
/// here, nothing of it is relayed.
fn edits_into_command(event: &RoomEvent) -> bool {
    let new = |field| event.text(&["m.new_content", field]);
    let shown = new("formatted_body").map(super::rich::plain_text);
    [new("body"), shown.as_deref()].into_iter().flatten().any(|text| {
        let bare = bare(text);
        bare.starts_with('!') && !bare.starts_with("!!")
    })
}

/// Classifies an agent's `m.room.message` (or encrypted) event in a chat room.
#[must_use]
pub fn classify(event: &RoomEvent, relates_to: RelatesTo) -> Message {
    if event.kind == "m.room.encrypted" {
        return Message::NotRelayed(Why::Encrypted);
    }
    if event.content.contains_key(super::content::PRIVATE_KEY) {
        return Message::Silent;
    }
    match event.kind.as_str() {
        "m.room.message" => {}
        // Whatever else its sender put into it.
        "m.sticker" => return Message::NotRelayed(Why::File),
        "m.poll.start" | "org.matrix.msc3381.poll.start" => return Message::NotRelayed(Why::Poll),
        "m.call.invite" => return Message::NotRelayed(Why::Call),
        _ => return Message::NotRelayed(Why::Kind),
    }
    if event.text(&["m.relates_to", "rel_type"]) == Some("m.replace") {
        return edit(event);
    }
    let size: usize =
        ["body", "formatted_body"].iter().filter_map(|key| event.text(&[key])).map(str::len).sum();
    if size > MAX_TEXT_BYTES {
        return match event.text(&["msgtype"]) {
            None | Some("m.notice") => Message::Silent,
            Some(_) => Message::NotRelayed(Why::TooLong),
        };
    }
    let (mut text, mut html) = texts(event);
    if relates_to == RelatesTo::Private {
        text = without_quotation(&text);
        html = None;
    }
    let shown = html.as_deref().map(super::rich::plain_text);

    match event.text(&["msgtype"]) {
        Some("m.text" | "m.emote") => {}
        // Redacted, or without a type; and notices, in which bots talk: they are never obeyed and
        // never relayed.
        None | Some("m.notice") => return Message::Silent,
        Some(_) => {
            let is_command = [Some(text.as_str()), shown.as_deref()]
                .into_iter()
                .flatten()
                .any(|text| bare(text).starts_with('!'));
            return if is_command { Message::Silent } else { file(event, relates_to, &text) };
        }
    }

    // Both the plain and the formatted text decide, whatever a client shows.
    let mut escaped = false;
    for candidate in [Some(text.as_str()), shown.as_deref()].into_iter().flatten() {
        let bare = bare(candidate);
        if let Some(rest) = bare.strip_prefix('!') {
            if rest.starts_with('!') {
                escaped = true;
                continue;
            }
            return Message::Command(command_text(event, rest));
        }
        if let Some(rest) = bare.strip_prefix('/') {
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            if commands::is_name(&name) {
                return Message::NotRelayed(Why::SlashCommand);
            }
        }
    }
    if relates_to == RelatesTo::Bot {
        return Message::NotRelayed(Why::ReplyToBot);
    }
    if escaped {
        let text = text.replacen(|c| normal_mark(c) == '!', "", 1);
        return Message::ForCustomer { text: text.trim().to_owned(), html: None };
    }
    if bare(&text).is_empty() && shown.as_deref().is_none_or(|s| bare(s).is_empty()) {
        return Message::Silent;
    }
    Message::ForCustomer { text: text.trim().to_owned(), html }
}

/// What an edit is: its new content counts, judged as if it were a message of its own (spec: event
/// replacements). The text beside it is for clients that know no edits.
fn edit(event: &RoomEvent) -> Message {
    // Whether the formatted text says that it is HTML does not matter for this: nothing is relayed.
    if edits_into_command(event) {
        return Message::NotRelayed(Why::EditedCommand);
    }
    let target = event.text(&["m.relates_to", "event_id"]);
    let content = event.content.get("m.new_content").and_then(serde_json::Value::as_object);
    let (Some(target), Some(content)) = (target, content) else {
        return match event.text(&["msgtype"]) {
            None | Some("m.notice") => Message::Silent,
            Some(_) => Message::NotRelayed(Why::Edit),
        };
    };
    let mut new = event.clone();
    new.content.clone_from(content);
    // An edited reply may bring the quotation along, and what it relates to stays as it was.
    new.content.insert(
        "m.relates_to".to_owned(),
        serde_json::json!({ "m.in_reply_to": { "event_id": target } }),
    );
    match classify(&new, RelatesTo::Nothing) {
        Message::ForCustomer { text, html } => {
            Message::Edit { target: target.to_owned(), text, html }
        }
        // The file is the one that was sent: only what stands under it can change.
        Message::File(file) => {
            let text = file.caption.unwrap_or_default();
            Message::Edit { target: target.to_owned(), text, html: None }
        }
        Message::Command(_) | Message::Edit { .. } => Message::NotRelayed(Why::EditedCommand),
        other => other,
    }
}

/// What becomes of a message that is not text.
fn file(event: &RoomEvent, relates_to: RelatesTo, text: &str) -> Message {
    match event.text(&["msgtype"]) {
        Some("m.image" | "m.file") => {}
        Some("m.audio") => return Message::NotRelayed(Why::Audio),
        Some("m.video") => return Message::NotRelayed(Why::Video),
        _ => return Message::NotRelayed(Why::Kind),
    }
    if relates_to == RelatesTo::Bot {
        return Message::NotRelayed(Why::ReplyToBot);
    }
    file_in(event, text).map_or(
        Message::NotRelayed(if event.content.contains_key("file") {
            Why::Encrypted
        } else {
            Why::File
        }),
        Message::File,
    )
}

/// A file that an agent sent, before anybody has looked at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentFile {
    /// Where it is.
    pub uri: String,
    /// What it is called.
    pub name: String,
    /// What stands under it.
    pub caption: Option<String>,
}

/// The file in a message, if there is one that can be looked at (spec: `m.image`, `m.file`).
#[must_use]
pub fn agent_file(event: &RoomEvent) -> Option<AgentFile> {
    file_in(event, &texts(event).0)
}

/// The same, with the message's text without what it quotes.
fn file_in(event: &RoomEvent, text: &str) -> Option<AgentFile> {
    let uri = event.text(&["url"]).filter(|uri| uri.starts_with("mxc://"))?;
    let name = event.text(&["filename"]).unwrap_or(text);
    // Only where there is a name besides is the body a caption.
    let caption = (name != text && !bare(text).is_empty()).then(|| text.trim().to_owned());
    Some(AgentFile { uri: uri.to_owned(), name: name.to_owned(), caption })
}

/// The text as it is judged: without leading white space and invisible characters, and with the
/// exclamation mark's other forms as `!`, also where it is doubled.
fn bare(text: &str) -> String {
    let mut rest = text.chars().skip_while(|c| is_blank(*c));
    let mut judged: String = rest.next().map(normal_mark).into_iter().collect();
    // Between two leading marks, too, nothing invisible may stand.
    let mut tail = rest.skip_while(|c| is_invisible(*c)).peekable();
    if judged == "!" && tail.next_if(|c| normal_mark(*c) == '!').is_some() {
        judged.push('!');
    }
    judged.extend(tail);
    judged
}

fn normal_mark(c: char) -> char {
    match c {
        // Full-width, small and modifier forms; U+01C3 only looks like one.
        '\u{FF01}' | '\u{FE57}' | '\u{A71D}' | '\u{A71E}' | '\u{01C3}' => '!',
        '\u{FF0F}' | '\u{2044}' | '\u{2215}' => '/',
        other => other,
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || is_invisible(c)
}

/// Characters that show nothing (Unicode `Default_Ignorable_Code_Point`, and a few blanks).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{FFFD}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Removes the quotation that older clients put before a reply (spec: rich replies, fallbacks).
fn strip_reply_fallback(body: &str, is_reply: bool) -> String {
    // Newer clients write no fallback; what they quote is their sender's own text.
    let is_fallback = body.starts_with("> <@") || body.starts_with("> * <@");
    if !is_reply || !is_fallback {
        return body.to_owned();
    }
    let mut lines =
        body.lines().skip_while(|line| line.starts_with("> ") || *line == ">").peekable();
    if lines.peek().is_some_and(|line| line.is_empty()) {
        lines.next();
    }
    lines.collect::<Vec<_>>().join("\n")
}

/// Removes all that is quoted, however a client marks it. The formatted text cannot be told from its
/// quotation so surely, and is not used.
#[must_use]
pub fn without_quotation(body: &str) -> String {
    let own = body.lines().filter(|line| !line.trim_start_matches(is_blank).starts_with('>'));
    own.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Removes `<mx-reply>` from formatted text.
fn strip_html_reply_fallback(html: &str) -> String {
    match (html.find("<mx-reply>"), html.find("</mx-reply>")) {
        (Some(from), Some(to)) if from < to => {
            format!("{}{}", &html[..from], &html[to + "</mx-reply>".len()..])
        }
        _ => html.to_owned(),
    }
}
