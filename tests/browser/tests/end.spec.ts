import { accepted, expect, test } from "../src/test.ts";

test("the customer ends the chat, after a question", async ({ shop, agents }) => {
  await shop.start("Clara");
  await shop.say("hello");
  const { agent, room } = await accepted(agents);
  await expect(shop.id("status")).toContainText(agent.name);

  await shop.id("end").click();
  await shop.id("cancel-end").click();
  await shop.say("still here");
  await agent.hears(room, "still here");

  await shop.id("end").click();
  await shop.id("confirm-end").click();
  await expect(shop.id("ended")).toHaveAttribute("data-by", "customer");
  await agent.sees(room, "the notice of the end", (event) => {
    return event.sender.startsWith("@switchboard:") && /ended/i.test(String(event.content["body"]));
  });

  // A new chat starts where the old one stood.
  await shop.id("start-new").click();
  await expect(shop.id("start").or(shop.id("composer"))).toBeVisible();
  await expect(shop.message("hello", "customer")).toHaveCount(0);
});
