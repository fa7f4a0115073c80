// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { agentSays, LIVE, own } from "./fakes";
import {
  box,
  click,
  closePage,
  exchange,
  find,
  get,
  kept,
  minimise,
  openPage,
  press,
  settle,
  startChat,
  type,
} from "./page";

beforeEach(() => openPage());
afterEach(closePage);

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
    expect(get("status").textContent).toBe("You are number 3.");
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

    await click("download");
    expect(get("ended").textContent).toContain("could not be downloaded");
    kept.transcript = new Blob(["<!doctype html>"]);
    const saved = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
      this: HTMLAnchorElement,
    ) {
      expect(this.download).toBe("chat-42.html");
    });
    await click("download");
    expect(saved).toHaveBeenCalledTimes(1);
    expect(get("ended").textContent).not.toContain("could not be downloaded");
    saved.mockRestore();

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
