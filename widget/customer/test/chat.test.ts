import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { agentSays, FakeBrowser, LIVE, openChat, own } from "./fakes";

let browser: FakeBrowser;

beforeEach(() => {
  vi.useFakeTimers();
  browser = new FakeBrowser();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The customer's messages: text and state. */
function states(chat: ReturnType<typeof openChat>["chat"]): string[] {
  return chat.view().items.flatMap((item) => (item.kind === "own" ? [`${item.text}: ${item.state}`] : []));
}

describe("the feed", () => {
  it("is taken up after the last entry when the link comes back", () => {
    const { chat, exchange } = openChat(browser, "a");
    expect(exchange.last.greeting).toEqual({ token: "T", after: 0 });
    exchange.last.welcome(2);
    exchange.last.entry({ seq: 1, at: 1, kind: "queued" });
    exchange.last.entry(agentSays(2, "hello"));
    exchange.last.lose();
    vi.advanceTimersByTime(1_000);
    expect(exchange.links).toHaveLength(2);
    expect(exchange.last.greeting.after).toBe(2);
    exchange.last.welcome(3);
    exchange.last.entry(agentSays(3, "again"));
    expect(chat.view().items.map((item) => item.id)).toEqual(["1", "2", "3"]);
  });

  it("shows each entry once, however often it comes", () => {
    const { chat, exchange } = openChat(browser, "a");
    exchange.last.welcome(1);
    exchange.last.entry(agentSays(1, "hello"));
    exchange.last.entry(agentSays(1, "hello"));
    expect(chat.view().items).toHaveLength(1);
  });

  it("makes a new link when an entry is missing, and shows nothing out of order", () => {
    const { chat, exchange } = openChat(browser, "a");
    const first = exchange.last;
    first.welcome(3);
    first.entry(agentSays(1, "one"));
    first.entry(agentSays(3, "three"));
    expect(first.closed).toBe(true);
    expect(chat.view().items).toHaveLength(1);
    vi.advanceTimersByTime(1_000);
    expect(exchange.last.greeting.after).toBe(1);
  });

  it("starts again when the bridge was set back to an earlier state", () => {
    const { chat, exchange } = openChat(browser, "a");
    exchange.last.welcome(2);
    exchange.last.entry(agentSays(1, "one"));
    exchange.last.entry(agentSays(2, "two"));
    exchange.last.lose();
    vi.advanceTimersByTime(1_000);
    exchange.last.welcome(1);
    vi.advanceTimersByTime(2_000);
    expect(exchange.last.greeting.after).toBe(0);
    exchange.last.welcome(1);
    exchange.last.entry(agentSays(1, "one"));
    expect(chat.view().items).toHaveLength(1);
  });

  it("is acknowledged, entries that come together at once", () => {
    const { exchange } = openChat(browser, "a");
    exchange.last.welcome(2);
    exchange.last.entry(agentSays(1, "one"));
    exchange.last.entry(agentSays(2, "two"));
    vi.advanceTimersByTime(1_000);
    expect(exchange.last.of("ack")).toEqual([{ type: "ack", seq: 2 }]);
  });

  it("tells who is there", () => {
    const { chat, exchange } = openChat(browser, "a");
    exchange.last.welcome(4);
    exchange.last.entry({ seq: 1, at: 1, kind: "joined", name: "Anna" });
    exchange.last.entry({ seq: 2, at: 2, kind: "joined", name: "Anna" });
    exchange.last.entry({ seq: 3, at: 3, kind: "left", name: "Anna" });
    expect(chat.view().agents).toEqual(["Anna"]);
    exchange.last.entry({ seq: 4, at: 4, kind: "requeued" });
    expect(chat.view().agents).toEqual([]);
  });
});

describe("a message", () => {
  it("goes through its states", () => {
    const { chat, exchange } = openChat(browser, "a");
    const link = exchange.last;
    chat.send("  hi ");
    expect(states(chat)).toEqual(["hi: sending"]);
    link.welcome();
    expect(link.texts).toEqual(["hi"]);
    link.frame({ type: "accepted", key: link.lastKey });
    expect(states(chat)).toEqual(["hi: accepted"]);
    link.entry(own(1, link.lastKey, "hi"));
    expect(states(chat)).toEqual(["hi: accepted"]);
    link.frame({ type: "live", ...LIVE, delivered: 1 });
    expect(states(chat)).toEqual(["hi: delivered"]);
    link.frame({ type: "live", ...LIVE, delivered: 1, seen: 1 });
    expect(states(chat)).toEqual(["hi: seen"]);
  });

  it("waits for the one before it, so that the order stays", () => {
    const { chat, exchange } = openChat(browser, "a");
    const link = exchange.last;
    link.welcome();
    chat.send("one");
    chat.send("two");
    expect(link.texts).toEqual(["one"]);
    link.frame({ type: "accepted", key: link.lastKey });
    expect(link.texts).toEqual(["one", "two"]);
  });

  it("is sent once more, with its key, when the link was lost before the answer", () => {
    const { chat, exchange } = openChat(browser, "a");
    exchange.last.welcome();
    chat.send("one");
    chat.send("two");
    const { lastKey } = exchange.last;
    exchange.last.lose();
    vi.advanceTimersByTime(1_000);
    const link = exchange.last;
    expect(link.sent).toEqual([]);
    link.welcome();
    expect(link.sent).toEqual([{ type: "send", key: lastKey, text: "one" }]);
    link.entry(own(1, lastKey, "one"));
    link.frame({ type: "accepted", key: lastKey });
    expect(link.texts).toEqual(["one", "two"]);
    expect(states(chat)).toEqual(["one: accepted", "two: sending"]);
  });

  it("survives a reload of the page and is not shown twice", () => {
    const before = openChat(browser, "a");
    before.chat.send("one");
    browser.closeTab("a");
    const { chat, exchange } = openChat(browser, "b");
    expect(states(chat)).toEqual(["one: sending"]);
    const key = chat.view().items[0]?.id ?? "";
    exchange.last.welcome(1);
    exchange.last.entry(own(1, key, "one"));
    expect(states(chat)).toEqual(["one: accepted"]);
    expect(browser.storage.length).toBe(0);
  });

  it("is not kept for another chat", () => {
    openChat(browser, "a").chat.send("one");
    const { chat } = openChat(browser, "b", { session: { token: "U", number: 43 } });
    expect(states(chat)).toEqual([]);
    expect(browser.storage.length).toBe(0);
  });

  it("waits and is sent again when there were too many", () => {
    const { chat, exchange } = openChat(browser, "a");
    const link = exchange.last;
    link.welcome();
    chat.send("one");
    chat.send("two");
    link.frame({ type: "refused", key: link.lastKey, reason: "too_fast", retry_after_ms: 3_000 });
    vi.advanceTimersByTime(2_900);
    expect(link.texts).toEqual(["one"]);
    vi.advanceTimersByTime(200);
    expect(link.texts).toEqual(["one", "one"]);
    link.frame({ type: "accepted", key: link.lastKey });
    expect(link.texts).toEqual(["one", "one", "two"]);
  });

  it("fails when it is refused for good, and the next one goes", () => {
    const { chat, exchange } = openChat(browser, "a");
    const link = exchange.last;
    link.welcome();
    chat.send("one");
    chat.send("two");
    link.frame({ type: "refused", key: link.lastKey, reason: "too_many", retry_after_ms: null });
    expect(states(chat)).toEqual(["one: failed", "two: sending"]);
    expect(link.texts).toEqual(["one", "two"]);
    expect(chat.view().items[0]).toMatchObject({ reason: "too_many", retry: true });
    link.frame({ type: "accepted", key: link.lastKey });
    link.entry(own(1, link.lastKey, "two"));
    expect(states(chat)).toEqual(["one: failed", "two: accepted"]);
    chat.retry(chat.view().items[0]?.id ?? "");
    expect(states(chat)).toEqual(["two: accepted", "one: sending"]);
    expect(link.texts).toEqual(["one", "two", "one"]);
  });

  it("fails when it did not reach the agents, and can be sent again", () => {
    const { chat, exchange } = openChat(browser, "a");
    const link = exchange.last;
    link.welcome();
    link.entry(own(1, "key-of-one", "one"));
    link.entry({ seq: 2, at: 2, kind: "undelivered", key: "key-of-one", reason: "undeliverable" });
    expect(states(chat)).toEqual(["one: failed"]);
    chat.retry("key-of-one");
    expect(states(chat)).toEqual(["one: failed", "one: sending"]);
    expect(link.lastKey).not.toBe("key-of-one");
    expect(chat.view().items[0]).toMatchObject({ retry: false });
  });

  it("that breaks the link is not sent for ever", () => {
    const { chat, exchange } = openChat(browser, "a");
    exchange.last.welcome();
    chat.send("poison");
    exchange.last.frame({ type: "error", code: "bad_request", message: "", fatal: true });
    expect(states(chat)).toEqual(["poison: failed"]);
    vi.advanceTimersByTime(1_000);
    exchange.last.welcome();
    expect(exchange.last.texts).toEqual([]);
    chat.send("harmless");
    chat.send("more");
    exchange.last.frame({ type: "error", code: "bad_request", message: "", fatal: false });
    expect(exchange.last.texts).toEqual(["harmless", "more"]);
  });

  it("without an answer makes a new link", () => {
    const { chat, exchange } = openChat(browser, "a");
    exchange.last.welcome();
    chat.send("one");
    vi.advanceTimersByTime(16_000);
    expect(exchange.links).toHaveLength(2);
  });

  it("with nothing in it, or too long, is not taken", () => {
    const { chat } = openChat(browser, "a");
    expect(chat.send(" \n ")).toBe(false);
    expect(chat.send("ä".repeat(8_193))).toBe(false);
    expect(chat.send("ä".repeat(8_192))).toBe(true);
  });

  it("has no half surrogate pairs, which the bridge could not read", () => {
    const { chat, exchange } = openChat(browser, "a");
    exchange.last.welcome();
    chat.send("a\ud83d b\udc4d c👍");
    expect(exchange.last.texts).toEqual(["a\ufffd b\ufffd c👍"]);
  });
});

describe("the end", () => {
  it("is asked for after everything written has been sent, and again after a reconnect", () => {
    const { chat, exchange } = openChat(browser, "a");
    exchange.last.welcome();
    chat.send("bye");
    chat.end();
    expect(exchange.last.of("end")).toHaveLength(0);
    exchange.last.frame({ type: "accepted", key: exchange.last.lastKey });
    expect(exchange.last.of("end")).toHaveLength(1);
    expect(chat.view().ending).toBe(true);
    exchange.last.lose();
    vi.advanceTimersByTime(1_000);
    exchange.last.welcome();
    expect(exchange.last.of("end")).toHaveLength(1);
    exchange.last.entry({ seq: 1, at: 1, kind: "ended", by: "customer" });
    expect(chat.view()).toMatchObject({ ended: "customer", ending: false });
  });

  it("is asked for again when the bridge could not store it", () => {
    const { chat, exchange } = openChat(browser, "a");
    exchange.last.welcome();
    chat.end();
    exchange.last.frame({ type: "error", code: "unavailable", message: "", fatal: false });
    expect(exchange.last.of("end")).toHaveLength(1);
    vi.advanceTimersByTime(2_500);
    expect(exchange.last.of("end")).toHaveLength(2);
  });

  it("fails what was not sent, and makes no new link", () => {
    const { chat, exchange } = openChat(browser, "a");
    exchange.last.welcome();
    chat.send("too late");
    exchange.last.entry({ seq: 1, at: 1, kind: "ended", by: "agent" });
    expect(states(chat)).toEqual(["too late: failed"]);
    exchange.last.lose();
    vi.advanceTimersByTime(60_000);
    expect(exchange.links).toHaveLength(1);
    expect(chat.view().link).toBe("online");
    expect(chat.send("more")).toBe(false);
  });
});

describe("the link's state", () => {
  it("shows a loss only if it lasts", () => {
    const { chat, exchange } = openChat(browser, "a");
    expect(chat.view().link).toBe("connecting");
    exchange.last.welcome();
    expect(chat.view().link).toBe("online");
    exchange.last.lose();
    vi.advanceTimersByTime(600);
    expect(chat.view().link).toBe("online");
    vi.advanceTimersByTime(1_000);
    expect(chat.view().link).toBe("offline");
    exchange.last.welcome();
    expect(chat.view().link).toBe("online");
  });

  it("tells when the bridge does not know the session", () => {
    const { exchange, lost } = openChat(browser, "a");
    exchange.last.frame({ type: "error", code: "not_found", message: "", fatal: true });
    expect(lost).toEqual(["gone"]);
    vi.advanceTimersByTime(60_000);
    expect(exchange.links).toHaveLength(1);
  });
});

describe("what was seen", () => {
  it("is told only while the customer looks, and counted as unread before", () => {
    const { chat, exchange } = openChat(browser, "a");
    const link = exchange.last;
    link.welcome();
    link.entry(agentSays(1, "one"));
    link.entry(agentSays(2, "two"));
    expect(chat.view().unread).toBe(2);
    expect(link.of("seen")).toEqual([]);
    chat.look(true);
    expect(link.of("seen")).toEqual([{ type: "seen", seq: 2 }]);
    expect(chat.view().unread).toBe(0);
    link.entry(agentSays(3, "three"));
    expect(link.of("seen")).toHaveLength(2);
    chat.look(false);
    link.entry(agentSays(4, "four"));
    expect(link.of("seen")).toHaveLength(2);
    expect(chat.view().unread).toBe(1);
  });

  it("is remembered over a reload and told again to a new link", () => {
    const first = openChat(browser, "a");
    first.exchange.last.welcome();
    first.exchange.last.entry(agentSays(1, "one"));
    first.chat.look(true);
    const { chat, exchange } = openChat(browser, "b");
    exchange.last.welcome(1);
    expect(exchange.last.of("seen")).toEqual([]);
    exchange.last.entry(agentSays(1, "one"));
    expect(chat.view().unread).toBe(0);
    expect(exchange.last.of("seen")).toEqual([{ type: "seen", seq: 1 }]);
  });
});

describe("typing", () => {
  it("is told at most every three seconds, and its end once", () => {
    const { chat, exchange } = openChat(browser, "a");
    const link = exchange.last;
    link.welcome();
    for (let i = 0; i < 8; i += 1) {
      chat.draft("x".repeat(i + 1));
      vi.advanceTimersByTime(500);
    }
    expect(link.of("typing")).toEqual([
      { type: "typing", typing: true },
      { type: "typing", typing: true },
    ]);
    vi.advanceTimersByTime(6_000);
    chat.draft("");
    expect(link.of("typing").at(-1)).toEqual({ type: "typing", typing: false });
    expect(link.of("typing")).toHaveLength(3);
  });

  it("ends when the message is sent", () => {
    const { chat, exchange } = openChat(browser, "a");
    exchange.last.welcome();
    chat.draft("h");
    chat.send("h");
    expect(exchange.last.sent.map((frame) => frame.type)).toEqual(["typing", "typing", "send"]);
  });
});
