// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agentSays, FakeBrowser, openChat, own } from "./fakes";
import {
  box,
  click,
  closePage,
  exchange,
  get,
  minimise,
  openPage,
  press,
  settle,
  startChat,
  type,
} from "./page";

beforeEach(() => openPage());
afterEach(closePage);

const KEY = "key-12345";

/** A chat in which both sides have said something. */
async function talk(): Promise<void> {
  await startChat();
  exchange.last.entry({ seq: 1, at: 1, kind: "joined", name: "Anna" });
  exchange.last.entry(agentSays(2, "hello"));
  exchange.last.entry(own(3, KEY, "helo"));
  await settle();
}

function texts(): string[] {
  return [...box.querySelectorAll(".message .text")].map((element) => element.textContent);
}

/** Opens the actions of a message, and presses one. */
async function act(line: number, action: string): Promise<void> {
  const message = box.querySelectorAll<HTMLElement>(".message")[line];
  message?.querySelector<HTMLElement>('[data-testid="actions"]')?.click();
  await settle();
  message?.querySelector<HTMLElement>(`[data-testid="${action}"]`)?.click();
  await settle();
}

describe("what others have changed", () => {
  it("is shown where the message stands", async () => {
    await talk();
    exchange.last.entry({
      seq: 4,
      at: 4,
      kind: "edited",
      target: 2,
      content: [{ type: "text", text: "hello!" }],
    });
    exchange.last.entry({ seq: 5, at: 5, kind: "reaction", target: 3, emoji: "❤", by: "Anna", on: true });
    exchange.last.entry({
      seq: 6,
      at: 6,
      kind: "reaction",
      target: 3,
      emoji: "❤\uFE0F",
      by: "Ben",
      on: true,
    });
    await settle();
    expect(texts()).toEqual(["hello!", "helo"]);
    expect(get("edited").textContent).toBe("edited");
    expect(get("reactions").textContent).toBe("❤2");
    expect(get("reactions").querySelector("button")?.getAttribute("aria-label")).toBe("❤ Anna and Ben");
    exchange.last.entry({ seq: 7, at: 7, kind: "reaction", target: 3, emoji: "❤", by: "Anna", on: false });
    exchange.last.entry({ seq: 8, at: 8, kind: "removed", target: 2 });
    await settle();
    expect(get("reactions").textContent).toBe("❤");
    expect(texts()[0]).toBe("This message was removed.");
    expect(box.textContent).not.toContain("hello");
  });

  it("is quoted as it is now, and leads there", async () => {
    await talk();
    exchange.last.entry({ ...agentSays(4, "as I said"), reply_to: 2 } as never);
    await settle();
    expect(get("quote").textContent).toContain("hello");
    await click("quote");
    expect(document.activeElement?.id).toBe("m-2");
    exchange.last.entry({ seq: 5, at: 5, kind: "removed", target: 2 });
    await settle();
    expect(get("quote").textContent).toContain("This message was removed.");
  });
});

describe("messages with files", () => {
  const photo = { id: "12345678", name: "photo.jpg", kind: "jpeg", size: 9 } as const;

  it("are quoted by the files' names, and gone when they are removed", async () => {
    await startChat();
    exchange.last.entry({ seq: 1, at: 1, kind: "joined", name: "Anna" });
    exchange.last.entry({ seq: 2, at: 2, kind: "agent", name: "Anna", content: [], files: [photo] });
    exchange.last.entry({ ...agentSays(3, "that one"), reply_to: 2 } as never);
    await settle();
    expect(get("quote").textContent).toContain("📎 photo.jpg");
    exchange.last.entry({ seq: 4, at: 4, kind: "removed", target: 2 });
    await settle();
    expect(box.querySelector('[data-testid="file"]')).toBeNull();
    expect(box.textContent).not.toContain("photo.jpg");
  });

  it("can be edited if they have a text", async () => {
    await startChat();
    exchange.last.entry({ ...own(1, KEY, ""), files: [photo] } as never);
    exchange.last.entry({ ...own(2, "key-23456", "look"), files: [photo] } as never);
    await settle();
    await act(0, "edit");
    expect(box.querySelector('[data-testid="task"]')).toBeNull();
    await act(1, "edit");
    expect(get("task").textContent).toContain("look");
  });
});

describe("what the customer changes", () => {
  it("is an edit, with the draft kept for later", async () => {
    await talk();
    await type("composer", "a draft");
    await act(1, "edit");
    expect((get("composer") as HTMLTextAreaElement).value).toBe("helo");
    await type("composer", "hello");
    await press("composer", "Enter");
    const [frame] = exchange.last.of("edit");
    expect(frame).toMatchObject({ type: "edit", target: 3, text: "hello" });
    // It is shown at once, and stays when the bridge has it.
    expect(texts()).toEqual(["hello", "hello"]);
    expect((get("composer") as HTMLTextAreaElement).value).toBe("a draft");
    const { key } = frame as { key: string };
    exchange.last.frame({ type: "accepted", key });
    exchange.last.entry({
      seq: 4,
      at: 4,
      kind: "edited",
      target: 3,
      content: [{ type: "text", text: "hello" }],
      key,
    });
    await settle();
    expect(texts()).toEqual(["hello", "hello"]);
  });

  it("is given up with Escape, and the widget stays open", async () => {
    await talk();
    await act(1, "edit");
    await press("composer", "Escape");
    expect((get("composer") as HTMLTextAreaElement).value).toBe("");
    expect(box.querySelector('[data-testid="task"]')).toBeNull();
    expect(minimise).not.toHaveBeenCalled();
  });

  it("is a removal, asked about once", async () => {
    await talk();
    await act(1, "remove");
    expect(exchange.last.of("remove")).toEqual([]);
    await click("remove");
    expect(exchange.last.of("remove")).toMatchObject([{ target: 3 }]);
    expect(texts()[1]).toBe("This message was removed.");
  });

  it("is a reply", async () => {
    await talk();
    await act(0, "reply");
    expect(get("task").textContent).toContain("Reply to Anna");
    await type("composer", "hi");
    await press("composer", "Enter");
    expect(exchange.last.of("send")).toMatchObject([{ text: "hi", reply_to: 2 }]);
    expect(get("quote").textContent).toContain("hello");
  });

  it("is a reaction, and its taking back", async () => {
    await talk();
    exchange.last.entry({ seq: 4, at: 4, kind: "reaction", target: 2, emoji: "👍", by: "Anna", on: true });
    await settle();
    const press = async () => {
      get("reactions").querySelector("button")?.click();
      await settle();
    };
    await press();
    expect(exchange.last.of("react")).toMatchObject([{ target: 2, emoji: "👍", on: true }]);
    expect(get("reactions").textContent).toBe("👍2");
    exchange.last.frame({ type: "accepted", key: (exchange.last.of("react")[0] as { key: string }).key });
    await settle();
    await press();
    expect(exchange.last.of("react")[1]).toMatchObject({ target: 2, emoji: "👍", on: false });
  });

  it("is nothing any more when the chat is over", async () => {
    await talk();
    exchange.last.entry({ seq: 4, at: 4, kind: "ended", by: "agent" });
    await settle();
    expect(box.querySelector('[data-testid="actions"]')).toBeNull();
  });
});

describe("a change", () => {
  it("is kept until the bridge has it, and goes if it is not taken", () => {
    const browser = new FakeBrowser();
    const { chat, exchange } = openChat(browser, "a");
    exchange.last.welcome(1);
    exchange.last.entry(own(1, KEY, "helo"));
    chat.edit(1, "hello");
    const again = openChat(browser, "a");
    again.exchange.last.welcome(1);
    again.exchange.last.entry(own(1, KEY, "helo"));
    const [frame] = again.exchange.last.of("edit");
    expect(frame).toMatchObject({ target: 1, text: "hello" });
    const shown = () => again.chat.view().items.map((item) => item.kind === "own" && item.text);
    expect(shown()).toEqual(["hello"]);
    const { key } = frame as { key: string };
    again.exchange.last.frame({ type: "refused", key, reason: "no_target", retry_after_ms: null });
    expect(shown()).toEqual(["helo"]);
    again.chat.close();
    chat.close();
  });
});
