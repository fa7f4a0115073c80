/** The customer's messages and changes that the bridge has not taken yet, kept until it has. */
import type { Attachment, RefusalReason } from "@switchboard/shared/wire";
import type { Change } from "./changes";
import { messageKey } from "./keys";
import { readObject, type Store } from "./storage";

/** Why a message will not be sent: the bridge's reason, or that it could not make sense of it. */
export type FailReason = RefusalReason | "rejected";

/** A message on its way. */
export interface Pending {
  readonly key: string;
  /** Empty for a change. */
  readonly text: string;
  /** The feed entry that it answers. */
  readonly replyTo?: number;
  /** It is no message, but a change of one. */
  readonly change?: Change;
  /** Where an answer may be sent, if the customer has said it. */
  readonly email?: string;
  /** Its files, which the bridge has already. */
  readonly files?: Attachment[];
  readonly at: number;
  /** The last feed entry that stood above it. */
  readonly after: number;
  /** Tells messages of one millisecond apart. */
  readonly order: number;
  /** The chat that it belongs to. */
  readonly chat: number;
  /** The tab that sends it. */
  readonly tab: string;
  readonly state: "sending" | "accepted" | "failed";
  readonly reason?: FailReason;
}

const PREFIX = "out:";

/**
 * Each message is a value of its own in the storage, so that two tabs can add and remove without
 * overwriting each other's changes.
 */
export class Outbox {
  readonly #store: Store;
  readonly #tab: string;
  readonly #items = new Map<string, Pending>();
  #chat: number;
  #order = 0;

  constructor(store: Store, tab: string, chat: number) {
    this.#store = store;
    this.#tab = tab;
    this.#chat = chat;
    for (const name of store.names(PREFIX)) {
      const item = this.#stored(name);
      // Of another chat, or not readable: nobody will ever send it.
      if (!item) store.delete(name);
    }
    this.sync();
  }

  /** Everything here, in the order written. */
  get items(): Pending[] {
    return [...this.#items.values()].sort((a, b) => a.at - b.at || a.order - b.order);
  }

  /** Takes up what other tabs have changed. */
  sync(): void {
    const stored = new Set<string>();
    for (const name of this.#store.names(PREFIX)) {
      const item = this.#stored(name);
      if (!item) continue;
      stored.add(item.key);
      this.#items.set(item.key, item);
    }
    for (const [key, item] of this.#items) {
      // Another tab has got it accepted: its entry is on its way here, too.
      if (item.state === "sending" && !stored.has(key)) this.#items.set(key, { ...item, state: "accepted" });
      if (item.state === "failed" && !stored.has(key)) this.#items.delete(key);
    }
  }

  /** The messages. */
  get messages(): Pending[] {
    return this.items.filter((item) => item.change === undefined);
  }

  /** The changes of messages. */
  get changes(): Change[] {
    return this.items.flatMap((item) => (item.change !== undefined ? [item.change] : []));
  }

  /** Keeps a change. */
  addChange(change: Change, now: number, after: number): Pending {
    return this.add("", now, after, { change });
  }

  /** Keeps a new message, written below feed entry `after`. */
  add(
    text: string,
    now: number,
    after: number,
    more: Partial<Pick<Pending, "email" | "replyTo" | "files" | "change">> = {},
  ): Pending {
    const item: Pending = {
      key: messageKey(),
      text,
      // Not even a clock that is set back changes the order.
      at: Math.max(now, ...this.items.map((item) => item.at)),
      after,
      order: (this.#order += 1),
      chat: this.#chat,
      tab: this.#tab,
      state: "sending",
      ...more,
    };
    this.#save(item);
    return item;
  }

  /** The message that this tab has to send next. */
  next(): Pending | undefined {
    return this.items.find((item) => item.state === "sending" && item.tab === this.#tab);
  }

  /** What other tabs have to send. */
  others(): Pending[] {
    return this.items.filter((item) => item.state === "sending" && item.tab !== this.#tab);
  }

  /** Makes another tab's message this tab's. */
  adopt(key: string): void {
    this.sync();
    const item = this.#items.get(key);
    if (item?.state === "sending") this.#save({ ...item, tab: this.#tab });
  }

  /** The bridge has it on disk. */
  accepted(key: string): void {
    const item = this.#items.get(key);
    if (item) this.#items.set(key, { ...item, state: "accepted" });
    this.#store.delete(PREFIX + key);
  }

  /** It is in the feed. */
  confirmed(key: string): void {
    this.#items.delete(key);
    this.#store.delete(PREFIX + key);
  }

  failed(key: string, reason: FailReason): void {
    const item = this.#items.get(key);
    // A change that is not taken did not happen; there is no line that could tell of it.
    if (item?.change) this.confirmed(key);
    else if (item) this.#save({ ...item, state: "failed", reason });
  }

  /** Sends a failed message again, as the last one written. */
  retry(key: string, now: number, after: number): void {
    const item = this.#items.get(key);
    if (item?.state !== "failed") return;
    this.confirmed(key);
    const { email, replyTo, files } = item;
    this.add(item.text, now, after, {
      ...(email !== undefined && { email }),
      ...(replyTo !== undefined && { replyTo }),
      ...(files && { files }),
    });
  }

  /** The chat is left: nothing of it stays in the browser. */
  clear(): void {
    for (const name of this.#store.names(PREFIX)) this.#store.delete(name);
    this.#items.clear();
  }

  #save(item: Pending): void {
    this.#items.set(item.key, item);
    this.#store.set(PREFIX + item.key, JSON.stringify(item));
  }

  #stored(name: string): Pending | null {
    const item = readObject(this.#store, name) as Pending | null;
    const sound = typeof item?.text === "string" && PREFIX + item.key === name && item.chat === this.#chat;
    return sound ? item : null;
  }
}
