import { Shop } from "../src/shop.ts";
import { asked, expect, test, until } from "../src/test.ts";

test("a whole conversation: declined, accepted, both ways, ended by the agent", async ({ shop, agents }) => {
  await shop.start("Clara");
  await shop.say("Is the rubber plant safe for cats?");
  await shop.isSent("Is the rubber plant", ["accepted", "delivered"]);
  await expect(shop.id("status")).toContainText("number 1");

  const first = await asked(agents);
  await first.agent.leave(first.room);
  const { agent, room } = await asked(agents);
  expect(agent.id).not.toBe(first.agent.id);
  await agent.accept(room);
  await expect(shop.event(`${agent.name} has joined`)).toBeVisible();
  await expect(shop.id("status")).toContainText(agent.name);

  const question = await agent.hears(room, "Is the rubber plant safe for cats?");
  await shop.isSent("Is the rubber plant", ["delivered"]);
  await agent.read(room, question.event_id);
  await shop.isSent("Is the rubber plant", ["seen"]);

  await agent.typing(room, true);
  await expect(shop.id("typing")).toContainText(agent.name);
  await agent.say(room, "Better not: it upsets their stomachs.");
  await agent.typing(room, false);
  await expect(shop.message("Better not", "agent")).toContainText("it upsets their stomachs.");
  await expect(shop.frame.getByText("is typing")).toHaveCount(0);

  // As slowly as people type: the page does not tell every key.
  const typing = shop.id("composer").pressSequentially("And the fern?", { delay: 300 });
  await until("the agent to see typing", () => agent.seesTyping(room));
  await typing;
  await shop.id("composer").press("Enter");
  await agent.hears(room, "And the fern?");

  const end = await agent.say(room, "!end");
  const question2 = await agent.sees(room, "the question about the end", (event) => {
    return event.sender.startsWith("@switchboard:") && JSON.stringify(event.content).includes("✅");
  });
  expect(question2.event_id).not.toBe(end);
  await agent.react(room, question2.event_id, "✅");
  await expect(shop.id("ended")).toHaveAttribute("data-by", "agent");
  await expect(shop.frame.getByRole("heading", { name: "The agent has ended the chat" })).toBeVisible();
  // The command is none of the customer's business.
  await expect(shop.frame.getByText("!end")).toHaveCount(0);
  expect(agent.customerTexts(room)).toEqual(["Is the rubber plant safe for cats?", "And the fern?"]);
});

test("formatted text arrives as structure, hostile text as text", async ({ shop, agents, page }) => {
  await shop.start("Clara");
  await shop.say("<img src=x onerror=\"document.title='owned'\">");
  const { agent, room } = await asked(agents);
  await agent.accept(room);
  await agent.hears(room, "<img src=x onerror=\"document.title='owned'\">");
  await agent.say(room, "<b onclick=alert(1)>not bold</b>");
  await expect(shop.message("<b onclick=alert(1)>not bold</b>", "agent")).toBeVisible();
  await expect(page).not.toHaveTitle("owned");
});

test("a chat that nobody takes tells its place in the queue", async ({ shop, context, addresses }) => {
  await shop.start("First");
  await shop.say("first");
  const other = await context.browser()?.newContext();
  if (!other) throw new Error("no second browser");
  const second = new Shop(await other.newPage(), addresses);
  await second.start("Second");
  await expect(second.id("status")).toContainText("number 2");
  await expect(shop.id("status")).toContainText("number 1");

  await shop.id("end").click();
  await shop.id("confirm-end").click();
  await expect(shop.id("ended")).toHaveAttribute("data-by", "customer");
  await expect(second.id("status")).toContainText("number 1");
  await second.id("end").click();
  await second.id("confirm-end").click();
  await expect(second.id("ended")).toHaveAttribute("data-by", "customer");
  await other.close();
});
