import { Shop } from "../src/shop.ts";
import { accepted, expect, test, until } from "../src/test.ts";

test("a reload keeps the conversation", async ({ shop, agents, page }) => {
  await shop.start("Clara");
  await shop.say("before the reload");
  const { agent, room } = await accepted(agents);
  await agent.say(room, "an answer");
  await expect(shop.message("an answer", "agent")).toBeVisible();

  await page.reload();
  if (!(await shop.id("composer").isVisible())) await shop.launcher.click();
  await expect(shop.message("before the reload", "customer")).toHaveCount(1);
  await expect(shop.message("an answer", "agent")).toHaveCount(1);
  await shop.say("after the reload");
  await agent.hears(room, "after the reload");
  expect(agent.customerTexts(room)).toEqual(["before the reload", "after the reload"]);
});

test("two tabs show one chat", async ({ shop, agents, context, addresses }) => {
  await shop.start("Clara");
  await shop.say("from the first tab");
  const { agent, room } = await accepted(agents);

  const second = new Shop(await context.newPage(), addresses);
  await second.page.goto(addresses.shop);
  if (!(await second.id("composer").isVisible())) await second.launcher.click();
  await expect(second.message("from the first tab", "customer")).toHaveCount(1);
  await second.say("from the second tab");
  await expect(shop.message("from the second tab", "customer")).toHaveCount(1);
  await agent.hears(room, "from the second tab");
  await agent.say(room, "to both");
  for (const tab of [shop, second]) await expect(tab.message("to both", "agent")).toHaveCount(1);
  expect(agent.customerTexts(room)).toEqual(["from the first tab", "from the second tab"]);

  await second.id("end").click();
  await second.id("confirm-end").click();
  for (const tab of [shop, second]) await expect(tab.id("ended")).toHaveAttribute("data-by", "customer");
});

test("offline and back: nothing is lost, nothing is doubled", async ({ shop, agents, context, addresses, complaints }) => {
  const start = shop.page.waitForResponse((response) => response.url().endsWith("/chats"));
  await shop.start("Clara");
  const { token } = (await (await start).json()) as { token: string };
  /** The feed as somebody sees it who is not offline. */
  const feed = async (): Promise<string> => {
    const headers = { Authorization: `Bearer ${token}` };
    return await (await fetch(`${addresses.gateway}/customer/v1/feed?after=0&wait=0`, { headers })).text();
  };
  await shop.say("before");
  const { agent, room } = await accepted(agents);
  await agent.hears(room, "before");
  await expect(shop.message("before", "customer")).toHaveAttribute("data-state", "delivered");

  await context.setOffline(true);
  await shop.say("written offline");
  await agent.say(room, "said meanwhile");
  // The bridge has it and would have sent it; neither direction gets through.
  await expect.poll(feed).toContain("said meanwhile");
  await expect(shop.message("written offline", "customer")).toHaveAttribute("data-state", "sending");
  await expect(shop.message("said meanwhile", "agent")).toHaveCount(0);
  expect(await feed()).not.toContain("written offline");
  expect(agent.customerTexts(room)).toEqual(["before"]);
  await context.setOffline(false);

  await shop.isSent("written offline", ["accepted", "delivered"]);
  await agent.hears(room, "written offline");
  await expect(shop.message("said meanwhile", "agent")).toHaveCount(1);
  expect(agent.customerTexts(room)).toEqual(["before", "written offline"]);
  // Being offline is no fault of the page.
  complaints.splice(0);
});

test("the bridge is killed and comes back", async ({ shop, agents, stack, complaints }) => {
  await shop.start("Clara");
  await shop.say("before");
  const { agent, room } = await accepted(agents);
  await agent.hears(room, "before");

  await stack.command("kill bridge");
  await shop.say("while the bridge is down");
  await expect(shop.message("while the bridge is down", "customer")).toHaveAttribute("data-state", "sending");
  await agent.say(room, "said meanwhile");
  await stack.command("start bridge");

  await shop.isSent("while the bridge is down", ["accepted", "delivered"]);
  await expect(shop.message("said meanwhile", "agent")).toHaveCount(1, { timeout: 30_000 });
  await agent.hears(room, "while the bridge is down");
  await until("every message once", () => agent.customerTexts(room).length >= 2);
  expect(agent.customerTexts(room)).toEqual(["before", "while the bridge is down"]);
  // The browser reports refused connections.
  complaints.splice(0);
});

test("where WebSockets do not get through, the chat goes on without them", async ({ shop, agents, context }) => {
  let refused = 0;
  await context.routeWebSocket(/\/customer\/v1\/socket/, async (socket) => {
    refused += 1;
    await socket.close();
  });
  await shop.start("Clara");
  await shop.say("through a strict proxy");
  const { agent, room } = await accepted(agents);
  await agent.hears(room, "through a strict proxy");
  await agent.say(room, "I hear you");
  await expect(shop.message("I hear you", "agent")).toHaveCount(1);
  await shop.isSent("through a strict proxy", ["delivered"]);
  expect(refused).toBeGreaterThan(0);
});
