// Generated from bridge/src/gateway/wire.rs. Do not edit; run
//   UPDATE_WIRE=1 cargo test -p switchboard wire_types_are_exported

/**
 * What `GET /customer/v1/sites/{site}` says about an embedding of the widget.
 */
export type SiteInfo = { 
/**
 * The heading of the widget.
 */
title: string, 
/**
 * Shown before the chat starts.
 */
greeting: string, 
/**
 * The accent colour, `#rrggbb`.
 */
colour: string, 
/**
 * Whether the customer is asked for a name first.
 */
ask_name: boolean, 
/**
 * The queues that the customer may choose from, in the order in which they are offered. With
 * one or none there is nothing to choose.
 */
queues: Array<QueueInfo>, 
/**
 * The site's own words in place of the widget's, by key. Plain text; unknown keys are passed
 * over.
 */
texts: { [key in string]: string }, 
/**
 * The bounds that the bridge keeps.
 */
limits: Limits, };

/**
 * A queue that a site offers.
 */
export type QueueInfo = { 
/**
 * Names it in [`StartChat`].
 */
id: string, 
/**
 * What the customer reads.
 */
name: string, 
/**
 * Whether it is open now. Who starts a chat in a closed queue is asked to leave a message.
 */
open: boolean, 
/**
 * Shown while it is closed; may be empty.
 */
closed_text: string, 
/**
 * Shown while it is open; may be empty.
 */
greeting: string, };

/**
 * The bounds that the bridge keeps.
 */
export type Limits = { 
/**
 * The longest text of one message, in bytes of UTF-8.
 */
text_bytes: number, 
/**
 * The longest name, in characters.
 */
name_chars: number, 
/**
 * The largest frame, in bytes.
 */
frame_bytes: number, 
/**
 * How often the page must send a frame (a `ping` if it has nothing else), in seconds.
 */
ping_seconds: number, 
/**
 * The largest file, in bytes. A bridge can be set up for less.
 */
file_bytes: number, 
/**
 * How many files a message may have.
 */
files: number, };

/**
 * The body of `POST /customer/v1/sites/{site}/chats`.
 */
export type StartChat = { 
/**
 * Made by the page at random, 22 to 64 characters of `A–Z a–z 0–9 - _`; the same key starts
 * the same chat again, so a lost reply can be asked for once more.
 */
start_key: string, 
/**
 * What the customer calls themselves.
 */
name?: string, 
/**
 * In which of the site's queues to wait, by its id; without it, in the first.
 */
queue?: string, 
/**
 * What the site's server has signed about the customer: a JSON Web Token. One that is not good
 * does not keep the chat from starting, but nothing of it is believed.
 */
token?: string, 
/**
 * What the page knows of the customer, by name; nobody vouches for it.
 */
variables?: { [key in string]: string }, };

/**
 * The reply to [`StartChat`]: `201` for a new chat, `200` for the same start key again.
 */
export type ChatStarted = { 
/**
 * The session token: 256 bits as 43 characters of base64url. Whoever has it is the customer.
 */
token: string, 
/**
 * The chat's display number. Grants nothing.
 */
number: number, 
/**
 * Whether the site's token was good.
 */
verified: boolean, 
/**
 * Why it was not.
 */
token_fault?: TokenFault, 
/**
 * The names of stated variables that were left out: the site does not declare them, or there
 * was nothing in them.
 */
ignored?: Array<string>, };

/**
 * Why a site's token is not good.
 */
export type TokenFault = "malformed" | "unknown_key" | "wrong_algorithm" | "bad_signature" | "wrong_audience" | "missing_claim" | "expired" | "not_yet" | "too_long" | "used";

/**
 * A frame from the customer's page.
 */
export type ClientFrame = { "type": "hello", 
/**
 * The session token.
 */
token: string, 
/**
 * The last feed entry that the page has; 0 for none.
 */
after: number, } | { "type": "send", 
/**
 * Made by the page, 8 to 64 characters of `A–Z a–z 0–9 - _`, unique in the chat. The same
 * key again is the same message.
 */
key: string, 
/**
 * Plain text.
 */
text: string, 
/**
 * Where an answer may be sent if the customer is gone: an e-mail address of at most 254
 * characters. Asked for when they leave a message; empty is none.
 */
email?: string, 
/**
 * The message that it answers, by its number in the feed. What is no message is passed over.
 */
reply_to?: number, 
/**
 * The keys of at most five files that were uploaded before. With files, the text may be
 * empty.
 */
files?: Array<string>, } | { "type": "edit", 
/**
 * Made by the page like that of a message. The same key again is the same change.
 */
key: string, 
/**
 * The message, by its number in the feed.
 */
target: number, 
/**
 * Plain text.
 */
text: string, } | { "type": "remove", 
/**
 * As in `edit`.
 */
key: string, 
/**
 * The message, by its number in the feed.
 */
target: number, } | { "type": "react", 
/**
 * As in `edit`.
 */
key: string, 
/**
 * The message, by its number in the feed.
 */
target: number, 
/**
 * One emoji, at most 16 characters.
 */
emoji: string, 
/**
 * Whether it is to be there.
 */
on: boolean, } | { "type": "typing", 
/**
 * Which.
 */
typing: boolean, } | { "type": "ack", 
/**
 * The entry's sequence number.
 */
seq: number, } | { "type": "seen", 
/**
 * The entry's sequence number.
 */
seq: number, } | { "type": "end", } | { "type": "ping", };

/**
 * A frame from the bridge.
 */
export type ServerFrame = { "type": "welcome", 
/**
 * The chat's display number.
 */
number: number, 
/**
 * The newest entry's sequence number.
 */
newest: number, 
/**
 * The state that does not travel in the feed.
 */
live: LiveState, 
/**
 * The bounds that the bridge keeps.
 */
limits: Limits, } | { "type": "entry" } & FeedEntry | { "type": "live" } & LiveState | { "type": "accepted", 
/**
 * The message's key.
 */
key: string, } | { "type": "refused", 
/**
 * The message's key.
 */
key: string, 
/**
 * Why.
 */
reason: RefusalReason, 
/**
 * How long to wait before trying again, if that helps.
 */
retry_after_ms: number | null, } | { "type": "pong", } | { "type": "error", 
/**
 * For programs.
 */
code: ErrorCode, 
/**
 * For people who write programs.
 */
message: string, 
/**
 * Whether the socket closes now.
 */
fatal: boolean, };

/**
 * State of which only the newest value matters.
 */
export type LiveState = { 
/**
 * Where the chat is in its life.
 */
phase: Phase, 
/**
 * The place in the queue, from 1, while waiting.
 */
position: number | null, 
/**
 * How long the customer will probably wait still, while that can be said.
 */
estimate: Estimate | null, 
/**
 * The public names of the agents who are typing.
 */
typing: Array<string>, 
/**
 * The customer's messages up to this entry are in the agents' room (✓✓).
 */
delivered: number, 
/**
 * The customer's messages up to this entry were seen by an agent.
 */
seen: number, };

/**
 * A rounded range of time, in whole minutes.
 */
export type Estimate = { 
/**
 * At least so many.
 */
at_least: number, 
/**
 * At most so many; `null` if there is no telling: more than `at_least`.
 */
at_most: number | null, };

/**
 * Where a chat is in its life, as the customer sees it.
 */
export type Phase = "waiting" | "active" | "form" | "left" | "ended";

/**
 * One entry of the customer's feed.
 */
export type FeedEntry = { 
/**
 * From 1, without gaps.
 */
seq: number, 
/**
 * When, in milliseconds since the Unix epoch.
 */
at: number, } & ({ "kind": "own", 
/**
 * The key given when it was sent.
 */
key: string, 
/**
 * Its text; may be empty if there are files.
 */
text: string, 
/**
 * The message that it answers, by its number in the feed.
 */
reply_to?: number, 
/**
 * Its files.
 */
files?: Array<Attachment>, } | { "kind": "agent", 
/**
 * The agent's public name.
 */
name: string, 
/**
 * What they wrote; may be empty if there are files.
 */
content: Array<RichText>, 
/**
 * The message that it answers, by its number in the feed.
 */
reply_to?: number, 
/**
 * Its files.
 */
files?: Array<Attachment>, } | { "kind": "queued", } | { "kind": "joined", 
/**
 * The agent's public name.
 */
name: string, } | { "kind": "left", 
/**
 * The agent's public name.
 */
name: string, } | { "kind": "requeued", } | { "kind": "form", 
/**
 * Why.
 */
why: FormReason, 
/**
 * What the queue says about it; may be empty.
 */
text: string, } | { "kind": "message_left", } | { "kind": "undelivered", 
/**
 * The message's key.
 */
key: string, 
/**
 * Why.
 */
reason: RefusalReason, } | { "kind": "ended", 
/**
 * Who ended it.
 */
by: EndedBy, } | { "kind": "edited", 
/**
 * The message, by its number in the feed.
 */
target: number, 
/**
 * What it says now.
 */
content: Array<RichText>, 
/**
 * The key of the customer's `edit`, if it was one.
 */
key?: string, } | { "kind": "removed", 
/**
 * The message, by its number in the feed.
 */
target: number, 
/**
 * The key of the customer's `remove`, if it was one.
 */
key?: string, } | { "kind": "reaction", 
/**
 * The message, by its number in the feed.
 */
target: number, 
/**
 * The emoji.
 */
emoji: string, 
/**
 * The agent's public name; left out if it was the customer.
 */
by?: string, 
/**
 * Whether the reaction is there now.
 */
on: boolean, 
/**
 * The key of the customer's `react`, if it was one.
 */
key?: string, });

/**
 * What a feed entry tells.
 */
export type FeedBody = { "kind": "own", 
/**
 * The key given when it was sent.
 */
key: string, 
/**
 * Its text; may be empty if there are files.
 */
text: string, 
/**
 * The message that it answers, by its number in the feed.
 */
reply_to?: number, 
/**
 * Its files.
 */
files?: Array<Attachment>, } | { "kind": "agent", 
/**
 * The agent's public name.
 */
name: string, 
/**
 * What they wrote; may be empty if there are files.
 */
content: Array<RichText>, 
/**
 * The message that it answers, by its number in the feed.
 */
reply_to?: number, 
/**
 * Its files.
 */
files?: Array<Attachment>, } | { "kind": "queued", } | { "kind": "joined", 
/**
 * The agent's public name.
 */
name: string, } | { "kind": "left", 
/**
 * The agent's public name.
 */
name: string, } | { "kind": "requeued", } | { "kind": "form", 
/**
 * Why.
 */
why: FormReason, 
/**
 * What the queue says about it; may be empty.
 */
text: string, } | { "kind": "message_left", } | { "kind": "undelivered", 
/**
 * The message's key.
 */
key: string, 
/**
 * Why.
 */
reason: RefusalReason, } | { "kind": "ended", 
/**
 * Who ended it.
 */
by: EndedBy, } | { "kind": "edited", 
/**
 * The message, by its number in the feed.
 */
target: number, 
/**
 * What it says now.
 */
content: Array<RichText>, 
/**
 * The key of the customer's `edit`, if it was one.
 */
key?: string, } | { "kind": "removed", 
/**
 * The message, by its number in the feed.
 */
target: number, 
/**
 * The key of the customer's `remove`, if it was one.
 */
key?: string, } | { "kind": "reaction", 
/**
 * The message, by its number in the feed.
 */
target: number, 
/**
 * The emoji.
 */
emoji: string, 
/**
 * The agent's public name; left out if it was the customer.
 */
by?: string, 
/**
 * Whether the reaction is there now.
 */
on: boolean, 
/**
 * The key of the customer's `react`, if it was one.
 */
key?: string, };

/**
 * Why a customer is asked to leave a message.
 */
export type FormReason = "closed" | "nobody" | "busy";

/**
 * Who ended a chat.
 */
export type EndedBy = "customer" | "agent" | "no_agent";

/**
 * Text with structure. Rendered with text nodes and these elements only.
 */
export type RichText = { "type": "text", 
/**
 * The text.
 */
text: string, } | { "type": "break", } | { "type": "span", 
/**
 * Which.
 */
style: Style, 
/**
 * What is in it.
 */
children: Array<RichText>, } | { "type": "link", 
/**
 * An absolute `https:`, `http:` or `mailto:` address.
 */
href: string, 
/**
 * What is in it.
 */
children: Array<RichText>, };

/**
 * The elements that text can have.
 */
export type Style = "paragraph" | "strong" | "emphasis" | "deleted" | "code" | "preformatted" | "quote" | "bullet_list" | "numbered_list" | "list_item" | "heading";

/**
 * Why a message was not taken.
 */
export type RefusalReason = "too_long" | "empty" | "bad_email" | "files" | "too_fast" | "too_many" | "ended" | "no_target" | "bad_reaction" | "undeliverable" | "unavailable";

/**
 * What was wrong.
 */
export type ErrorCode = "bad_request" | "too_large" | "not_found" | "forbidden_origin" | "too_fast" | "too_slow" | "idle" | "unavailable";

/**
 * The body of an error reply over HTTP.
 */
export type ErrorBody = { 
/**
 * For programs.
 */
code: ErrorCode, 
/**
 * For people who write programs.
 */
message: string, 
/**
 * How long to wait before trying again, if that helps.
 */
retry_after_ms: number | null, 
/**
 * Why a message was not taken, if it was one.
 */
reason?: RefusalReason, 
/**
 * Why a file was not taken, if it was one.
 */
unfit?: Unfit, };

/**
 * The reply to `GET /customer/v1/feed`.
 */
export type FeedPage = { 
/**
 * The chat's display number.
 */
number: number, 
/**
 * Entries after the one asked for, in order, at most 100.
 */
entries: Array<FeedEntry>, 
/**
 * The newest entry's sequence number.
 */
newest: number, 
/**
 * The state that does not travel in the feed.
 */
live: LiveState, 
/**
 * Stands for `live`. Given as `tag` with the next request, that one is answered as soon as
 * `live` differs from this, even if it changed in between.
 */
tag?: string, };

/**
 * The kinds of files that are taken.
 */
export type Kind = "jpeg" | "png" | "gif" | "webp" | "bmp" | "tiff" | "heic" | "avif" | "pdf" | "text" | "text_utf16" | "text_latin";

/**
 * A file in a message.
 */
export type Attachment = { 
/**
 * Names it within the chat. Grants nothing.
 */
id: string, 
/**
 * Its name.
 */
name: string, 
/**
 * What it is.
 */
kind: Kind, 
/**
 * Its size in bytes.
 */
size: number, 
/**
 * An image's width in pixels, as stored, if it is known.
 */
width?: number, 
/**
 * An image's height in pixels, as stored, if it is known.
 */
height?: number, };

/**
 * The reply to `GET /customer/v1/files/{id}`.
 */
export type FileLink = { 
/**
 * Where the file can be had without the session token, relative to the bridge's origin.
 */
url: string, 
/**
 * For how long, in milliseconds.
 */
valid_ms: number, };

/**
 * Why a file is not taken: by its size, its name or what is in it.
 */
export type Unfit = "empty" | "too_large" | "too_many" | "kind" | "audio" | "video" | "markup" | "program" | "archive" | "damaged" | "infected" | "encrypted" | "missing";

/**
 * The body of `POST /customer/v1/messages`.
 */
export type SendMessage = { 
/**
 * As in the `send` frame.
 */
key: string, 
/**
 * Plain text.
 */
text: string, 
/**
 * As in the `send` frame.
 */
email?: string, 
/**
 * As in the `send` frame.
 */
reply_to?: number, 
/**
 * As in the `send` frame.
 */
files?: Array<string>, };

/**
 * The body of `POST /customer/v1/typing`.
 */
export type SetTyping = { 
/**
 * As in the `typing` frame.
 */
typing: boolean, };

/**
 * The body of `POST /customer/v1/seen`.
 */
export type SetSeen = { 
/**
 * As in the `seen` frame.
 */
seq: number, };
