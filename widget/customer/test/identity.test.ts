// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { browserOf } from "../src/embed/browser";
import { meetHost, type Host } from "../src/embed/host";
import { launch, type Settings, type Switchboard } from "../src/loader/launcher";
import { BRIDGE, fakeFrames, message, SETTINGS, SHOP } from "./page-side";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("the page's side", () => {
  let widget: Switchboard;
  let inside: { postMessage: ReturnType<typeof vi.fn> };

  beforeEach(() => {
    localStorage.clear();
    inside = fakeFrames();
  });
  afterEach(() => {
    widget.destroy();
  });

  function start(more: Partial<Settings> = {}): void {
    widget = launch({ ...SETTINGS, ...more });
    widget.open();
  }
  const asks = (id: number, origin = BRIDGE, source: unknown = inside) =>
    window.dispatchEvent(message({ switchboard: "identify", id }, origin, source));
  const answers = () =>
    inside.postMessage.mock.calls.filter(([m]) => (m as { switchboard: string }).switchboard === "identity");
  async function answered(count: number): Promise<unknown[][]> {
    await vi.waitFor(() => {
      expect(answers()).toHaveLength(count);
    });
    return answers();
  }

  it("fetches a fresh token whenever a chat starts, and says where the customer is", async () => {
    start();
    let count = 0;
    widget.identify(() => Promise.resolve(`token-${String((count += 1))}`));
    widget.setVariables({ colour: "red" });
    widget.setVariables({ order: 4711, empty: null });
    asks(1);
    asks(2);
    const [first, second] = await answered(2);
    expect(first?.[0]).toEqual({
      switchboard: "identity",
      id: 1,
      token: "token-1",
      page: location.href,
      variables: { order: 4711, empty: null },
    });
    expect(first?.[1]).toBe(BRIDGE);
    expect(second?.[0]).toMatchObject({ id: 2, token: "token-2" });
  });

  it("answers nobody but the iframe of the bridge", async () => {
    start({ identify: "fixed", variables: { order: 1 } });
    asks(1, SHOP);
    asks(2, BRIDGE, window);
    asks(3);
    const all = await answered(1);
    expect(all[0]?.[0]).toMatchObject({ id: 3, token: "fixed", variables: { order: 1 } });
  });

  it("lets the chat start without a token if there is none to be had", async () => {
    const reported = vi.fn();
    vi.stubGlobal("reportError", reported);
    start();
    widget.identify(() => Promise.reject(new Error("logged out")));
    asks(1);
    expect((await answered(1))[0]?.[0]).toMatchObject({ id: 1, token: null });
    expect(reported).toHaveBeenCalledTimes(1);
    widget.identify(null);
    asks(2);
    expect((await answered(2))[1]?.[0]).toMatchObject({ id: 2, token: null });
  });
});

describe("the iframe's side", () => {
  const parent = { postMessage: vi.fn() };
  let self: EventTarget & { parent: unknown };
  let host: Host;
  const say = (data: unknown, origin = SHOP, source: unknown = parent) =>
    self.dispatchEvent(message(data, origin, source));

  beforeEach(() => {
    parent.postMessage.mockReset();
    vi.spyOn(console, "warn").mockReturnValue();
    self = Object.assign(new EventTarget(), { parent });
    host = meetHost(self as unknown as Window, { greeted: vi.fn(), opened: vi.fn() });
  });

  it("asks the page that greeted it, and believes only that", async () => {
    say({ switchboard: "hello", open: true });
    const asked = host.identify();
    expect(parent.postMessage).toHaveBeenCalledWith({ switchboard: "identify", id: 1 }, SHOP);
    const forged = { switchboard: "identity", id: 1, token: "forged", variables: {} };
    say(forged, "https://evil.example");
    say(forged, SHOP, {});
    say({ ...forged, id: 2 });
    const variables = { order: 4711, vip: true, empty: null, odd: { a: 1 } };
    say({ switchboard: "identity", id: 1, token: "good", variables, page: `${SHOP}/cart?secret=1#x` });
    expect(await asked).toEqual({
      token: "good",
      variables: { page: `${SHOP}/cart`, order: "4711", vip: "true" },
    });
  });

  it.each([
    [{ token: 7 }, {}],
    [{ token: "", page: "nowhere" }, {}],
    [{ token: null, variables: { page: "Cart" } }, { page: "Cart" }],
  ])("makes the best of %j", async (said, variables) => {
    say({ switchboard: "hello", open: true });
    const asked = host.identify();
    say({ switchboard: "identity", id: 1, ...said });
    expect(await asked).toEqual({ token: null, variables });
  });

  it("does not wait for ever", async () => {
    vi.useFakeTimers();
    say({ switchboard: "hello", open: true });
    const asked = host.identify();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await asked).toEqual({ token: null, variables: {} });
  });

  it("asks nobody where there is no page", async () => {
    const alone = new EventTarget() as EventTarget & { parent: unknown };
    alone.parent = alone;
    const nobody = meetHost(alone as unknown as Window, { greeted: vi.fn(), opened: vi.fn() });
    expect(await nobody.identify()).toEqual({ token: null, variables: {} });
  });
});

describe("the browser", () => {
  it.each([
    ["Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox 145 on Linux"],
    [
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
      "Edge 142 on Windows",
    ],
    [
      "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
      "Chrome 142 on Android",
    ],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
      "Safari 26 on iOS",
    ],
    ["curl/8", ""],
  ])("is told from %s", (agent, told) => {
    expect(browserOf(agent)).toBe(told);
  });
});
