import type { ServerFrame } from "@switchboard/shared/wire";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { backoff, Connection } from "../src/client/connection";
import type { Closing } from "../src/client/link";
import { Exchange } from "./fakes";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function connect(withSocket = true) {
  const socket = new Exchange();
  const polling = new Exchange();
  const frames: ServerFrame[] = [];
  const downs: Closing[] = [];
  const connection = new Connection(
    { socket: withSocket ? socket.dial : null, polling: polling.dial },
    {
      greeting: () => ({ token: "T", after: 0 }),
      frame: (frame) => frames.push(frame),
      down: (closing) => downs.push(closing),
    },
    () => 1,
  );
  connection.start();
  return { socket, polling, frames, downs, connection };
}

describe("backoff", () => {
  it("doubles from half a second to fifteen, and spreads the pages", () => {
    const most = () => 1;
    expect([0, 1, 2, 3, 4, 5, 6, 50].map((attempt) => backoff(attempt, most))).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000,
    ]);
    expect(backoff(4, () => 0)).toBe(4_000);
    expect(backoff(0, () => 0)).toBe(500);
  });
});

describe("a connection", () => {
  it("waits longer after each failure, and short again after a good link", () => {
    const { socket, polling } = connect();
    socket.last.welcome();
    socket.last.lose();
    vi.advanceTimersByTime(500);
    expect(socket.links).toHaveLength(2);
    socket.last.welcome();
    socket.last.lose();
    vi.advanceTimersByTime(500);
    expect(socket.links).toHaveLength(2);
    vi.advanceTimersByTime(500);
    expect(socket.links).toHaveLength(3);
    socket.last.welcome();
    vi.advanceTimersByTime(6_000);
    socket.last.lose();
    vi.advanceTimersByTime(500);
    expect(socket.links).toHaveLength(4);
    expect(polling.links).toHaveLength(0);
  });

  it("polls after two sockets without a welcome, and goes back when a socket works", () => {
    const { socket, polling, frames, downs } = connect();
    socket.last.lose();
    vi.advanceTimersByTime(500);
    socket.last.lose();
    vi.advanceTimersByTime(1_000);
    expect([socket.links.length, polling.links.length]).toEqual([2, 1]);
    polling.last.welcome();
    expect(downs).toHaveLength(2);

    vi.advanceTimersByTime(60_000);
    expect(socket.links).toHaveLength(3);
    socket.last.lose();
    expect(polling.last.closed).toBe(false);
    vi.advanceTimersByTime(60_000);
    expect(socket.links).toHaveLength(4);
    socket.last.welcome();
    expect(polling.last.closed).toBe(true);
    expect(frames.filter((frame) => frame.type === "welcome")).toHaveLength(2);
    expect(downs).toHaveLength(2);
  });

  it("does not blame the socket when polling fails, too", () => {
    const { socket, polling } = connect();
    socket.last.lose();
    vi.advanceTimersByTime(500);
    socket.last.lose();
    vi.advanceTimersByTime(1_000);
    polling.last.lose();
    vi.advanceTimersByTime(2_000);
    expect([socket.links.length, polling.links.length]).toEqual([3, 1]);
  });

  it("polls where there are no sockets", () => {
    const { polling, connection } = connect(false);
    polling.last.welcome();
    expect(connection.up).toBe(true);
    vi.advanceTimersByTime(200_000);
    expect(polling.links).toHaveLength(1);
  });

  it("gives up a link that is not welcomed in time", () => {
    const { socket } = connect();
    vi.advanceTimersByTime(8_500);
    expect(socket.links).toHaveLength(2);
    expect(socket.links[0]?.closed).toBe(true);
  });

  it("does not wait when the network comes back", () => {
    const { socket, connection } = connect();
    for (let i = 0; i < 4; i += 1) {
      socket.last.welcome();
      socket.last.lose();
      if (i < 3) vi.advanceTimersByTime(15_000);
    }
    const before = socket.links.length;
    connection.hurry();
    expect(socket.links).toHaveLength(before + 1);
    connection.hurry();
    expect(socket.links).toHaveLength(before + 1);
    socket.last.welcome();
    connection.hurry();
    expect(socket.last.checks).toBe(1);
  });

  it("comes back later when the bridge asks for it", () => {
    const { socket } = connect();
    socket.last.lose({ why: "later", afterMs: 4_000 });
    vi.advanceTimersByTime(4_400);
    expect(socket.links).toHaveLength(1);
    vi.advanceTimersByTime(200);
    expect(socket.links).toHaveLength(2);
  });

  it("ignores what an abandoned link still says", () => {
    const { socket, frames, connection } = connect();
    const old = socket.last;
    old.welcome();
    connection.reconnect();
    old.closed = false;
    old.frame({ type: "pong" });
    expect(frames).toHaveLength(1);
  });

  it("stops for good when told that there is no such chat", () => {
    const { socket, downs } = connect();
    socket.last.frame({ type: "error", code: "not_found", message: "", fatal: true });
    expect(downs).toEqual([{ why: "gone" }]);
    vi.advanceTimersByTime(60_000);
    expect(socket.links).toHaveLength(1);
  });

  it("comes back after an error that is not final", () => {
    const { socket, downs } = connect();
    socket.last.welcome();
    socket.last.frame({ type: "error", code: "too_slow", message: "", fatal: true });
    expect(downs).toEqual([{ why: "lost" }]);
    vi.advanceTimersByTime(1_000);
    expect(socket.links).toHaveLength(2);
  });
});
