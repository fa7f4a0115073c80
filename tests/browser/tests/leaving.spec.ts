import { accessible } from "../src/accessible.ts";
import { ScriptedBridge } from "../src/scripted.ts";
import { expect, test } from "../src/test.ts";

test("a message is left by keyboard, and its answer waits for the next visit", async ({
  shop,
  context,
  page,
  addresses,
}) => {
  const bridge = await ScriptedBridge.standIn(context);
  await page.goto(addresses.shop);
  await shop.launcher.click();
  const name = shop.id("name");
  await expect(name).toBeFocused();
  await accessible(page, "the choice of a queue");
  // Backwards from the name: the choice of a queue, which the arrow keys change.
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("ArrowDown");
  await expect(shop.id("queue-text")).toHaveText("Back at nine.");
  await expect(shop.id("start")).toHaveText("Leave a message");
  await accessible(page, "a closed queue");
  await page.keyboard.press("Tab");
  await page.keyboard.type("Clara");
  await page.keyboard.press("Enter");

  await expect(shop.frame.getByRole("form", { name: "We are closed right now" })).toBeVisible();
  await expect(shop.frame.getByRole("heading", { name: "We are closed right now" })).toBeFocused();
  expect(bridge.queue).toBe("parcels");
  await accessible(page, "the form");
  await page.keyboard.press("Tab");
  await page.keyboard.type("clara@");
  await page.keyboard.press("Enter");
  await expect(shop.frame.getByRole("alert")).toContainText("does not look like an e-mail address");
  await accessible(page, "the form with a mistake");
  await expect(shop.id("left-email")).toBeFocused();
  await page.keyboard.press("End");
  await page.keyboard.type("example.org");
  await page.keyboard.press("Tab");
  await page.keyboard.type("Where is my rubber plant?");
  await page.keyboard.press("Tab");
  await expect(shop.id("attach")).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(shop.event("We have your message and will answer here.")).toBeVisible();
  await expect(shop.id("status")).toHaveText("Your message waits for an answer");
  expect(bridge.sent).toEqual([{ text: "Where is my rubber plant?", email: "clara@example.org" }]);
  await accessible(page, "the confirmation");

  await page.goto("about:blank");
  bridge.answer("On its way.");
  await page.goto(addresses.shop);
  await expect(shop.launcher).toHaveAccessibleName(/1 new message/);
  await shop.launcher.click();
  await expect(shop.message("On its way.", "agent")).toBeVisible();
  await expect(shop.id("ended")).toBeVisible();
  await expect(shop.launcher).not.toHaveAccessibleName(/new message/);
});
