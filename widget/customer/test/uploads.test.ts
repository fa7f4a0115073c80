/** Files on their way, with the test as the bridge. */
import type { Attachment } from "@switchboard/shared/wire";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { judge, Uploads, type SendFile, type Sent } from "../src/client/uploads";
import { LIMITS } from "./fakes";

interface Try {
  key: string;
  ended(sent: Sent): void;
  progress(share: number): void;
  stopped: boolean;
}

function world() {
  const tries: Try[] = [];
  const send: SendFile = ({ key }, events) => {
    const one: Try = { key, ...events, stopped: false };
    tries.push(one);
    return () => (one.stopped = true);
  };
  const uploads = new Uploads({
    token: "token",
    send,
    limits: () => LIMITS,
    changed: () => undefined,
    random: () => 0,
  });
  return { tries, uploads, states: () => uploads.list.map((upload) => upload.state) };
}

const file = (name: string, length = 10) => new File(["a".repeat(length)], name, { type: "text/plain" });
const done = (id: string): Sent => ({
  what: "done",
  file: { id, name: "a.txt", kind: "text", size: 10 } satisfies Attachment,
});

beforeEach(() => {
  vi.useFakeTimers();
});

describe("uploads", () => {
  it("go at once, tell how far they are, and are handed over together", () => {
    const { tries, uploads, states } = world();
    uploads.add([file("a.txt"), file("b.txt")]);
    expect(states()).toEqual(["sending", "sending"]);
    tries[0]?.progress(0.5);
    expect(uploads.list[0]?.progress).toBe(0.5);
    tries[0]?.ended(done("a"));
    expect(uploads.ready).toBe(false);
    tries[1]?.ended(done("b"));
    expect(uploads.ready).toBe(true);
    expect(uploads.take().map((one) => one.id)).toEqual(["a", "b"]);
    expect(uploads.list).toEqual([]);
  });

  it("try again under the same key after a lost connection, by themselves or at once", () => {
    const { tries, uploads, states } = world();
    uploads.add([file("a.txt")]);
    tries[0]?.ended({ what: "again", afterMs: null });
    expect(states()).toEqual(["waiting"]);
    vi.advanceTimersByTime(60_000);
    expect(tries.length).toBe(2);
    tries[1]?.ended({ what: "again", afterMs: 120_000 });
    uploads.retry(tries[0]?.key ?? "");
    expect(tries.length).toBe(3);
    expect(new Set(tries.map((one) => one.key)).size).toBe(1);
    vi.advanceTimersByTime(300_000);
    expect(tries.length).toBe(3);
  });

  it("can be stopped", () => {
    const { tries, uploads } = world();
    uploads.add([file("a.txt")]);
    uploads.remove(tries[0]?.key ?? "");
    expect(tries[0]?.stopped).toBe(true);
    expect(uploads.list).toEqual([]);
  });

  it("are at most five, and neither empty nor too large", () => {
    const { tries, uploads } = world();
    uploads.add([file("empty", 0), file("large", 1001), ...[3, 4, 5, 6].map((n) => file(String(n)))]);
    expect(uploads.list.map((upload) => upload.fault)).toEqual(["empty", "too_large", null, null, null]);
    expect(uploads.tooMany).toBe(true);
    expect(tries.length).toBe(3);
    expect(uploads.ready).toBe(false);
  });
});

describe("answers", () => {
  it.each([
    [201, { id: "a", name: "a", kind: "text", size: 1 }, "done"],
    [415, { code: "bad_request", unfit: "markup" }, "refused"],
    [413, "a proxy's page", "refused"],
    [404, {}, "refused"],
    [429, { retry_after_ms: 5 }, "again"],
    [503, null, "again"],
    [0, null, "again"],
  ])("%i is understood", (status, body, what) => {
    expect(judge(status, body).what).toBe(what);
  });
});
