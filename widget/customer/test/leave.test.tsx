// @vitest-environment happy-dom
import type { FormReason } from "@switchboard/shared/wire";
import { afterEach, describe, expect, it } from "vitest";
import { agentSays, LIVE, own, SITE } from "./fakes";
import {
  box,
  click,
  closePage,
  exchange,
  find,
  get,
  loadPage,
  openPage,
  settle,
  startChat,
  type,
  unloadPage,
} from "./page";

afterEach(closePage);

const FORM = { ...LIVE, phase: "form" as const };
const LEFT = { ...LIVE, phase: "left" as const };

/** The bridge asks for a message. */
async function ask(why: FormReason = "closed", text = "Back at nine."): Promise<void> {
  exchange.last.entry({ seq: 1, at: 1, kind: "form", why, text });
  exchange.last.frame({ type: "live", ...FORM });
  await settle();
}

async function openForm(site = SITE): Promise<void> {
  await openPage(site);
  if (site.ask_name) await startChat();
  else {
    await click("start");
    exchange.last.welcome(0, { ...LIVE, phase: "waiting" });
    await settle();
  }
  await ask();
}

async function refuse(reason: "bad_email" | "too_many"): Promise<void> {
  exchange.last.frame({ type: "refused", key: exchange.last.lastKey, reason, retry_after_ms: null });
  await settle();
}

/** The bridge has taken the message. */
async function take(text: string): Promise<void> {
  exchange.last.frame({ type: "accepted", key: exchange.last.lastKey });
  exchange.last.entry(own(2, exchange.last.lastKey, text));
  exchange.last.entry({ seq: 3, at: 3, kind: "message_left" });
  await settle();
}

const field = (id: string) => get(id) as HTMLInputElement;

describe("the form", () => {
  it.each([
    ["closed", "We are closed right now"],
    ["nobody", "Nobody is here right now"],
    ["busy", "We are very busy right now"],
  ] as const)("says why: %s", async (why, title) => {
    await openPage();
    await startChat();
    await ask(why, "Back at <b>nine</b>.");
    const heading = box.querySelector("h2");
    expect(heading?.textContent).toBe(title);
    expect(document.activeElement).toBe(heading);
    expect(get("leave").getAttribute("aria-labelledby")).toBe(heading?.id);
    expect(get("leave").textContent).toContain("Back at <b>nine</b>.");
    expect(get("status").textContent).toBe("Leave us a message");
    expect(find("composer")).toBeNull();
  });

  it("has a label for each field, and takes over what was being written", async () => {
    await openPage();
    await startChat();
    await type("composer", "Where is");
    await ask();
    expect(field("left-message").value).toBe("Where is");
    for (const id of ["left-email", "left-message"]) {
      expect(box.querySelector(`label[for="${get(id).id}"]`)).not.toBeNull();
    }
    expect(find("left-name"), "the name was asked for before").toBeNull();
  });

  it.each([
    ["", "", "left-message", "Please write your message."],
    ["hello", "mia", "left-email", "does not look like an e-mail address"],
    ["x".repeat(16_400), "", "left-message", "remove about"],
  ])("does not send what cannot be taken: %#", async (text, email, at, fault) => {
    await openForm();
    await type("left-message", text);
    await type("left-email", email);
    await click("leave-message");
    expect(exchange.last.of("send")).toEqual([]);
    expect(box.querySelector("[role=alert]")?.textContent).toContain(fault);
    expect(get(at).getAttribute("aria-invalid")).toBe("true");
    expect(get(at).getAttribute("aria-describedby")).toBe("left-fault");
    expect(document.activeElement).toBe(get(at));
  });

  it("sends the message once, then confirms it and stays open for more", async () => {
    await openForm();
    await type("left-message", "Where is it?");
    await type("left-email", " mia@example.org ");
    await click("leave-message");
    const sent = { type: "send", text: "Where is it?", email: "mia@example.org" };
    expect(exchange.last.of("send")).toMatchObject([sent]);
    expect(get("leave-message").textContent).toBe("Sending…");
    await click("leave-message");
    expect(exchange.last.of("send")).toHaveLength(1);
    await take("Where is it?");
    expect(find("leave")).toBeNull();
    expect(box.querySelector("[role=log]")?.textContent).toContain("We have your message");
    expect(get("status").textContent).toBe("Your message waits for an answer");
    expect(field("composer").value).toBe("");
    exchange.last.frame({ type: "live", ...LEFT });
    await type("composer", "It is red.");
    await click("send");
    expect(exchange.last.texts).toEqual(["Where is it?", "It is red."]);
  });

  it("signs with a name that was not asked for before", async () => {
    await openForm({ ...SITE, ask_name: false });
    await type("left-name", "x".repeat(81));
    await type("left-message", "hello");
    await click("leave-message");
    expect(document.activeElement).toBe(get("left-name"));
    await type("left-name", " Mia ");
    await click("leave-message");
    expect(exchange.last.texts).toEqual(["hello\n\n— Mia"]);
    expect(exchange.last.of("send")[0]).not.toHaveProperty("email");
  });

  it("keeps what was written when the bridge does not take it", async () => {
    await openForm();
    await type("left-message", "hello");
    await type("left-email", "mia@example.org");
    await click("leave-message");
    await refuse("bad_email");
    expect(document.activeElement).toBe(get("left-email"));
    expect(get("leave").textContent).toContain("does not look like an e-mail address");
    expect(field("left-message").value).toBe("hello");
    await type("left-email", "");
    await click("leave-message");
    expect(exchange.last.texts).toEqual(["hello", "hello"]);
    await refuse("too_many");
    expect(get("leave").textContent).toContain("too many messages are waiting");
  });

  it("survives a reload while the message is on its way", async () => {
    await openForm();
    await type("left-message", "hello");
    await type("left-email", "mia@example.org");
    await click("leave-message");
    unloadPage();
    await loadPage();
    exchange.last.welcome(1, FORM);
    await ask();
    expect(exchange.last.of("send")).toMatchObject([{ text: "hello", email: "mia@example.org" }]);
    expect(get("leave-message").textContent).toBe("Sending…");
    await refuse("bad_email");
    expect([field("left-message").value, field("left-email").value]).toEqual(["hello", "mia@example.org"]);
  });

  it("stands below what was said before it", async () => {
    await openPage();
    await startChat();
    exchange.last.entry(own(1, "key", "anybody there?"));
    exchange.last.entry({ seq: 2, at: 2, kind: "form", why: "busy", text: "" });
    exchange.last.frame({ type: "live", ...FORM });
    await settle();
    const log = box.querySelector("[role=log]")?.textContent;
    expect(log).toContain("anybody there?");
    expect(log, "the form says it").not.toContain("We are very busy right now");
    expect(find("leave")).not.toBeNull();
  });
});

describe("a message that failed before the form", () => {
  it("stays where it was written", async () => {
    await openPage();
    await startChat();
    await type("composer", "anybody there?");
    await click("send");
    await refuse("too_many");
    await ask("busy");
    expect(get("message").dataset["state"]).toBe("failed");
    expect(field("left-message").value).toBe("");
    expect(get("leave-message").textContent).toBe("Leave message");
  });
});

describe("a message that was left", () => {
  async function leave(): Promise<void> {
    await openForm();
    await type("left-message", "hello");
    await click("leave-message");
    await take("hello");
    exchange.last.frame({ type: "live", ...LEFT });
    await settle();
  }

  it("can be withdrawn, which is asked so", async () => {
    await leave();
    expect(get("end").textContent).toBe("Withdraw");
    await click("end");
    expect(box.querySelector("dialog")?.textContent).toContain("Withdraw your message?");
    await click("confirm-end");
    expect(exchange.last.of("end")).toHaveLength(1);
    exchange.last.entry({ seq: 4, at: 4, kind: "ended", by: "customer" });
    await settle();
    expect(get("ended").textContent).toContain("You have withdrawn your message");
  });

  it("becomes a chat when an agent answers", async () => {
    await leave();
    exchange.last.entry({ seq: 4, at: 4, kind: "joined", name: "Anna" });
    exchange.last.entry(agentSays(5, "Here I am."));
    exchange.last.frame({ type: "live", ...LIVE });
    await settle();
    expect(get("status").textContent).toBe("Anna is here");
    expect(get("end").textContent).toBe("End chat");
    exchange.last.entry({ seq: 6, at: 6, kind: "ended", by: "customer" });
    await settle();
    expect(get("ended").textContent).toContain("You have ended the chat");
  });
});

describe("who leaves no message", () => {
  it("is asked, and told", async () => {
    await openForm();
    await click("end");
    expect(box.querySelector("dialog")?.textContent).toContain("You have not left a message.");
    await click("confirm-end");
    expect(find("leave")).toBeNull();
    exchange.last.entry({ seq: 2, at: 2, kind: "ended", by: "customer" });
    await settle();
    expect(get("ended").textContent).toContain("You have left no message");
  });
});
