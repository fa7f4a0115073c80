/**
 * A thousand texts that try to run a script, in every text and name, in both directions. Nothing
 * runs, and nothing that was written becomes markup.
 */
import { expect, test as base, type BrowserContext, type Page } from "@playwright/test";
import { randomBytes } from "node:crypto";
import { PAYLOADS } from "../src/payloads.ts";
import { Stage } from "../src/stage.ts";
import { showCarelessly, suspicious, Watch } from "../src/watch.ts";

/** At least so many run by themselves where nobody takes care; the others need a click, or a second mistake. */
const MOST = 400;

const SITES = 50;
const QUEUES = PAYLOADS.length / SITES;

/** A basic string of TOML is one of JSON. */
const quoted = (text: string): string => JSON.stringify(text);

/** Names cannot have line breaks or tabs: the bridge refuses such a configuration. */
const oneLine = (text: string): string => text.replace(/\s/g, " ");

/** A configuration whose every name and text is hostile: 50 sites with 20 queues each. */
function hostileTables(origin: string): string {
  const queues = PAYLOADS.map((payload, index) => {
    const text = quoted(oneLine(payload));
    return `[[queues]]\nid = "q${index}"\nname = ${text}\ngreeting = ${text}\nclosed_text = ${text}\n`;
  });
  const sites = Array.from({ length: SITES }, (_, site) => {
    const own = PAYLOADS.map((payload, index) => [payload, `q${index}`] as const).slice(site * QUEUES, (site + 1) * QUEUES);
    const [first = "", second = "", ...more] = own.map(([payload]) => quoted(oneLine(payload)));
    const keys = ["start", "queue", "name", "send", "placeholder", "end", "launcher"];
    const texts = keys.map((key, index) => `${key} = ${more[index]}`).join(", ");
    return [
      `[[sites]]\nid = "s${site}"\ntitle = ${first}\ngreeting = ${second}\nask_name = true`,
      `origins = [${quoted(origin)}]\nqueues = [${own.map(([, id]) => quoted(id)).join(", ")}]\ntexts = { ${texts} }\n`,
    ].join("\n");
  });
  return [...queues, ...sites].join("\n");
}

const test = base.extend<{ watch: Watch }, { stage: Stage }>({
  stage: [
    async ({}, use) => {
      const stage = await Stage.start('variables = { order = "Order" }');
      await use(stage);
      await stage.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],
  watch: async ({ context }, use) => {
    await use(await Watch.over(context));
  },
});

/** Opens the widget of a site. */
async function open(context: BrowserContext, { origin }: Stage, site: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${origin}/${site}`);
  await page.getByTestId("launcher").click();
  return page;
}

/** Nothing ran, and nothing else gave a hole away. */
function expectQuiet(watch: Watch): void {
  expect([...watch.ran].map((number) => PAYLOADS[number])).toEqual([]);
  expect(watch.signs).toEqual([]);
}

test("there are a thousand, and careless software runs most of them", async ({ page, watch }) => {
  test.setTimeout(180_000);
  expect(new Set(PAYLOADS).size).toBe(1000);
  await showCarelessly(page, PAYLOADS);
  await expect.poll(() => watch.ran.size, { timeout: 30_000 }).toBeGreaterThan(MOST);
  // So does what looks for markup find it.
  await page.evaluate((all) => (document.body.innerHTML = all.join("")), PAYLOADS);
  expect((await suspicious(page, "body")).length).toBeGreaterThan(MOST);
});

test("what agents write, and what they are called", async ({ context, stage, watch }) => {
  test.setTimeout(300_000);
  const page = await open(context, stage, "shop");
  const frame = page.frameLocator("switchboard-chat iframe");
  await frame.getByTestId("name").fill("Clara");
  await frame.getByTestId("start").click();
  const room = await stage.accept();
  await expect(frame.getByTestId("event").filter({ hasText: "has joined" })).toBeVisible();
  const text = (body: string) => ({ msgtype: "m.text", body });
  const html = (body: string, markup: string) => {
    return { ...text(body), format: "org.matrix.custom.html", formatted_body: markup };
  };
  const said = await stage.send(room, "m.room.message", PAYLOADS.map(text));
  await stage.send(room, "m.room.message", PAYLOADS.map((payload, n) => html(`rich ${n}`, `${payload} rich`)));
  const edits = said.map((event_id, n) => {
    const content = html(`edit ${n}`, PAYLOADS[PAYLOADS.length - 1 - n] ?? "");
    return { ...text("* edit"), "m.new_content": content, "m.relates_to": { rel_type: "m.replace", event_id } };
  });
  const messages = frame.locator("[data-testid=message][data-from=agent]");
  await expect(messages).toHaveCount(2 * PAYLOADS.length, { timeout: 120_000 });
  // What was written is what is read.
  const shown = await messages.locator(".text").allTextContents();
  const flat = (text: string) => text.replace(" (opens in a new tab)", "").replace(/\s+/g, " ").trim();
  expect(shown.slice(0, PAYLOADS.length).map(flat)).toEqual(PAYLOADS.map(flat));
  await stage.send(room, "m.room.message", edits);
  await expect(frame.getByTestId("edited")).toHaveCount(PAYLOADS.length, { timeout: 120_000 });

  const names = PAYLOADS.map(oneLine);
  for (const [n, name] of names.entries()) {
    const escaped = name.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
    await stage.command([`!agent set anna --name="${escaped}"`]);
    await stage.send(room, "m.room.message", [text(`named ${n}`)]);
    // Between rooms there is no order: the next name must not overtake this message.
    await stage.rest();
  }
  await expect(messages).toHaveCount(3 * PAYLOADS.length, { timeout: 120_000 });
  const senders = await messages.evaluateAll((all) => all.map((message) => message.querySelector("p")?.textContent));
  // For those who hear the page, a colon follows.
  expect(senders.slice(-PAYLOADS.length)).toEqual(names.map((name) => `${name}:`));
  await stage.send(room, "m.room.message", [text("the end")]);
  await expect(messages.last()).toContainText("the end");

  const inner = page.frame({ url: new RegExp("/widget/shop") });
  if (!inner) throw new Error("there is no widget");
  expect(await suspicious(inner, "[data-testid=message], [data-testid=event]")).toEqual([]);
  expectQuiet(watch);

  // Nor does the transcript, opened from the disk where no policy protects it.
  await frame.getByTestId("end").click();
  await frame.getByTestId("confirm-end").click();
  const download = page.waitForEvent("download");
  await frame.getByTestId("download").click();
  const chunks: Buffer[] = [];
  for await (const chunk of await (await download).createReadStream()) chunks.push(chunk as Buffer);
  const transcript = Buffer.concat(chunks).toString("utf8");
  expect(transcript.length).toBeGreaterThan(100_000);
  await showCarelessly(await context.newPage(), [transcript]);
  expectQuiet(watch);
});

test("what sites and queues are called, and what they say", async ({ context, watch }) => {
  test.setTimeout(300_000);
  const stage = await Stage.start("", hostileTables);
  for (let site = 0; site < SITES; site += 1) {
    const page = await open(context, stage, `s${site}`);
    const frame = page.frameLocator("switchboard-chat iframe");
    await expect(frame.getByTestId("queues").locator("label")).toHaveCount(QUEUES);
    for (const label of [0, QUEUES - 1]) await frame.getByTestId("queues").locator("label").nth(label).click();
    const inner = page.frame({ url: new RegExp(`/widget/s${site}`) });
    if (!inner) throw new Error("there is no widget");
    expect(await suspicious(inner, "#app")).toEqual([]);
    await page.close();
  }
  await stage.stop();
  expectQuiet(watch);
});

test("what customers write, and who they say they are", async ({ page, stage, watch }) => {
  test.setTimeout(420_000);
  const call = async (path: string, body: object, token = ""): Promise<unknown> => {
    const reply = await fetch(`${stage.gateway}/customer/v1/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(token !== "" && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    expect(reply.ok, `${path}: ${reply.status}`).toBe(true);
    return reply.status === 204 ? null : await reply.json().catch(() => null);
  };
  const key = () => randomBytes(16).toString("hex");
  for (const payload of PAYLOADS) {
    const variables = { order: payload, phone: payload, page: payload, browser: payload, email: `${key()}@example.org` };
    const start = { start_key: key(), name: payload, variables };
    const { token } = (await call("sites/shop/chats", start)) as { token: string };
    await call("messages", { key: key(), text: payload }, token);
    await stage.accept();
    await call("end", {}, token);
  }
  await stage.rest();
  const sent = await stage.events();
  const markups = new Set<string>();
  const texts: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner !== "string") collect(inner);
      else if (/formatted_body$|html/.test(name)) markups.add(inner);
      else if (name === "body") texts.push(inner);
    }
  };
  for (const { content } of sent) collect(content);
  // All of them came: as plain text of the customers, and in the details cards' formatted texts.
  expect(PAYLOADS.filter((payload) => !texts.includes(payload))).toEqual([]);
  expect([...markups].filter((markup) => markup.includes("Order")).length).toBeGreaterThanOrEqual(PAYLOADS.length);
  await showCarelessly(page, [...markups]);
  expectQuiet(watch);
  await page.evaluate((all) => (document.body.innerHTML = all.join("")), [...markups]);
  expect(await suspicious(page, "body")).toEqual([]);
  expectQuiet(watch);
});
