import type { FeedPage, ServerFrame } from "@switchboard/shared/wire";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Api } from "../src/client/api";
import type { Closing } from "../src/client/link";
import { pollingDial } from "../src/client/polling";
import { socketDial } from "../src/client/socket";
import { agentSays, LIMITS, LIVE } from "./fakes";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function listener() {
  const frames: ServerFrame[] = [];
  const closings: Closing[] = [];
  const events = {
    frame: (frame: ServerFrame) => void frames.push(frame),
    closed: (closing: Closing) => void closings.push(closing),
  };
  return { frames, closings, events };
}

class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  readonly sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  receive(frame: ServerFrame | string): void {
    this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }
}

describe("a socket", () => {
  function dial() {
    FakeSocket.all = [];
    const heard = listener();
    const make = socketDial("wss://bridge/socket", FakeSocket as unknown as typeof WebSocket);
    const link = make({ token: "T", after: 7 }, heard.events);
    const socket = FakeSocket.all[0];
    if (!socket) throw new Error("no socket");
    return { ...heard, link, socket };
  }
  const welcome: ServerFrame = { type: "welcome", number: 1, newest: 0, live: LIVE, limits: LIMITS };

  it("greets first", () => {
    const { socket } = dial();
    socket.open();
    expect(socket.sent).toEqual([{ type: "hello", token: "T", after: 7 }]);
  });

  it("sends a ping every ping_seconds, and is lost if nothing answers", () => {
    const { socket, closings } = dial();
    socket.open();
    socket.receive(welcome);
    vi.advanceTimersByTime(20_000);
    expect(socket.sent.at(-1)).toEqual({ type: "ping" });
    socket.receive({ type: "pong" });
    vi.advanceTimersByTime(20_000);
    expect(socket.sent.filter((frame) => (frame as { type: string }).type === "ping")).toHaveLength(2);
    expect(closings).toEqual([]);
    vi.advanceTimersByTime(50_000);
    expect(closings).toEqual([{ why: "lost" }]);
    expect(socket.readyState).toBe(3);
  });

  it("proves itself soon after sleep", () => {
    const { socket, link, closings } = dial();
    socket.open();
    socket.receive(welcome);
    link.check();
    socket.receive({ type: "pong" });
    vi.advanceTimersByTime(5_500);
    expect(closings).toEqual([]);
    link.check();
    vi.advanceTimersByTime(5_500);
    expect(closings).toEqual([{ why: "lost" }]);
  });

  it("tells why it closed, once", () => {
    const { socket, closings } = dial();
    socket.onclose?.({ code: 1013 });
    socket.onclose?.({ code: 1006 });
    expect(closings).toEqual([{ why: "later", afterMs: null }]);
  });

  it("is lost when it carries something else than frames", () => {
    const { socket, closings } = dial();
    socket.open();
    socket.receive("<html>");
    expect(closings).toEqual([{ why: "lost" }]);
  });

  it("that may not even be made is lost a moment later", async () => {
    const heard = listener();
    const Denied = vi.fn(() => {
      throw new DOMException("no", "SecurityError");
    });
    socketDial("wss://bridge/socket", Denied as unknown as typeof WebSocket)(
      { token: "T", after: 0 },
      heard.events,
    );
    expect(heard.closings).toEqual([]);
    await vi.advanceTimersByTimeAsync(0);
    expect(heard.closings).toEqual([{ why: "lost" }]);
  });
});

describe("polling", () => {
  /** Answers requests by hand. */
  class FakeBridge {
    readonly asked: {
      method: string;
      path: string;
      body: unknown;
      answer: (reply: Response | Error) => void;
    }[] = [];

    readonly fetch: typeof fetch = (input, init) =>
      new Promise((resolve, reject) => {
        const path = (input as string).replace("/customer/v1/", "");
        const body: unknown = init?.body ? JSON.parse(init.body as string) : null;
        init?.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
        const answer = (reply: Response | Error) => (reply instanceof Error ? reject(reply) : resolve(reply));
        this.asked.push({ method: init?.method ?? "", path, body, answer });
      });

    async answer(path: string, reply: Response | Error): Promise<void> {
      const index = this.asked.findIndex((request) => request.path.startsWith(path));
      const [request] = this.asked.splice(index, 1);
      if (index < 0 || !request) throw new Error(`nobody asked for ${path}`);
      request.answer(reply);
      await vi.advanceTimersByTimeAsync(0);
    }

    paths(): string[] {
      return this.asked.map((request) => request.path);
    }
  }

  const page = (more: Partial<FeedPage>) =>
    Response.json({ number: 42, entries: [], newest: 0, live: LIVE, ...more });

  function dial() {
    const bridge = new FakeBridge();
    const heard = listener();
    const link = pollingDial(new Api(bridge.fetch), () => LIMITS)({ token: "T", after: 3 }, heard.events);
    return { bridge, link, ...heard };
  }

  it("speaks the frames of a socket", async () => {
    const { bridge, frames } = dial();
    expect(bridge.paths()).toEqual(["feed?after=3&wait=0"]);
    await bridge.answer("feed", page({ entries: [agentSays(4, "hi")], newest: 4 }));
    expect(frames.map((frame) => frame.type)).toEqual(["welcome", "entry"]);
    expect(bridge.paths()).toEqual(["feed?after=4&wait=25"]);
    await bridge.answer("feed", page({ newest: 4, live: { ...LIVE, typing: ["Anna"] } }));
    expect(frames.at(-1)).toMatchObject({ type: "live", typing: ["Anna"] });
  });

  it("says which state it knows, and begins anew when the bridge was set back", async () => {
    const { bridge, closings } = dial();
    await bridge.answer("feed", page({ entries: [agentSays(4, "hi")], newest: 4, tag: "t 1" }));
    expect(bridge.paths()).toEqual(["feed?after=4&wait=25&tag=t+1"]);
    await bridge.answer("feed", page({ entries: [agentSays(1, "old")], newest: 1 }));
    expect(closings).toEqual([{ why: "lost" }]);
    expect(bridge.asked).toHaveLength(0);
  });

  it("does not ask again and again when an answer comes at once with nothing new", async () => {
    const { bridge } = dial();
    await bridge.answer("feed", page({ newest: 3 }));
    await bridge.answer("feed", page({ newest: 3 }));
    expect(bridge.asked).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bridge.asked).toHaveLength(1);
  });

  it("posts in order, one at a time", async () => {
    const { bridge, link, frames } = dial();
    link.send({ type: "send", key: "k1", text: "one" });
    link.send({ type: "send", key: "k2", text: "two" });
    await vi.advanceTimersByTimeAsync(0);
    expect(bridge.paths().filter((path) => path === "messages")).toHaveLength(1);
    await bridge.answer("messages", new Response(null, { status: 202 }));
    expect(frames).toEqual([{ type: "accepted", key: "k1" }]);
    expect(bridge.asked.at(-1)?.body).toEqual({ key: "k2", text: "two" });
  });

  it("turns refusals into frames", async () => {
    const { bridge, link, frames, closings } = dial();
    link.send({ type: "send", key: "k1", text: "one" });
    await vi.advanceTimersByTimeAsync(0);
    const refusal = { code: "too_fast", message: "", retry_after_ms: 700, reason: "too_many" };
    await bridge.answer("messages", Response.json(refusal, { status: 429 }));
    link.send({ type: "send", key: "k2", text: "two" });
    await vi.advanceTimersByTimeAsync(0);
    await bridge.answer("messages", new Response("busy", { status: 503 }));
    expect(frames).toEqual([
      { type: "refused", key: "k1", reason: "too_many", retry_after_ms: 700 },
      { type: "refused", key: "k2", reason: "unavailable", retry_after_ms: null },
    ]);
    expect(closings).toEqual([]);
  });

  it("is lost with the network, and gone when the bridge does not know us", async () => {
    const first = dial();
    await first.bridge.answer("feed", new TypeError("network"));
    expect(first.closings).toEqual([{ why: "lost" }]);
    const second = dial();
    await second.bridge.answer("feed", new Response(null, { status: 404 }));
    expect(second.closings).toEqual([{ why: "gone" }]);
  });

  it("asks at once when it has to prove itself", async () => {
    const { bridge, link, closings } = dial();
    await bridge.answer("feed", page({ live: { ...LIVE, delivered: 1 } }));
    link.check();
    await vi.advanceTimersByTimeAsync(0);
    expect(bridge.paths().at(-1)).toBe("feed?after=3&wait=0");
    expect(closings).toEqual([]);
  });

  it("stops when it is closed", async () => {
    const { bridge, link, closings } = dial();
    link.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(closings).toEqual([]);
    expect(link.send({ type: "ping" })).toBe(false);
    expect(bridge.asked).toHaveLength(1);
  });

  it("reads on when the chat is over, until nothing more comes", async () => {
    const { bridge, frames } = dial();
    await bridge.answer(
      "feed",
      page({ entries: [{ seq: 4, at: 1, kind: "ended", by: "agent" }], newest: 4 }),
    );
    expect(bridge.paths()).toEqual(["feed?after=4&wait=25"]);
    const late = { at: 1, key: "k1" };
    await bridge.answer(
      "feed",
      page({
        entries: [
          { ...late, seq: 5, kind: "own", text: "wait" },
          { ...late, seq: 6, kind: "undelivered", reason: "ended" },
        ],
        newest: 6,
      }),
    );
    expect(frames.at(-2)).toMatchObject({ type: "entry", kind: "undelivered", key: "k1" });
    // A bridge that restarts answers early: that says nothing.
    await bridge.answer("feed", page({ newest: 6 }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bridge.paths()).toEqual(["feed?after=6&wait=25"]);
    await vi.advanceTimersByTimeAsync(25_000);
    await bridge.answer("feed", page({ newest: 6 }));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bridge.asked).toHaveLength(0);
  });
});
