/** What the conversation shows, line by line. */
import type { FeedEntry, FormReason, LiveState, RichText } from "@switchboard/shared/wire";
import type { Feed } from "./feed";
import type { FailReason, Outbox, Pending } from "./outbox";

/** How far a message of the customer has come. */
export type OwnState = "sending" | "accepted" | "delivered" | "seen" | "failed";

/** A message of the customer. */
export interface OwnItem {
  kind: "own";
  id: string;
  at: number;
  text: string;
  state: OwnState;
  reason: FailReason | null;
  /** Whether sending it again may help. */
  retry: boolean;
}

/** A message of an agent. */
export interface AgentItem {
  kind: "agent";
  id: string;
  at: number;
  name: string;
  content: RichText[];
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
    const pending = outbox.items.filter((item) => !feed.own.has(item.key));
    // What failed stays where it was written; what is on its way will be the newest.
    const failed = pending.filter((item) => item.state === "failed");
    const over = feed.ended !== null;
    for (const entry of feed.entries) {
      while (failed[0] && failed[0].after < entry.seq)
        items.push(...failed.splice(0, 1).map(fromPending(over)));
      const item = this.#fromEntry(entry, feed, live);
      if (item) items.push(item);
    }
    items.push(...failed.map(fromPending(over)));
    items.push(...pending.filter((item) => item.state !== "failed").map(fromPending(over)));
    const kept = items.map((item) => {
      const old = this.#known.get(item.id);
      return old && same(old, item) ? old : item;
    });
    this.#known = new Map(kept.map((item) => [item.id, item]));
    return kept;
  }

  #fromEntry(entry: FeedEntry, feed: Feed, live: LiveState): Item | null {
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
        return { kind: "own", id: entry.key, at, text: entry.text, state, reason, retry };
      }
      case "agent":
        return { kind: "agent", id, at, name: entry.name, content: entry.content };
      case "joined":
      case "left":
        return { kind: "notice", id, at, notice: { what: entry.kind, name: entry.name } };
      case "form":
        return { kind: "notice", id, at, notice: { what: "form", why: entry.why } };
      case "queued":
      case "requeued":
      case "message_left":
        return { kind: "notice", id, at, notice: { what: entry.kind } };
      case "undelivered": // Told at the message itself.
      case "ended": // Told below the lines.
        return null;
      default:
        // Of a newer bridge.
        return null;
    }
  }
}

function fromPending(over: boolean): (pending: Pending) => OwnItem {
  return ({ key, at, text, state, reason = "rejected" }) => {
    const failed = state === "failed";
    const retry = failed && !over && RETRY_HELPS.includes(reason);
    return { kind: "own", id: key, at, text, state, reason: failed ? reason : null, retry };
  };
}

function same(a: Item, b: Item): boolean {
  if (a.kind === "own" && b.kind === "own") {
    return a.state === b.state && a.retry === b.retry && a.reason === b.reason && a.at === b.at;
  }
  // The other kinds never change.
  return a.kind === b.kind;
}
