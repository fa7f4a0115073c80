// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from "vitest";
import { LIVE, queue, SITE } from "./fakes";
import {
  box,
  click,
  closePage,
  exchange,
  find,
  get,
  openPage,
  settle,
  startChat,
  starts,
  type,
} from "./page";

afterEach(closePage);

const QUEUES = [
  queue("sales", { greeting: "We sell." }),
  queue("help", { open: false, closed_text: "Back at <b>nine</b>." }),
];

function option(id: string): HTMLInputElement {
  const input = box.querySelector<HTMLInputElement>(`input[value="${id}"]`);
  if (!input) throw new Error(`no ${id}`);
  return input;
}

async function choose(id: string): Promise<void> {
  option(id).click();
  await settle();
}

describe("the queues", () => {
  it("are a group of choices with names, the first chosen", async () => {
    await openPage({ ...SITE, queues: QUEUES });
    const group = get("queues");
    expect(group.querySelector("legend")?.textContent).toBe("What is it about?");
    const labels = [...group.querySelectorAll("label")].map((label) => label.textContent);
    expect(labels).toEqual(["Our sales", "Our helpclosed now"]);
    expect(option("sales").checked).toBe(true);
    expect(get("queue-text").textContent).toBe("We sell.");
    await startChat();
    expect(starts).toMatchObject([{ queue: "sales", name: "Mia" }]);
  });

  it("say so when the chosen one is closed", async () => {
    await openPage({ ...SITE, queues: QUEUES });
    await choose("help");
    expect(get("queue-text").textContent).toBe("Back at <b>nine</b>.");
    expect(get("start").textContent).toBe("Leave a message");
    await choose("sales");
    expect(get("start").textContent).toBe("Start chat");
    await choose("help");
    await startChat();
    expect(starts).toMatchObject([{ queue: "help" }]);
  });

  it("are no choice if there is one", async () => {
    await openPage({ ...SITE, queues: [queue("help", { open: false, closed_text: "Back at nine." })] });
    expect(find("queues")).toBeNull();
    expect(get("queue-text").textContent).toBe("Back at nine.");
    expect(get("start").textContent).toBe("Leave a message");
    await startChat();
    expect(starts[0]).not.toHaveProperty("queue");
  });
});

describe("a site's own words", () => {
  it("stand in place of the widget's, as plain text", async () => {
    const texts = {
      start: "<i>Los!</i>",
      nameMissing: "",
      waitingAt: "Sie sind Nummer {}.",
      "ended.agent": "Auf Wiedersehen",
      nonsense: "x",
      "ended.nonsense": "x",
      toString: "x",
    };
    await openPage({ ...SITE, texts });
    expect(get("start").textContent).toBe("<i>Los!</i>");
    await click("start");
    expect(box.textContent).toContain("Please enter your name.");
    await type("name", "Mia");
    await click("start");
    exchange.last.welcome(0, { ...LIVE, phase: "waiting", position: 1200 });
    await settle();
    expect(get("status").textContent).toBe("Sie sind Nummer 1,200.");
    exchange.last.entry({ seq: 1, at: 1, kind: "ended", by: "agent" });
    await settle();
    expect(get("ended").textContent).toContain("Auf Wiedersehen");
  });

  it("are gone with the site", async () => {
    await openPage();
    expect(get("start").textContent).toBe("Start chat");
  });
});
