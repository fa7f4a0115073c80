import { accepted, expect, test } from "../src/test.ts";

test("who is logged in at the shop is known to the agents", async ({ shop, agents, page, addresses }) => {
  const warnings: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "warning") warnings.push(message.text());
  });
  await page.goto(`${addresses.shop}/?customer=clara&secret=1#top`);
  await page.evaluate(() => {
    interface Widget {
      setVariables(variables: Record<string, unknown>): void;
    }
    const { Switchboard } = window as unknown as { Switchboard: Widget };
    Switchboard.setVariables({ email: "mallory@example.org", phone: 12345, colour: "red" });
  });
  await shop.launcher.click();
  await shop.id("name").fill("Mallory");
  await shop.id("start").click();
  await expect(shop.id("composer")).toBeVisible();
  const { agent, room } = await accepted(agents);
  const card = await agent.sees(room, "the card", (event) =>
    String(event.content["body"]).startsWith("🔒 Customer: Clara Fern"),
  );
  const lines = String(card.content["body"]).split("\n");
  expect(lines.slice(0, 5)).toEqual([
    "🔒 Customer: Clara Fern",
    "🔒 E-mail: clara@example.org",
    "Phone: 12345",
    "🔒 Last order: 4711",
    `Page: ${addresses.shop}/`,
  ]);
  expect(lines[5]).toMatch(/^Browser: Chrome \d+ on Linux$/);
  await expect.poll(() => warnings.filter((text) => text.includes("colour")).length).toBe(1);
});

test("a shop that cannot sign keeps nobody from chatting", async ({ shop, agents, page, addresses }) => {
  await page.route("**/chat-token?*", (route) => route.fulfill({ body: "no.good.token" }));
  const warning = page.waitForEvent("console", (message) => message.text().includes("(malformed)"));
  await page.goto(`${addresses.shop}/?customer=clara`);
  await shop.launcher.click();
  await shop.id("name").fill("Clara");
  await shop.id("start").click();
  await expect(shop.id("composer")).toBeVisible();
  await warning;
  const { agent, room } = await accepted(agents);
  const card = await agent.sees(room, "the card", (event) =>
    String(event.content["body"]).startsWith("Customer: Clara\n"),
  );
  expect(card.content["body"]).not.toContain("🔒");
  expect(card.content["body"]).toContain("was not accepted");
});
