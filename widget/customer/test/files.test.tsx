// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LIVE } from "./fakes";
import { box, click, closePage, exchange, get, openPage, settle, startChat, type } from "./page";

/** Uploads that the test answers. */
class Uploading {
  static all: Uploading[] = [];
  readonly upload = {};
  status = 0;
  response: unknown = null;
  onload: (() => void) | null = null;
  #address = "";

  open(_method: string, address: string): void {
    this.#address = address;
  }

  setRequestHeader(): void {}

  send(): void {
    Uploading.all.push(this);
  }

  abort(): void {}

  /** The bridge has it. */
  arrives(): string {
    const asked = new URL(this.#address, "https://chat.example.org").searchParams;
    const id = asked.get("key") ?? "";
    this.status = 201;
    this.response = { id, name: asked.get("name"), kind: "text", size: 5 };
    this.onload?.();
    return id;
  }
}

beforeEach(async () => {
  Uploading.all = [];
  vi.stubGlobal("XMLHttpRequest", Uploading);
  await openPage();
  await startChat();
});

afterEach(() => {
  closePage();
  vi.unstubAllGlobals();
});

async function choose(name: string): Promise<Uploading> {
  const picker = get("picker");
  Object.defineProperty(picker, "files", { value: [new File(["hello"], name)], configurable: true });
  picker.dispatchEvent(new Event("change", { bubbles: true }));
  await settle();
  const last = Uploading.all.at(-1);
  if (!last) throw new Error("nothing is sent");
  return last;
}

const chips = () => box.querySelectorAll('[data-testid="chip"]').length;

it("goes with a message that is left, and comes back if that is not taken", async () => {
  exchange.last.entry({ seq: 1, at: 1, kind: "form", why: "closed", text: "" });
  exchange.last.frame({ type: "live", ...LIVE, phase: "form" });
  await settle();
  await type("left-message", "look");
  const upload = await choose("a.txt");
  await click("leave-message");
  expect(exchange.last.of("send"), "it has not arrived").toEqual([]);
  const id = upload.arrives();
  await settle();
  await click("leave-message");
  expect(exchange.last.of("send")).toMatchObject([{ text: "look", files: [id] }]);
  expect(chips()).toBe(0);
  exchange.last.frame({
    type: "refused",
    key: exchange.last.lastKey,
    reason: "too_many",
    retry_after_ms: null,
  });
  await settle();
  // What comes back is taken over first, and shown then.
  await settle();
  expect(chips()).toBe(1);
  await click("leave-message");
  expect(exchange.last.of("send").at(-1)).toMatchObject({ text: "look", files: [id] });
});

it("stays with what was chosen when the form comes instead of an agent", async () => {
  const id = (await choose("a.txt")).arrives();
  exchange.last.entry({ seq: 1, at: 1, kind: "form", why: "nobody", text: "" });
  exchange.last.frame({ type: "live", ...LIVE, phase: "form" });
  await settle();
  expect(chips()).toBe(1);
  await type("left-message", "look");
  await click("leave-message");
  expect(exchange.last.of("send")).toMatchObject([{ text: "look", files: [id] }]);
});

it("waits for the next message during an edit", async () => {
  exchange.last.entry({ seq: 1, at: 1, kind: "joined", name: "Anna" });
  exchange.last.entry({ seq: 2, at: 2, kind: "own", key: "key-12345", text: "helo" });
  await settle();
  (await choose("a.txt")).arrives();
  await click("actions");
  await click("edit");
  await type("composer", "hello");
  await click("send");
  expect(exchange.last.of("edit")).toMatchObject([{ target: 2, text: "hello" }]);
  expect(exchange.last.of("send")).toEqual([]);
  expect(chips()).toBe(1);
});
