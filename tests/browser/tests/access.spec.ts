import type { Page } from "@playwright/test";
import { accessible } from "../src/accessible.ts";
import { accepted, expect, test } from "../src/test.ts";

test("no accessibility violations in any state", async ({ shop, agents, page, addresses }) => {
  await page.goto(addresses.shop);
  await expect(shop.launcher).toBeVisible();
  await accessible(page, "the shop with the launcher");
  await shop.launcher.click();
  await expect(shop.id("name")).toBeVisible();
  await accessible(page, "the welcome");
  await shop.id("start").click();
  await accessible(page, "the welcome with a missing name");
  await shop.id("name").fill("Clara");
  await shop.id("start").click();
  await expect(shop.id("composer")).toBeVisible();
  await shop.say("hello");
  await shop.isSent("hello", ["accepted", "delivered"]);
  await accessible(page, "waiting");
  const { agent, room } = await accepted(agents);
  await agent.say(room, "Hello, how can I help?");
  await expect(shop.message("how can I help", "agent")).toBeVisible();
  await agent.typing(room, true);
  await expect(shop.id("typing")).toContainText(agent.name);
  await accessible(page, "the conversation");
  await shop.id("end").click();
  await expect(shop.id("confirm-end")).toBeVisible();
  await accessible(page, "the question before the end");
  await shop.id("confirm-end").click();
  await expect(shop.id("ended")).toBeVisible();
  await accessible(page, "the end");
});

test("the keyboard is enough", async ({ shop, agents, page, addresses }) => {
  await page.goto(addresses.shop);
  await expect(shop.launcher).toBeVisible();
  await tabTo(page, async () => await focused(page) === "launcher");
  await page.keyboard.press("Enter");
  await expect(shop.id("name")).toBeFocused();
  await page.keyboard.type("Clara");
  await page.keyboard.press("Enter");
  await expect(shop.id("composer")).toBeFocused();
  await page.keyboard.type("one line");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("another");
  await page.keyboard.press("Enter");
  const { agent, room } = await accepted(agents);
  await agent.hears(room, "one line\nanother");
  await expect(shop.id("composer")).toBeFocused();
  await expect(shop.id("composer")).toHaveValue("");

  await tabTo(page, async () => await shop.id("end").evaluate((end) => end === document.activeElement), true);
  await page.keyboard.press("Enter");
  await expect(shop.id("confirm-end")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(shop.id("confirm-end")).toBeHidden();
  await expect(shop.id("end")).toBeFocused();
  await page.keyboard.press("Enter");
  await tabTo(page, async () => {
    return await shop.id("confirm-end").evaluate((confirm) => confirm === document.activeElement);
  });
  await page.keyboard.press("Enter");
  await expect(shop.id("ended")).toHaveAttribute("data-by", "customer");
});

test("on a phone the chat fills the screen", async ({ shop, agents, page }) => {
  await page.setViewportSize({ width: 360, height: 640 });
  await shop.start("Clara");
  await shop.say("hello from a phone");
  const { agent, room } = await accepted(agents);
  await agent.say(room, `a very long word: ${"x".repeat(300)}`);
  await expect(shop.message("a very long word", "agent")).toBeVisible();
  const box = await page.locator("switchboard-chat iframe").boundingBox();
  expect(box).toMatchObject({ x: 0, y: 0, width: 360, height: 640 });
  const overflow = await shop.id("composer").evaluate(() => {
    return document.documentElement.scrollWidth - document.documentElement.clientWidth;
  });
  expect(overflow, "nothing scrolls sideways").toBeLessThanOrEqual(0);
  await shop.id("minimise").click();
  await expect(shop.launcher).toBeVisible();
  await expect(shop.id("composer")).toBeHidden();
});

/** Which test id has the focus on the page itself, looking into shadow roots. */
async function focused(page: Page): Promise<string | undefined> {
  return await page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element instanceof HTMLElement ? element.dataset["testid"] : undefined;
  });
}

async function tabTo(page: Page, there: () => Promise<boolean>, backwards = false): Promise<void> {
  for (let presses = 0; presses < 30; presses += 1) {
    if (await there()) return;
    await page.keyboard.press(backwards ? "Shift+Tab" : "Tab");
  }
  throw new Error("the keyboard does not get there");
}
