/** Stand-ins for the bridge, the browser's storage and other tabs. */
import type {
  ClientFrame,
  FeedEntry,
  Limits,
  LiveState,
  QueueInfo,
  ServerFrame,
  SiteInfo,
} from "@switchboard/shared/wire";
import { Chat, type ChatOptions } from "../src/client/chat";
import type { Dials } from "../src/client/connection";
import type { Closing, Dial, Greeting, LinkEvents } from "../src/client/link";
import { openStore, type Store } from "../src/client/storage";
import type { Tabs } from "../src/client/tabs";

export const LIMITS: Limits = {
  text_bytes: 16_384,
  name_chars: 80,
  frame_bytes: 65_536,
  ping_seconds: 20,
  file_bytes: 1000,
  files: 5,
};
export const LIVE: LiveState = {
  phase: "active",
  position: null,
  estimate: null,
  typing: [],
  delivered: 0,
  seen: 0,
};

export const SITE: SiteInfo = {
  title: "Shop",
  greeting: "Hello",
  colour: "#336699",
  ask_name: true,
  queues: [],
  texts: {},
  limits: LIMITS,
};

/** A queue that a site offers. */
export function queue(id: string, more: Partial<QueueInfo> = {}): QueueInfo {
  return { id, name: `Our ${id}`, open: true, closed_text: "", greeting: "", ...more };
}

/** A link whose other end is the test. */
export class FakeLink {
  readonly sent: ClientFrame[] = [];
  closed = false;
  checks = 0;

  constructor(
    readonly greeting: Greeting,
    readonly events: LinkEvents,
  ) {}

  welcome(newest = 0, live: LiveState = LIVE): void {
    this.frame({ type: "welcome", number: 42, newest, live, limits: LIMITS });
  }

  frame(frame: ServerFrame): void {
    if (!this.closed) this.events.frame(frame);
  }

  entry(entry: FeedEntry): void {
    this.frame({ type: "entry", ...entry });
  }

  lose(closing: Closing = { why: "lost" }): void {
    if (this.closed) return;
    this.closed = true;
    this.events.closed(closing);
  }

  /** The texts sent, in order. */
  get texts(): string[] {
    return this.sent.flatMap((frame) => (frame.type === "send" ? [frame.text] : []));
  }

  /** The key of the last message sent. */
  get lastKey(): string {
    return this.sent.reduce((key, frame) => (frame.type === "send" ? frame.key : key), "");
  }

  of(type: ClientFrame["type"]): ClientFrame[] {
    return this.sent.filter((frame) => frame.type === type);
  }
}

/** Remembers every link that is dialled. */
export class Exchange {
  readonly links: FakeLink[] = [];

  readonly dial: Dial = (greeting, events) => {
    const link = new FakeLink(greeting, events);
    this.links.push(link);
    return {
      send: (frame) => {
        if (link.closed) return false;
        link.sent.push(frame);
        return true;
      },
      check: () => (link.checks += 1),
      close: () => (link.closed = true),
    };
  };

  get last(): FakeLink {
    const link = this.links.at(-1);
    if (!link) throw new Error("nothing was dialled");
    return link;
  }
}

/** The browser's storage, in memory. */
export class FakeStorage implements Storage {
  readonly #values = new Map<string, string>();
  full = false;

  get length(): number {
    return this.#values.size;
  }

  key(index: number): string | null {
    return [...this.#values.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (this.full) throw new DOMException("full", "QuotaExceededError");
    this.#values.set(key, value);
  }

  removeItem(key: string): void {
    this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
  }
}

/** A browser window with tabs that share a storage. */
export class FakeBrowser {
  readonly storage = new FakeStorage();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #living = new Set<string>();
  canTell = true;

  store(): Store {
    return openStore("shop", () => this.storage);
  }

  tab(id: string): Tabs {
    const own = new Set<() => void>();
    this.#listeners.set(id, own);
    this.#living.add(id);
    return {
      id,
      living: () => Promise.resolve(this.canTell ? new Set(this.#living) : null),
      alone: (task) => {
        task();
        return Promise.resolve();
      },
      announce: () => {
        for (const [other, listeners] of this.#listeners) {
          if (other !== id) for (const listener of listeners) queueMicrotask(listener);
        }
      },
      listen: (listener) => own.add(listener),
    };
  }

  closeTab(id: string): void {
    this.#living.delete(id);
    this.#listeners.delete(id);
  }
}

/** A chat in a tab, with its links. */
export function openChat(
  browser: FakeBrowser,
  tabId: string,
  more: Partial<ChatOptions> = {},
): { chat: Chat; exchange: Exchange; lost: string[] } {
  const exchange = new Exchange();
  const lost: string[] = [];
  const tabs = browser.tab(tabId);
  const dials: Dials = { socket: exchange.dial, polling: exchange.dial };
  const chat = new Chat({
    session: { token: "T", number: 42 },
    store: browser.store(),
    tabs,
    dials,
    limits: LIMITS,
    changed: () => undefined,
    lost: (why) => lost.push(why),
    random: () => 1,
    ...more,
  });
  tabs.listen(() => chat.sync());
  return { chat, exchange, lost };
}

export function agentSays(seq: number, text: string, name = "Anna"): FeedEntry {
  return { seq, at: seq * 1000, kind: "agent", name, content: [{ type: "text", text }] };
}

export function own(seq: number, key: string, text: string): FeedEntry {
  return { seq, at: seq * 1000, kind: "own", key, text };
}
