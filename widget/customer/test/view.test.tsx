// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ChatStarted, SiteInfo } from "@switchboard/shared/wire";
import type { Api } from "../src/client/api";
import { Client } from "../src/client/client";
import { App } from "../src/view/App";
import { agentSays, Exchange, FakeBrowser, LIMITS, LIVE, own } from "./fakes";

const SITE: SiteInfo = {
  title: "Shop",
  greeting: "Hello",
  colour: "#336699",
  ask_name: true,
  limits: LIMITS,
};

let box: HTMLElement;
let exchange: Exchange;
let minimise: () => void;

beforeEach(async () => {
  vi.useFakeTimers();
  exchange = new Exchange();
  box = document.body.appendChild(document.createElement("div"));
  const api = {
    site: () => Promise.resolve(SITE),
    start: () => Promise.resolve<ChatStarted>({ token: "T", number: 42 }),
  };
  const browser = new FakeBrowser();
  const client = new Client({
    site: "shop",
    api: api as unknown as Api,
    store: browser.store(),
    tabs: browser.tab("a"),
    dials: () => ({ socket: exchange.dial, polling: exchange.dial }),
  });
  let saved = "";
  const draft = { read: () => saved, write: (text: string) => (saved = text) };
  minimise = vi.fn();
  render(<App client={client} draft={draft} open onMinimise={minimise} />, box);
  await settle();
});
afterEach(() => {
  render(null, box);
  box.remove();
  vi.useRealTimers();
});

/** Lets timers and effects run. */
async function settle(): Promise<void> {
  await act(async () => {
    await vi.advanceTimersByTimeAsync(150);
  });
}

const find = (id: string) => box.querySelector<HTMLElement>(`[data-testid="${id}"]`);

function get(id: string): HTMLElement {
  const element = find(id);
  if (!element) throw new Error(`no ${id}`);
  return element;
}

async function type(id: string, text: string): Promise<void> {
  const field = get(id) as HTMLInputElement;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await settle();
}

async function press(id: string, key: string, more: KeyboardEventInit = {}): Promise<void> {
  get(id).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  await settle();
}

async function click(id: string): Promise<void> {
  get(id).click();
  await settle();
}

async function startChat(): Promise<void> {
  await type("name", "Mia");
  await click("start");
  exchange.last.welcome(0, { ...LIVE, phase: "waiting", position: 3 });
  await settle();
}

describe("the welcome", () => {
  it("asks for a name", async () => {
    expect(box.querySelector("h1")?.textContent).toBe("Shop");
    await click("start");
    expect(box.textContent).toContain("Please enter your name.");
    expect(exchange.links).toHaveLength(0);
    expect(document.documentElement.style.getPropertyValue("--accent")).toBe("#336699");
  });
});

describe("the conversation", () => {
  it("tells how things stand", async () => {
    await startChat();
    expect(get("status").textContent).toBe("Waiting – you are number 3");
    exchange.last.entry({ seq: 1, at: 1, kind: "joined", name: "Anna" });
    exchange.last.frame({ type: "live", ...LIVE, typing: ["Anna"] });
    await settle();
    expect(get("status").textContent).toBe("Anna is here");
    expect(get("typing").textContent).toContain("Anna is typing");
    exchange.last.lose();
    for (let i = 0; i < 12; i += 1) await settle();
    expect(get("status").textContent).toBe("Reconnecting…");
  });

  it("sends with Enter, breaks lines with Shift, and leaves input methods alone", async () => {
    await startChat();
    await type("composer", "hello <b>there</b>");
    await press("composer", "Enter", { shiftKey: true });
    await press("composer", "Enter", { isComposing: true });
    expect(exchange.last.texts).toEqual([]);
    await press("composer", "Enter");
    expect(exchange.last.texts).toEqual(["hello <b>there</b>"]);
    expect((get("composer") as HTMLTextAreaElement).value).toBe("");
    expect(get("message").dataset["state"]).toBe("sending");
    expect(get("message").querySelector(".text")?.textContent).toBe("hello <b>there</b>");
    exchange.last.entry(own(1, exchange.last.lastKey, "hello <b>there</b>"));
    exchange.last.frame({ type: "live", ...LIVE, delivered: 1, seen: 1 });
    await settle();
    expect(get("message").dataset["state"]).toBe("seen");
    expect(get("message").textContent).toContain("Seen");
  });

  it("does not send what is too long, and says so", async () => {
    await startChat();
    await type("composer", "x".repeat(16_400));
    await press("composer", "Enter");
    expect(exchange.last.texts).toEqual([]);
    expect(box.textContent).toContain("remove about 16 characters");
  });

  it("tells why a message failed and tries again", async () => {
    await startChat();
    await type("composer", "one");
    await click("send");
    exchange.last.frame({
      type: "refused",
      key: exchange.last.lastKey,
      reason: "too_many",
      retry_after_ms: null,
    });
    await settle();
    expect(get("message").dataset["state"]).toBe("failed");
    expect(get("message").textContent).toContain("too many messages are waiting");
    await click("retry");
    expect(exchange.last.texts).toEqual(["one", "one"]);
  });

  it("says that the shown messages of agents were seen", async () => {
    await startChat();
    exchange.last.entry(agentSays(1, "hi"));
    await settle();
    expect(exchange.last.of("seen")).toEqual([{ type: "seen", seq: 1 }]);
  });

  it("is read out only as far as it is new", async () => {
    await startChat();
    expect(box.querySelector("[role=log]")?.getAttribute("aria-live")).toBe("polite");
    exchange.last.lose();
    for (let i = 0; i < 8; i += 1) await settle();
    exchange.last.welcome(2);
    await settle();
    expect(box.querySelector("[role=log]")?.getAttribute("aria-live")).toBe("off");
  });
});

describe("the end", () => {
  it("asks first, then ends, then offers a new chat", async () => {
    await startChat();
    await click("end");
    expect(box.querySelector("dialog")?.open).toBe(true);
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    expect(minimise).not.toHaveBeenCalled();
    await click("cancel-end");
    expect(box.querySelector("dialog")).toBeNull();
    expect(exchange.last.of("end")).toEqual([]);
    await click("end");
    await click("confirm-end");
    expect(exchange.last.of("end")).toHaveLength(1);
    expect(find("composer")).toBeNull();
    exchange.last.entry({ seq: 1, at: 1, kind: "ended", by: "customer" });
    await settle();
    expect(get("ended").textContent).toContain("You have ended the chat");
    expect(find("end")).toBeNull();
    await click("start-new");
    expect((get("name") as HTMLInputElement).value).toBe("Mia");
  });

  it("tells that no agent is free", async () => {
    await startChat();
    exchange.last.entry({ seq: 1, at: 1, kind: "ended", by: "no_agent" });
    await settle();
    expect(get("ended").dataset["by"]).toBe("no_agent");
    expect(get("status").textContent).toBe("No agent is free right now");
  });
});

describe("Escape", () => {
  it("minimises", () => {
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    expect(minimise).toHaveBeenCalledOnce();
  });
});
