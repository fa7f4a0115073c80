import type { Locator, Page } from "@playwright/test";
import { accessible } from "../src/accessible.ts";
import type { MatrixEvent } from "../src/agent.ts";
import { accepted, expect, test } from "../src/test.ts";

/** Keeps a picture, if it was asked for. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env["SWITCHBOARD_PICTURES"];
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
}

function relation({ content }: MatrixEvent): Record<string, unknown> {
  return (content["m.relates_to"] ?? {}) as Record<string, unknown>;
}

async function open(message: Locator): Promise<void> {
  await message.hover();
  await message.getByTestId("actions").click();
}

test("edits, removals, replies and reactions work both ways", async ({
  shop,
  agents,
  page,
}) => {
  await shop.start("Clara");
  await shop.say("Is the rubber plant save for cats?");
  const { agent, room } = await accepted(agents);
  const question = await agent.hears(
    room,
    "Is the rubber plant save for cats?",
  );
  const answer = await agent.say(room, "Beter not: it upsets their stomachs.");
  const shown = shop.message("upsets their stomachs", "agent");
  await expect(shown).toBeVisible();

  // What the agent does.
  await agent.edit(room, answer, "Better not: it upsets their stomachs.");
  await expect(shown).toContainText("Better not");
  await expect(shown.getByTestId("edited")).toBeVisible();
  await agent.react(room, question.event_id, "👍");
  const asked = shop.message("rubber plant", "customer");
  await expect(asked.getByTestId("reactions")).toContainText("👍");
  await agent.reply(room, question.event_id, "The fern is safe.");
  await expect(
    shop.message("The fern is safe.", "agent").getByTestId("quote"),
  ).toContainText("rubber plant");
  const slip = await agent.say(room, "not meant for you");
  const slipped = shop.message("not meant for you", "agent");
  await expect(slipped).toBeVisible();
  await agent.redact(room, slip);
  await expect(slipped).toHaveCount(0);
  await expect(shop.frame.getByText("This message was removed.")).toBeVisible();
  await agent.sees(room, "what became of it", (event) => {
    return String(event.content["body"]).includes(
      "is removed from the customer's page",
    );
  });

  // What the customer does.
  await open(asked);
  await page.emulateMedia({ colorScheme: "light" });
  await picture(page, "panel-light");
  await accessible(page, "the open actions");
  await asked.getByTestId("edit").click();
  await expect(shop.id("task")).toContainText("Edit message");
  await picture(page, "edit-light");
  await accessible(page, "an edit");
  await shop.id("composer").fill("Is the rubber plant safe for cats?");
  await shop.id("composer").press("Enter");
  await expect(asked).toContainText("safe for cats");
  const edit = await agent.notices(
    room,
    "the edit",
    (event) =>
      relation(event)["rel_type"] === "m.replace" &&
      event.sender.includes("_c_"),
  );
  expect(relation(edit)["event_id"]).toBe(question.event_id);
  expect(edit.content["m.mentions"]).toEqual({});

  await open(shown);
  await shown.getByRole("button", { name: "React with ❤️" }).click();
  const reaction = await agent.notices(
    room,
    "the reaction",
    (event) => relation(event)["key"] === "❤️",
  );
  expect(relation(reaction)["event_id"]).toBe(answer);
  await shown.getByTestId("reactions").getByRole("button").click();
  await agent.notices(
    room,
    "its end",
    (event) =>
      event.type === "m.room.redaction" &&
      event.content["redacts"] === reaction.event_id,
  );
  await expect(shown.getByTestId("reactions")).toHaveCount(0);

  await open(shown);
  await shown.getByTestId("reply").click();
  await expect(shop.id("task")).toContainText(`Reply to ${agent.name}`);
  await shop.id("composer").fill("@room Thank you!");
  await shop.id("composer").press("Enter");
  const reply = await agent.hears(room, "@room Thank you!");
  expect(relation(reply)["m.in_reply_to"]).toEqual({ event_id: answer });
  expect(
    (reply.content["m.mentions"] as Record<string, unknown>)["room"],
  ).toBeUndefined();
  const thanks = shop.message("Thank you!", "customer");
  await page.emulateMedia({ colorScheme: "light" });
  await picture(page, "log-light");
  await page.emulateMedia({ colorScheme: "dark" });
  await open(thanks);
  await picture(page, "panel-dark");
  await accessible(page, "the chat in the dark");
  await thanks.getByTestId("remove").click();
  await picture(page, "sure-dark");
  await thanks.getByTestId("remove").click();
  await agent.notices(
    room,
    "the removal",
    (event) =>
      event.type === "m.room.redaction" &&
      event.content["redacts"] === reply.event_id,
  );
  await expect(thanks).toHaveCount(0);
  await accessible(page, "what is left");
  await picture(page, "rest-dark");

  // All of it is there after a reload.
  await page.reload();
  await expect(
    shop.message("safe for cats", "customer").getByTestId("reactions"),
  ).toContainText("👍");
  await expect(shop.frame.getByText("This message was removed.")).toHaveCount(
    2,
  );
});

test("messages are acted on with the keyboard alone", async ({
  shop,
  agents,
}) => {
  await shop.start("Clara");
  await shop.say("helo");
  const { agent, room } = await accepted(agents);
  await agent.hears(room, "helo");
  const message = shop.message("helo", "customer");
  await message.getByTestId("actions").focus();
  await shop.page.keyboard.press("Enter");
  await expect(message.getByTestId("panel")).toBeVisible();
  await shop.page.keyboard.press("Escape");
  await expect(message.getByTestId("panel")).toHaveCount(0);
  await expect(message.getByTestId("actions")).toBeFocused();
  await shop.page.keyboard.press("Enter");
  await message.getByTestId("edit").focus();
  await shop.page.keyboard.press("Enter");
  await expect(shop.id("composer")).toBeFocused();
  await expect(shop.id("composer")).toHaveValue("helo");
  await shop.page.keyboard.press("Escape");
  await expect(shop.id("task")).toHaveCount(0);
  await expect(shop.id("composer")).toBeVisible();
});
