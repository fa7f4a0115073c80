// @vitest-environment happy-dom
import type { Estimate } from "@switchboard/shared/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LIVE } from "./fakes";
import { closePage, exchange, get, openPage, settle, startChat } from "./page";

beforeEach(() => openPage());
afterEach(closePage);

/** The bridge tells the place in the queue and the estimate. */
async function told(position: number | null, estimate: Estimate | null = null): Promise<void> {
  exchange.last.frame({ type: "live", ...LIVE, phase: "waiting", position, estimate });
  await settle();
}

describe("while waiting", () => {
  it.each([
    [3, null, "You are number 3."],
    [3, { at_least: 5, at_most: 10 }, "You are number 3. About 5–10 minutes."],
    [1, { at_least: 2, at_most: 2 }, "You are number 1. About 2 minutes."],
    [1, { at_least: 0, at_most: 1 }, "You are number 1. Less than a minute."],
    [2, { at_least: 0, at_most: 5 }, "You are number 2. Less than 5 minutes."],
    [1200, { at_least: 60, at_most: null }, "You are number 1,200. More than 60 minutes."],
    [1, { at_least: 0, at_most: null }, "You are number 1. This may take a while."],
    [null, null, "Waiting for an agent."],
    [null, { at_least: 5, at_most: 10 }, "Waiting for an agent. About 5–10 minutes."],
  ])("place %j and estimate %j", async (position, estimate, text) => {
    await startChat();
    await told(position, estimate);
    expect(get("status").textContent).toBe(text);
  });

  it("is not read out each time, but the newest is, and what matters at once", async () => {
    await startChat();
    expect(get("spoken").textContent).toBe("You are number 3.");
    await told(2);
    await told(1, { at_least: 1, at_most: 3 });
    expect(get("status").textContent).toBe("You are number 1. About 1–3 minutes.");
    expect(get("spoken").textContent).toBe("You are number 3.");
    await settle(20_000);
    expect(get("spoken").textContent).toBe("You are number 1. About 1–3 minutes.");
    exchange.last.frame({ type: "live", ...LIVE });
    exchange.last.entry({ seq: 1, at: 1, kind: "joined", name: "Anna" });
    await settle();
    expect(get("spoken").textContent).toBe("Anna is here");
  });
});
