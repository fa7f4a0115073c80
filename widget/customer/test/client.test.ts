import type { ChatStarted, SiteInfo, StartChat } from "@switchboard/shared/wire";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, type Api } from "../src/client/api";
import { Client, type ClientOptions } from "../src/client/client";
import { openStore } from "../src/client/storage";
import { agentSays, Exchange, FakeBrowser, FakeStorage, LIVE, own, queue, SITE } from "./fakes";

let browser: FakeBrowser;

beforeEach(() => {
  vi.useFakeTimers();
  browser = new FakeBrowser();
});
afterEach(() => {
  vi.useRealTimers();
});

class FakeApi {
  readonly starts: StartChat[] = [];
  /** What the next requests throw; after that they succeed. */
  readonly failures: Error[] = [];
  chats = 0;
  /** What the bridge says of the token and the variables. */
  taken: Pick<ChatStarted, "verified" | "token_fault" | "ignored"> = { verified: false };
  /** What the next requests for the site get. */
  info: SiteInfo = SITE;

  site(): Promise<SiteInfo> {
    return Promise.resolve(this.info);
  }

  start(_site: string, body: StartChat): Promise<ChatStarted> {
    this.starts.push(body);
    const failure = this.failures.shift();
    if (failure !== undefined) return Promise.reject(failure);
    this.chats += 1;
    return Promise.resolve({ token: `T${String(this.chats)}`, number: 41 + this.chats, ...this.taken });
  }
}

async function openClient(
  tab = "a",
  api = new FakeApi(),
  store = browser.store(),
  more: Partial<ClientOptions> = {},
) {
  const exchange = new Exchange();
  const client = new Client({
    site: "shop",
    api: api as unknown as Api,
    store,
    tabs: browser.tab(tab),
    dials: () => ({ socket: exchange.dial, polling: exchange.dial }),
    random: () => 1,
    ...more,
  });
  await vi.advanceTimersByTimeAsync(0);
  return { client, api, exchange };
}

describe("who the customer is", () => {
  it("is asked anew for each try, and told to the bridge", async () => {
    const api = new FakeApi();
    api.failures.push(new TypeError("no network"));
    let asked = 0;
    const identify = () => Promise.resolve({ token: `t${String((asked += 1))}`, variables: { order: "1" } });
    const { client } = await openClient("a", api, browser.store(), { identify });
    client.start("Mia");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(api.starts.map(({ token, variables }) => [token, variables])).toEqual([
      ["t1", { order: "1" }],
      ["t2", { order: "1" }],
    ]);
    expect(api.starts[0]?.start_key).toBe(api.starts[1]?.start_key);
  });

  it("is not mentioned where the page says nothing", async () => {
    const { client, api } = await openClient();
    client.start("Mia");
    await vi.advanceTimersByTimeAsync(0);
    expect(Object.keys(api.starts[0] ?? {}).sort()).toEqual(["name", "start_key"]);
  });

  it("starts the chat all the same, and tells integrators, when it was not accepted", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    const api = new FakeApi();
    api.taken = { verified: false, token_fault: "expired", ignored: ["colour"] };
    const { client } = await openClient("a", api);
    client.start("Mia");
    await vi.advanceTimersByTimeAsync(0);
    expect(client.view().chat).not.toBeNull();
    expect(warned.mock.calls.flat().join("\n")).toMatch(/\(expired\)[^]*colour/);
    warned.mockRestore();
  });
});

describe("starting", () => {
  it("opens a chat and remembers it", async () => {
    const { client, exchange } = await openClient();
    expect(client.view()).toMatchObject({ site: { title: "Shop" }, chat: null });
    expect(client.start("Mia")).toBe(true);
    expect(client.view().starting).toBe("trying");
    await vi.advanceTimersByTimeAsync(0);
    expect(client.view()).toMatchObject({ starting: "no", chat: { number: 42 } });
    expect(exchange.last.greeting.token).toBe("T1");
    const again = await openClient("b");
    expect(again.client.view().chat?.number).toBe(42);
  });

  it("wants a name of fitting length", async () => {
    const { client, api } = await openClient();
    expect(client.start("  ")).toBe(false);
    expect(client.start("x".repeat(81))).toBe(false);
    expect(client.start("😀".repeat(80))).toBe(true);
    expect(api.starts).toHaveLength(1);
  });

  it("is tried with the same key until the bridge answers", async () => {
    const { client, api } = await openClient();
    api.failures.push(new TypeError("network"), new ApiError("too_fast", 3_000), new ApiError("unavailable"));
    client.start("Mia");
    await vi.advanceTimersByTimeAsync(0);
    expect(client.view().starting).toBe("struggling");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(client.view().chat).not.toBeNull();
    expect(api.starts).toHaveLength(4);
    expect(new Set(api.starts.map((start) => start.start_key)).size).toBe(1);
    expect(api.starts[0]?.start_key).toMatch(/^[A-Za-z0-9_-]{22,64}$/);
  });

  it("keeps its key over a reload, so that a lost answer cannot make two chats", async () => {
    const first = await openClient("a");
    first.api.failures.push(...Array.from({ length: 50 }, () => new TypeError("network")));
    first.client.start("Mia");
    await vi.advanceTimersByTimeAsync(1_000);
    const second = await openClient("b");
    expect(second.client.view().name).toBe("Mia");
    second.client.start("Mia");
    await vi.advanceTimersByTimeAsync(0);
    expect(second.api.starts[0]?.start_key).toBe(first.api.starts[0]?.start_key);
  });

  it("tells when the bridge refuses for good", async () => {
    const { client, api } = await openClient();
    api.failures.push(new ApiError("forbidden_origin"));
    client.start("Mia");
    await vi.advanceTimersByTimeAsync(0);
    expect(client.view()).toMatchObject({ starting: "no", notice: "forbidden", chat: null });
  });
});

describe("the queues of the site", () => {
  const closed = { ...SITE, queues: [queue("sales"), queue("help", { open: false })] };

  it("are chosen from at the start", async () => {
    const { client, api } = await openClient();
    client.start("Mia", "help");
    await vi.advanceTimersByTimeAsync(0);
    expect(api.starts[0]).toMatchObject({ name: "Mia", queue: "help" });
  });

  it("are asked for again when the customer looks, but not all the time", async () => {
    const { client, api } = await openClient();
    api.info = closed;
    client.refresh();
    await vi.advanceTimersByTimeAsync(0);
    expect(client.view().site).toBe(SITE);
    await vi.advanceTimersByTimeAsync(31_000);
    client.refresh();
    await vi.advanceTimersByTimeAsync(0);
    expect(client.view().site).toBe(closed);
  });

  it("are asked for again when the bridge does not know the chosen one any more", async () => {
    const { client, api } = await openClient();
    api.info = closed;
    api.failures.push(new ApiError("bad_request"));
    client.start("Mia", "gone");
    await vi.advanceTimersByTimeAsync(0);
    expect(client.view()).toMatchObject({ notice: "start_failed", site: closed });
  });
});

describe("an answer that came while the customer was away", () => {
  it("is there when they come back, unread, though the chat has ended", async () => {
    const first = await openClient("a");
    first.client.start("Mia");
    await vi.advanceTimersByTimeAsync(0);
    first.exchange.last.welcome(3, { ...LIVE, phase: "left" });
    const before = [
      { seq: 1, at: 1, kind: "form" as const, why: "closed" as const, text: "" },
      own(2, "key", "Where is it?"),
      { seq: 3, at: 3, kind: "message_left" as const },
    ];
    for (const entry of before) first.exchange.last.entry(entry);
    browser.closeTab("a");

    const { client, exchange } = await openClient("b");
    expect(exchange.last.greeting).toEqual({ token: "T1", after: 0 });
    exchange.last.welcome(6, { ...LIVE, phase: "ended" });
    for (const entry of before) exchange.last.entry(entry);
    exchange.last.entry({ seq: 4, at: 4, kind: "joined", name: "Anna" });
    exchange.last.entry(agentSays(5, "It is on its way."));
    exchange.last.entry({ seq: 6, at: 6, kind: "ended", by: "agent" });
    expect(client.view().chat).toMatchObject({ number: 42, ended: "agent", unread: 1 });

    // Not even another visit throws it away before it was seen.
    const third = await openClient("c");
    expect(third.client.view().chat?.number).toBe(42);
    client.look(true);
    expect(client.view().chat?.unread).toBe(0);
  });
});

describe("tabs", () => {
  it("open the chat that another tab has started, and a new one after it", async () => {
    const a = await openClient("a");
    const b = await openClient("b", a.api);
    a.client.start("Mia");
    await vi.advanceTimersByTimeAsync(0);
    expect(b.client.view().chat?.number).toBe(42);
    a.exchange.last.welcome(1);
    a.exchange.last.entry({ seq: 1, at: 1, kind: "ended", by: "agent" });
    a.client.startOver();
    a.client.start("Mia");
    await vi.advanceTimersByTimeAsync(0);
    expect(a.client.view().chat?.number).toBe(43);
    expect(b.client.view().chat?.number).toBe(43);
    expect(b.exchange.last.greeting).toEqual({ token: "T2", after: 0 });
  });
});

describe("a session that the bridge does not know", () => {
  it("is forgotten, and the customer is told", async () => {
    const { client, exchange } = await openClient();
    client.start("Mia");
    await vi.advanceTimersByTimeAsync(0);
    exchange.last.frame({ type: "error", code: "not_found", message: "", fatal: true });
    expect(client.view()).toMatchObject({ chat: null, notice: "chat_lost", name: "Mia" });
    const again = await openClient("b");
    expect(again.client.view().chat).toBeNull();
  });

  it("does not take a newer one of another tab with it", async () => {
    const { client, exchange } = await openClient();
    client.start("Mia");
    await vi.advanceTimersByTimeAsync(0);
    browser.store().set("", JSON.stringify({ token: "T9", number: 99 }));
    exchange.last.frame({ type: "error", code: "not_found", message: "", fatal: true });
    expect(client.view()).toMatchObject({ chat: { number: 99 }, notice: null });
  });
});

describe("without storage", () => {
  it("a chat lives as long as its page", async () => {
    const denied = () =>
      openStore("shop", () => {
        throw new DOMException("no", "SecurityError");
      });
    const { client, exchange } = await openClient("a", new FakeApi(), denied());
    client.start("Mia");
    await vi.advanceTimersByTimeAsync(0);
    client.chat?.send("hello");
    exchange.last.welcome();
    expect(exchange.last.texts).toEqual(["hello"]);
    exchange.last.lose();
    await vi.advanceTimersByTimeAsync(1_000);
    exchange.last.welcome();
    expect(exchange.last.texts).toEqual(["hello"]);
  });

  it("and with a full one, too", async () => {
    const storage = new FakeStorage();
    storage.full = true;
    const { client } = await openClient(
      "a",
      new FakeApi(),
      openStore("shop", () => storage),
    );
    client.start("Mia");
    await vi.advanceTimersByTimeAsync(0);
    client.chat?.send("hello");
    expect(client.view().chat?.items).toHaveLength(1);
  });

  it("damaged values count as absent", async () => {
    browser.storage.setItem("switchboard:shop", "{]");
    browser.storage.setItem("switchboard:shop:out:x", "7");
    const { client } = await openClient();
    expect(client.view().chat).toBeNull();
  });
});
