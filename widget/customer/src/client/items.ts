/** What the conversation shows, line by line. */
import type { Attachment, FeedEntry, FormReason, LiveState, RichText } from "@switchboard/shared/wire";
import { textOf, withFiles, type Change, type Fate, type Reaction } from "./changes";
import type { Feed } from "./feed";
import type { FailReason, Outbox, Pending } from "./outbox";

/** How far a message of the customer has come. */
export type OwnState = "sending" | "accepted" | "delivered" | "seen" | "failed";

/** What a message answers. */
export interface Quote {
  /** The line of it, if there is one. */
  id: string;
  /** Who wrote it; null for the customer. */
  name: string | null;
  /** The beginning of what it says; null if it was removed. */
  text: string | null;
}

/** What all messages have. */
interface Message {
  id: string;
  at: number;
  /** Its number in the feed; null while it is not in it. */
  seq: number | null;
  edited: boolean;
  removed: boolean;
  reactions: Reaction[];
  quote: Quote | null;
}

/** A message of the customer. */
export interface OwnItem extends Message {
  kind: "own";
  text: string;
  files: Attachment[];
  state: OwnState;
  reason: FailReason | null;
  /** Whether sending it again may help. */
  retry: boolean;
}

/** A message of an agent. */
export interface AgentItem extends Message {
  kind: "agent";
  name: string;
  content: RichText[];
  files: Attachment[];
}

/** Something that happened. */
export type Notice =
  | { what: "queued" | "requeued" | "message_left" }
  | { what: "form"; why: FormReason }
  | { what: "joined" | "left"; name: string };

/** A line that tells of it. */
export interface NoticeItem {
  kind: "notice";
  id: string;
  at: number;
  notice: Notice;
}

export type Item = OwnItem | AgentItem | NoticeItem;

/** So much of a message is quoted. */
const QUOTED_CHARS = 140;

/** Too much or too long stays so; what the bridge could not do then, it may be able to do now. */
const RETRY_HELPS: readonly FailReason[] = ["too_fast", "too_many", "undeliverable", "unavailable"];

/** Builds the items anew at each change, and keeps the objects of those that have not changed. */
export class Items {
  #known = new Map<string, Item>();
  /** Messages that did not reach the agents and that the customer has sent again. */
  readonly #again = new Set<string>();

  /** The undelivered message `id` was sent again as another one. */
  sentAgain(id: string): void {
    this.#again.add(id);
  }

  build(feed: Feed, outbox: Outbox, live: LiveState): Item[] {
    const items: Item[] = [];
    const asked = outbox.changes;
    const pending = outbox.messages.filter((item) => !feed.own.has(item.key));
    // What failed stays where it was written; what is on its way will be the newest.
    const failed = pending.filter((item) => item.state === "failed");
    const over = feed.ended !== null;
    for (const entry of feed.entries) {
      while (failed[0] && failed[0].after < entry.seq)
        items.push(...failed.splice(0, 1).map(fromPending(over, (seq) => this.#quote(seq, feed))));
      const item = this.#fromEntry(entry, feed, live, asked);
      if (item) items.push(item);
    }
    items.push(...failed.map(fromPending(over, (seq) => this.#quote(seq, feed))));
    items.push(
      ...pending
        .filter((item) => item.state !== "failed")
        .map(fromPending(over, (seq) => this.#quote(seq, feed))),
    );
    const kept = items.map((item) => {
      const old = this.#known.get(item.id);
      return old && same(old, item) ? old : item;
    });
    this.#known = new Map(kept.map((item) => [item.id, item]));
    return kept;
  }

  #fromEntry(entry: FeedEntry, feed: Feed, live: LiveState, asked: Change[]): Item | null {
    const { at } = entry;
    const id = String(entry.seq);
    switch (entry.kind) {
      case "own": {
        const reason = feed.undelivered.get(entry.key) ?? null;
        const state =
          reason !== null
            ? "failed"
            : entry.seq <= live.seen
              ? "seen"
              : entry.seq <= live.delivered
                ? "delivered"
                : "accepted";
        const helps = reason !== null && RETRY_HELPS.includes(reason);
        const retry = helps && feed.ended === null && !this.#again.has(entry.key);
        // Known by its key, as it was before it came back in the feed.
        const fate = feed.changes.with(entry.seq, asked);
        const text = ownText(entry.text, fate);
        const files = filesOf(entry, fate);
        const told = { kind: "own", id: entry.key, at, text, files, state, reason, retry } as const;
        return { ...told, ...this.#common(entry.seq, fate, entry.reply_to, feed) };
      }
      case "agent": {
        const fate = feed.changes.with(entry.seq, asked);
        const content = fate.removed ? [] : (fate.content ?? entry.content);
        const files = filesOf(entry, fate);
        const told = { kind: "agent", id, at, name: entry.name, content, files } as const;
        return { ...told, ...this.#common(entry.seq, fate, entry.reply_to, feed) };
      }
      case "joined":
      case "left":
        return { kind: "notice", id, at, notice: { what: entry.kind, name: entry.name } };
      case "form":
        return { kind: "notice", id, at, notice: { what: "form", why: entry.why } };
      case "queued":
      case "requeued":
      case "message_left":
        return { kind: "notice", id, at, notice: { what: entry.kind } };
      case "edited": // Told at the message that they are about.
      case "removed":
      case "reaction":
        return null;
      case "undelivered": // Told at the message itself.
      case "ended": // Told below the lines.
        return null;
      default:
        // Of a newer bridge.
        return null;
    }
  }

  #common(seq: number, fate: Fate, replyTo: number | undefined, feed: Feed) {
    const { removed, reactions } = fate;
    const edited = fate.content !== null;
    const quote = replyTo === undefined || removed ? null : this.#quote(replyTo, feed);
    return { seq, edited, removed, reactions, quote };
  }

  /** What is quoted of a message. */
  #quote(seq: number, feed: Feed): Quote | null {
    const entry = feed.entries[seq - 1];
    if (entry?.kind !== "own" && entry?.kind !== "agent") return null;
    const fate = feed.changes.of(seq);
    const said = entry.kind === "own" ? ownText(entry.text, fate) : textOf(fate.content ?? entry.content);
    const told = withFiles(said, filesOf(entry, fate));
    const text = fate.removed ? null : Array.from(told).slice(0, QUOTED_CHARS).join("");
    return entry.kind === "own"
      ? { id: entry.key, name: null, text }
      : { id: String(seq), name: entry.name, text };
  }
}

function filesOf({ files = [] }: { files?: Attachment[] }, { removed }: Fate): Attachment[] {
  return removed ? [] : files;
}

function ownText(text: string, { content, removed }: Fate): string {
  if (removed) return "";
  return content === null ? text : textOf(content);
}

function fromPending(over: boolean, quoted: (seq: number) => Quote | null): (pending: Pending) => OwnItem {
  return ({ key, at, text, files = [], state, reason = "rejected", replyTo }) => {
    const failed = state === "failed";
    const retry = failed && !over && RETRY_HELPS.includes(reason);
    const quote = replyTo === undefined ? null : quoted(replyTo);
    const message = { seq: null, edited: false, removed: false, reactions: [], quote };
    return {
      kind: "own",
      id: key,
      at,
      text,
      files,
      state,
      reason: failed ? reason : null,
      retry,
      ...message,
    };
  };
}

function same(a: Item, b: Item): boolean {
  if (a.kind === "notice" || b.kind === "notice") return a.kind === b.kind;
  if (a.kind === "own" && b.kind === "own") {
    if (a.state !== b.state || a.retry !== b.retry || a.reason !== b.reason || a.at !== b.at) return false;
    if (a.text !== b.text || a.seq !== b.seq) return false;
  }
  // The content is the same object as long as nobody has changed it.
  if (a.kind === "agent" && b.kind === "agent" && a.content !== b.content && !a.removed) return false;
  if (a.kind !== b.kind || a.edited !== b.edited || a.removed !== b.removed) return false;
  return isSame(a.reactions, b.reactions) && isSame(a.quote, b.quote);
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
