/** One chat, from its session token to its end. Knows nothing of pages and elements. */
import type { Attachment, FileLink, Limits, LiveState, Phase, ServerFrame } from "@switchboard/shared/wire";
import { textOf, type Change } from "./changes";
import { Connection, type Dials } from "./connection";
import { Feed, type Stage } from "./feed";
import { formOf, phaseOf, type FormView } from "./form";
import { Items, type Item } from "./items";
import type { Closing } from "./link";
import { Outbox } from "./outbox";
import type { Session } from "./session";
import { readObject, type Store } from "./storage";
import type { Tabs } from "./tabs";
import { measure, wellFormed } from "./text";
import { TypingNotice } from "./typing";
import { sendFile, Uploads, type SendFile, type Upload } from "./uploads";

/** A link that comes back within this time was never missed. */
const OFFLINE_AFTER_MS = 1_500;
/** A message that nobody answers for this long shows that the link does not work. */
const ANSWER_MS = 15_000;
/** The wait after "not now" if the bridge does not say how long. */
const HOLD_MS = 2_000;
/** Entries that come together are acknowledged together. */
const ACK_MS = 200;
/** How often, and from what age, messages of other tabs are looked after. */
const ADOPT_EVERY_MS = 3_000;
const ADOPT_AGE_MS = 30_000;

type Timer = "offline" | "answer" | "hold" | "ack" | "adopt";

const NOTHING_LIVE: LiveState = {
  phase: "waiting",
  position: null,
  estimate: null,
  typing: [],
  delivered: 0,
  seen: 0,
};

/** What the conversation shows. */
export interface ChatView {
  number: number;
  link: "connecting" | "online" | "offline";
  live: LiveState;
  phase: Phase;
  /** What the customer was last asked for, also after the end. */
  stage: Stage;
  form: FormView | null;
  agents: string[];
  items: Item[];
  /** Everything that was there at the last connecting has been received. */
  caughtUp: boolean;
  ended: Feed["ended"];
  /** The customer has asked for the end, and it has not come yet. */
  ending: boolean;
  unread: number;
  /** Files that are to go with the next message. */
  uploads: readonly Upload[];
  tooManyFiles: boolean;
  limits: Limits;
}

/** What a chat is made of and whom it tells. */
export interface ChatOptions {
  session: Session;
  store: Store;
  tabs: Tabs;
  dials: Dials;
  limits: Limits;
  changed(): void;
  /** The bridge will not speak of this chat with us any more. */
  lost(why: "gone" | "forbidden"): void;
  random?: () => number;
  /** Gets a link to a file of the chat. */
  link?: (token: string, id: string) => Promise<FileLink>;
  readonly sendFile?: SendFile;
}

export class Chat {
  readonly session: Session;
  readonly #o: ChatOptions;
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #items = new Items();
  readonly #typing: TypingNotice;
  readonly uploads: Uploads;
  #feed = new Feed();
  #live = NOTHING_LIVE;
  #limits: Limits;
  #link: ChatView["link"] = "connecting";
  #newest = Infinity;
  #ending = false;
  #endSent = false;
  #looking = false;
  #seen: number;
  /** What this link was told of it. */
  #seenTold = 0;
  /** The message that waits for its answer. One at a time, so that a refusal cannot change the order. */
  #inFlight: string | null = null;
  #heldUntil = 0;
  readonly #timers: { [timer in Timer]?: ReturnType<typeof setTimeout> | undefined } = {};

  constructor(options: ChatOptions) {
    this.#o = options;
    this.session = options.session;
    this.#limits = options.limits;
    this.#outbox = new Outbox(options.store, options.tabs.id, options.session.number);
    this.#seen = this.#storedSeen();
    this.#connection = new Connection(
      options.dials,
      {
        greeting: () => ({ token: this.session.token, after: this.#feed.last }),
        frame: (frame) => this.#frame(frame),
        down: (closing) => this.#down(closing),
      },
      options.random,
    );
    this.#typing = new TypingNotice((typing) => this.#connection.send({ type: "typing", typing }));
    this.uploads = new Uploads({
      token: options.session.token,
      send: options.sendFile ?? sendFile,
      limits: () => this.#limits,
      changed: () => options.changed(),
      random: options.random,
    });
    this.#connection.start();
  }

  /** A link to a file, good for a while. */
  link(id: string): Promise<FileLink> {
    return this.#o.link?.(this.session.token, id) ?? Promise.reject(new Error("no links here"));
  }

  view(): ChatView {
    const phase = phaseOf(this.#feed, this.#live);
    const form = phase === "form" && !this.#ending ? formOf(this.#feed, this.#outbox) : null;
    const items = this.#items.build(this.#feed, this.#outbox, this.#live);
    return {
      number: this.session.number,
      link: this.#link,
      live: this.#live,
      phase,
      stage: this.#feed.stage,
      form,
      agents: [...this.#feed.agents],
      // The form says itself why it is there.
      items: form ? items.filter((item) => item.id !== String(this.#feed.asked?.seq)) : items,
      caughtUp: this.#feed.last >= this.#newest,
      ended: this.#feed.ended,
      ending: this.#ending && this.#feed.ended === null,
      unread: this.#feed.agentEntriesAfter(this.#seen),
      uploads: this.uploads.list,
      tooManyFiles: this.uploads.tooMany,
      limits: this.#limits,
    };
  }

  /** Queues a message with the files that wait for it; false if it cannot be one. */
  send(text: string, email?: string, replyTo?: number): boolean {
    if (!this.uploads.ready || !this.#sendable(text, this.uploads.list.length)) return false;
    this.#queue(text, email, replyTo, this.uploads.take());
    return true;
  }

  #sendable(text: string, files: number): boolean {
    const clean = wellFormed(text).trim();
    return (clean !== "" || files > 0) && !this.#over() && measure(clean, this.#limits).fits;
  }

  #queue(text: string, email: string | undefined, replyTo: number | undefined, files: Attachment[]): void {
    this.#typing.stop();
    this.#outbox.add(wellFormed(text).trim(), Date.now(), this.#feed.last, {
      ...(email !== undefined && { email }),
      ...(replyTo !== undefined && { replyTo }),
      ...(files.length > 0 && { files }),
    });
    this.#outboxChanged();
  }

  /** Queues another text for an own message; false if it cannot be one. */
  edit(target: number, text: string): boolean {
    const clean = wellFormed(text).trim();
    if (clean === "" || !measure(clean, this.#limits).fits) return false;
    return this.#change({ type: "edit", target, text: clean });
  }

  /** Takes an own message away. */
  remove(target: number): void {
    this.#change({ type: "remove", target });
  }

  /** Reacts to a message, or takes that back. */
  react(target: number, emoji: string, on: boolean): void {
    this.#change({ type: "react", target, emoji, on });
  }

  #change(change: Change): boolean {
    if (this.#over()) return false;
    this.#typing.stop();
    this.#outbox.addChange(change, Date.now(), this.#feed.last);
    this.#outboxChanged();
    return true;
  }

  /** Sends a failed message again, as a new one. */
  retry(id: string): void {
    const entry = this.#feed.entries.find((entry) => entry.kind === "own" && entry.key === id);
    if (entry?.kind === "own") {
      this.#items.sentAgain(id);
      const { content } = this.#feed.changes.of(entry.seq);
      const text = content === null ? entry.text : textOf(content);
      const files = entry.files ?? [];
      if (this.#sendable(text, files.length)) this.#queue(text, undefined, entry.reply_to, files);
    } else {
      this.#outbox.retry(id, Date.now(), this.#feed.last);
      this.#outboxChanged();
    }
  }

  /** Takes a message that was not taken out of the chat, to be written anew. */
  takeBack(key: string): void {
    const files = this.#outbox.items.find((item) => item.key === key)?.files;
    if (files) this.uploads.putBack(files);
    this.#outbox.confirmed(key);
    this.#outboxChanged();
  }

  /** The draft has changed. */
  draft(text: string): void {
    if (!this.#over()) this.#typing.input(text.trim() === "");
  }

  /** Ends the chat, once everything written before has been sent. */
  end(): void {
    if (this.#over()) return;
    this.#ending = true;
    this.#typing.stop();
    this.#pump();
    this.#o.changed();
  }

  /** Whether the customer has the newest entries before their eyes. */
  look(looking: boolean): void {
    this.#looking = looking;
    this.#noteSeen();
  }

  /** The page came back to life or online. */
  hurry(): void {
    this.#connection.hurry();
  }

  /** Another tab has changed the storage. */
  sync(): void {
    this.#outbox.sync();
    this.#seen = Math.max(this.#seen, this.#storedSeen());
    void this.#lookAfterOthers();
    this.#pump();
    this.#o.changed();
  }

  /** Removes what is stored of this chat. */
  forget(): void {
    this.#outbox.clear();
    this.#o.store.delete("seen");
  }

  close(): void {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#typing.stop();
    this.uploads.clear();
    this.#connection.stop();
  }

  #over(): boolean {
    return this.#feed.ended !== null || this.#ending;
  }

  #frame(frame: ServerFrame): void {
    switch (frame.type) {
      case "welcome":
        this.#welcome(frame);
        break;
      case "entry":
        this.#entry(frame);
        break;
      case "live":
        this.#live = frame;
        break;
      case "accepted":
        this.#outbox.accepted(frame.key);
        this.#answered(frame.key);
        this.#o.tabs.announce();
        break;
      case "refused":
        this.#refused(frame);
        break;
      case "error":
        this.#faulted(frame);
        break;
      case "pong":
        return;
    }
    this.#o.changed();
  }

  #welcome({ newest, live, limits }: Extract<ServerFrame, { type: "welcome" }>): void {
    this.#clear("offline");
    this.#link = "online";
    this.#limits = limits;
    this.#inFlight = null;
    this.#endSent = false;
    if (newest < this.#feed.last) {
      // The bridge was set back to an earlier state; what it has now is what there is.
      this.#feed = new Feed();
      this.#seen = Math.min(this.#seen, newest);
      this.#connection.reconnect();
      return;
    }
    this.#newest = newest;
    this.#live = live;
    this.#seenTold = 0;
    this.#tellSeen();
    this.#pump();
    void this.#lookAfterOthers();
  }

  #entry(entry: Extract<ServerFrame, { type: "entry" }>): void {
    const applied = this.#feed.apply(entry);
    if (applied === "gap") this.#connection.reconnect();
    if (applied !== "new") return;
    this.#tellSeen();
    this.#timers.ack ??= setTimeout(() => {
      this.#clear("ack");
      this.#connection.send({ type: "ack", seq: this.#feed.last });
    }, ACK_MS);
    if (entry.kind === "own") {
      this.#outbox.confirmed(entry.key);
      this.#answered(entry.key);
    } else if (entry.kind === "edited" || entry.kind === "removed" || entry.kind === "reaction") {
      if (entry.key !== undefined) {
        this.#outbox.confirmed(entry.key);
        this.#answered(entry.key);
      }
    } else if (entry.kind === "undelivered") {
      // If it was a change, it did not happen.
      this.#outbox.failed(entry.key, entry.reason);
    } else if (entry.kind === "agent") {
      this.#noteSeen();
    } else if (entry.kind === "ended") {
      this.#finish();
    }
  }

  #finish(): void {
    this.#typing.stop();
    this.#connection.finish();
    for (const item of this.#outbox.items) {
      if (item.state === "sending") this.#outbox.failed(item.key, "ended");
    }
    this.#inFlight = null;
  }

  #refused({ key, reason, retry_after_ms: wait }: Extract<ServerFrame, { type: "refused" }>): void {
    if (reason === "too_fast" || reason === "unavailable") {
      this.#hold(wait ?? HOLD_MS);
    } else {
      this.#outbox.failed(key, reason);
    }
    this.#answered(key);
  }

  #faulted({ code }: Extract<ServerFrame, { type: "error" }>): void {
    if (code === "unavailable" && this.#endSent) {
      this.#endSent = false;
      this.#hold(HOLD_MS);
    }
    // What the bridge does not understand was a message, if anything: sending it again cannot help.
    if ((code !== "bad_request" && code !== "too_large") || this.#inFlight === null) return;
    const key = this.#inFlight;
    this.#outbox.failed(key, code === "too_large" ? "too_long" : "rejected");
    this.#answered(key);
  }

  /** Sends nothing for a while. */
  #hold(ms: number): void {
    this.#heldUntil = Date.now() + ms;
    this.#clear("hold");
    this.#timers.hold = setTimeout(() => {
      this.#heldUntil = 0;
      this.#pump();
    }, ms);
  }

  #down(closing: Closing): void {
    this.#clear("answer");
    this.#inFlight = null;
    if (closing.why === "gone" || closing.why === "forbidden") {
      this.#o.lost(closing.why);
      return;
    }
    if (this.#feed.ended === null && this.#link === "online") {
      this.#timers.offline ??= setTimeout(() => {
        this.#clear("offline");
        this.#link = "offline";
        this.#o.changed();
      }, OFFLINE_AFTER_MS);
    }
  }

  /** Sends what is next, if its turn has come. */
  #pump(): void {
    if (!this.#connection.up || this.#feed.ended !== null || this.#inFlight !== null) return;
    if (Date.now() < this.#heldUntil) return;
    const item = this.#outbox.next();
    if (item) {
      const { key, text, email, replyTo, files, change } = item;
      const frame = change
        ? { ...change, key }
        : {
            type: "send" as const,
            key,
            text,
            ...(email !== undefined && { email }),
            ...(replyTo !== undefined && { reply_to: replyTo }),
            ...(files && { files: files.map((file) => file.id) }),
          };
      if (!this.#connection.send(frame)) return;
      this.#inFlight = item.key;
      this.#clear("answer");
      this.#timers.answer = setTimeout(() => this.#connection.reconnect(), ANSWER_MS);
    } else if (this.#ending && !this.#endSent) {
      this.#endSent = this.#connection.send({ type: "end" });
    }
  }

  #answered(key: string): void {
    if (this.#inFlight !== key) return;
    this.#inFlight = null;
    this.#clear("answer");
    this.#pump();
  }

  #outboxChanged(): void {
    this.#o.tabs.announce();
    this.#pump();
    this.#o.changed();
  }

  /**
   * Each tab sends what was written in it. What a tab left behind that is gone, or that sleeps,
   * becomes ours; should two tabs send the same message, its key makes it one again.
   */
  async #lookAfterOthers(): Promise<void> {
    if (this.#outbox.others().length === 0 || this.#feed.ended !== null) return;
    this.#timers.adopt ??= setTimeout(() => {
      this.#clear("adopt");
      void this.#lookAfterOthers();
    }, ADOPT_EVERY_MS);
    const living = await this.#o.tabs.living();
    await this.#o.tabs.alone(() => {
      for (const item of this.#outbox.others()) {
        const left = living === null || !living.has(item.tab) || Date.now() - item.at > ADOPT_AGE_MS;
        if (left && this.#connection.up) this.#outbox.adopt(item.key);
      }
    });
    this.#pump();
  }

  #noteSeen(): void {
    if (!this.#looking || this.#feed.lastAgent <= this.#seen) return;
    this.#seen = this.#feed.lastAgent;
    this.#o.store.set("seen", JSON.stringify({ chat: this.session.number, seq: this.#seen }));
    this.#o.tabs.announce();
    this.#tellSeen();
    this.#o.changed();
  }

  /** Tells what was seen. Of entries that it has not sent on this link yet, the bridge takes no word. */
  #tellSeen(): void {
    if (this.#seen <= this.#seenTold || this.#feed.last < this.#seen) return;
    if (this.#connection.send({ type: "seen", seq: this.#seen })) this.#seenTold = this.#seen;
  }

  #storedSeen(): number {
    const { chat, seq } = readObject(this.#o.store, "seen") ?? {};
    return chat === this.session.number && typeof seq === "number" ? seq : 0;
  }

  #clear(timer: Timer): void {
    clearTimeout(this.#timers[timer]);
    this.#timers[timer] = undefined;
  }
}
