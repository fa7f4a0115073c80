/** The hostile texts once more, fifty of them, by way of a real homeserver. */
import { some } from "../src/payloads.ts";
import { accepted, expect, test, until } from "../src/test.ts";
import { showCarelessly, suspicious, Watch } from "../src/watch.ts";

test("hostile texts stay texts on both sides", async ({ context, page, shop, agents, addresses }) => {
  test.setTimeout(180_000);
  const payloads = some(50);
  expect(new Set(payloads).size).toBe(50);
  const watch = await Watch.over(context);
  await shop.start(payloads[0] ?? "");
  const { agent, room } = await accepted(agents);
  await expect(shop.id("event").filter({ hasText: "has joined" })).toBeVisible();
  for (const payload of payloads) {
    await agent.say(room, payload);
    await agent.sayRich(room, "rich", `${payload} rich`);
  }
  const messages = shop.frame.locator("[data-testid=message][data-from=agent]");
  await expect(messages).toHaveCount(100, { timeout: 60_000 });
  const widget = page.frames().find((frame) => frame.url().startsWith(`${addresses.gateway}/widget/`));
  if (!widget) throw new Error("there is no widget");
  expect(await suspicious(widget, "#app")).toEqual([]);

  const own = shop.frame.locator("[data-testid=message][data-from=customer]");
  for (const [n, payload] of payloads.entries()) {
    await shop.say(payload);
    await expect(own).toHaveCount(n + 1);
  }
  await until("all to arrive", () => agent.customerTexts(room).length === payloads.length, 60_000);
  expect(agent.customerTexts(room)).toEqual(payloads);
  const contents = JSON.stringify([...agent.rooms.values()].map(({ events }) => events));
  const formatted = [...contents.matchAll(/"formatted_body":("(?:[^"\\]|\\.)*")/g)];
  const ours = new Set(formatted.map(([, text]) => JSON.parse(text ?? '""') as string));
  // What agents wrote is theirs; the cards and notices are ours.
  for (const payload of payloads) ours.delete(`${payload} rich`);
  expect(ours.size).toBeGreaterThan(2);
  await showCarelessly(await context.newPage(), [...ours]);
  expect([...watch.ran]).toEqual([]);
  expect(watch.signs).toEqual([]);
});
