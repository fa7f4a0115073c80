import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { joinTabs, type Meeting } from "../src/client/tabs";
import { FakeBrowser, openChat, own } from "./fakes";

let browser: FakeBrowser;

beforeEach(() => {
  vi.useFakeTimers();
  browser = new FakeBrowser();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets everything that has been announced arrive. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

describe("two tabs", () => {
  it("show one another's messages, and only the tab that made one sends it", async () => {
    const a = openChat(browser, "a");
    const b = openChat(browser, "b");
    a.exchange.last.welcome();
    b.exchange.last.welcome();
    a.chat.send("from a");
    await settle();
    expect(b.chat.view().items).toMatchObject([{ text: "from a", state: "sending" }]);
    expect(a.exchange.last.texts).toEqual(["from a"]);
    expect(b.exchange.last.texts).toEqual([]);
    const key = a.exchange.last.lastKey;
    a.exchange.last.frame({ type: "accepted", key });
    await settle();
    expect(b.chat.view().items).toMatchObject([{ text: "from a", state: "accepted" }]);
    b.exchange.last.entry(own(1, key, "from a"));
    expect(b.chat.view().items).toHaveLength(1);
  });

  it("send what a tab left behind that is gone", async () => {
    const a = openChat(browser, "a");
    const b = openChat(browser, "b");
    a.chat.send("one");
    a.chat.send("two");
    b.exchange.last.welcome();
    await settle();
    expect(b.exchange.last.texts).toEqual([]);
    browser.closeTab("a");
    await vi.advanceTimersByTimeAsync(11_000);
    expect(b.exchange.last.texts).toEqual(["one"]);
    b.exchange.last.frame({ type: "accepted", key: b.exchange.last.lastKey });
    expect(b.exchange.last.texts).toEqual(["one", "two"]);
  });

  it("do not wait for ever for a tab that sleeps", async () => {
    const a = openChat(browser, "a");
    const b = openChat(browser, "b");
    b.exchange.last.welcome();
    a.chat.send("one");
    await vi.advanceTimersByTimeAsync(9_000);
    b.exchange.last.welcome();
    expect(b.exchange.last.texts).toEqual([]);
    await vi.advanceTimersByTimeAsync(35_000);
    expect(b.exchange.links.flatMap((link) => link.texts)).toContain("one");
  });

  it("both send where the browser cannot tell which tabs live: the key makes it one message", async () => {
    browser.canTell = false;
    const a = openChat(browser, "a");
    const b = openChat(browser, "b");
    a.exchange.last.welcome();
    b.exchange.last.welcome();
    a.chat.send("one");
    await settle();
    expect(b.exchange.last.lastKey).toBe(a.exchange.last.lastKey);
  });

  it("agree on what was seen", async () => {
    const a = openChat(browser, "a");
    const b = openChat(browser, "b");
    for (const { exchange } of [a, b]) {
      exchange.last.welcome();
      exchange.last.entry({ seq: 1, at: 1, kind: "agent", name: "Anna", content: [] });
    }
    a.chat.look(true);
    await settle();
    expect(b.chat.view().unread).toBe(0);
  });
});

describe("meeting in the browser", () => {
  const bare: Meeting = {
    locks: undefined,
    channel: undefined,
    onStorage: () => undefined,
    owns: () => true,
  };

  it("works without locks and channels", async () => {
    const tabs = joinTabs("shop", bare);
    expect(await tabs.living()).toBeNull();
    const task = vi.fn();
    await tabs.alone(task);
    expect(task).toHaveBeenCalledOnce();
    tabs.announce();
  });

  it("works where they are denied", async () => {
    const denied = () => Promise.reject(new DOMException("no", "SecurityError"));
    const tabs = joinTabs("shop", {
      ...bare,
      locks: { request: denied, query: denied },
      channel: () => {
        throw new DOMException("no", "SecurityError");
      },
    });
    expect(await tabs.living()).toBeNull();
    const task = vi.fn();
    await tabs.alone(task);
    expect(task).toHaveBeenCalledOnce();
    tabs.announce();
  });

  it("knows the tabs of this site that hold their lock", async () => {
    const held: LockInfo[] = [];
    const request = (name: string) => {
      held.push({ name, mode: "exclusive", clientId: "" });
      return new Promise<never>(() => undefined);
    };
    const locks = { request, query: () => Promise.resolve({ held, pending: [] }) } as unknown as LockManager;
    const shop = joinTabs("shop", { ...bare, locks });
    joinTabs("other", { ...bare, locks });
    expect(await shop.living()).toEqual(new Set([shop.id]));
  });

  it("hears changes of this site's storage only", () => {
    let change: (key: string | null) => void = () => undefined;
    const tabs = joinTabs("shop", {
      ...bare,
      onStorage: (listener) => (change = listener),
      owns: (key) => key === "switchboard:shop",
    });
    const listener = vi.fn();
    tabs.listen(listener);
    change("switchboard:other");
    expect(listener).not.toHaveBeenCalled();
    change("switchboard:shop");
    expect(listener).toHaveBeenCalledOnce();
  });
});
