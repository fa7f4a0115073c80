/** Files, both ways, with a real homeserver and a real page. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { accessible } from "../src/accessible.ts";
import { accepted, expect, test } from "../src/test.ts";

const fixture = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`../../../bridge/src/media/fixtures/${name}`, import.meta.url)));
const photo = fixture("photo.jpg");
const paper = fixture("paper.pdf");

const images = ["photo.jpg", "photo.png", "moving.gif", "photo.webp", "photo.avif", "photo.bmp"];

/** Lets the next upload's answer, or all of it, be lost. */
async function losesUploads(page: Page, times: number): Promise<() => number> {
  let lost = 0;
  await page.route(/\/customer\/v1\/files\?/, async (route) => {
    if (lost >= times) {
      await route.continue();
      return;
    }
    lost += 1;
    // The bridge has it, and the page does not hear so.
    await route.fetch();
    await route.abort();
  });
  return () => lost;
}

test("a customer sends files, and sees how far they are", async ({ shop, agents, page, complaints }) => {
  await shop.start("Clara");
  await shop.say("hello");
  const { agent, room } = await accepted(agents);
  await shop.id("picker").setInputFiles([
    { name: "IMG 1.JPG", mimeType: "image/jpeg", buffer: photo },
    { name: "paper.pdf", mimeType: "application/pdf", buffer: paper },
    { name: "drawing.svg", mimeType: "image/svg+xml", buffer: Buffer.from("<svg onload='alert(1)'/>") },
  ]);
  const chips = shop.id("chip");
  await expect(chips.nth(0)).toHaveAttribute("data-state", "done");
  await expect(chips.nth(0).locator("img")).toBeVisible();
  await expect(chips.nth(1)).toHaveAttribute("data-state", "done");
  await expect(chips.nth(2)).toContainText("HTML, SVG and XML cannot be sent");
  await expect(shop.id("send")).toHaveAttribute("aria-disabled", "true");
  await accessible(page, "files to send");
  await page.screenshot({ path: "../../target/browser-tests/files-to-send.png" });
  await shop.id("remove-file").nth(2).click();
  await expect(chips).toHaveCount(2);
  await shop.say("here they are");
  await expect(chips).toHaveCount(0);
  await shop.isSent("here they are", ["delivered"]);
  const image = await agent.sees(room, "the image", (event) => event.content["msgtype"] === "m.image");
  expect(image.content["body"]).toBe("IMG 1.jpg");
  const received = await agent.download(String(image.content["url"]));
  expect(photo.includes("SECRET") && !received.includes("SECRET")).toBe(true);
  await agent.sees(room, "the paper", (event) => event.content["body"] === "paper.pdf");
  const own = shop.message("here they are", "customer").getByTestId("file");
  await expect(own).toHaveCount(2);
  await expect(own.first().locator("img")).toBeVisible();
  // Of the refusal the browser itself tells, and of nothing else.
  expect(complaints.splice(0)).toEqual([expect.stringContaining("415")]);
});

test("a lost connection makes no second copy", async ({ shop, agents, page, complaints }) => {
  await shop.start("Clara");
  await shop.say("hello");
  const { agent, room } = await accepted(agents);
  const lost = await losesUploads(page, 2);
  await shop.id("picker").setInputFiles({ name: "a.pdf", mimeType: "application/pdf", buffer: paper });
  await expect(shop.id("chip")).toHaveAttribute("data-state", "done");
  expect(lost()).toBe(2);
  complaints.length = 0;
  // Alone, without a text.
  await shop.id("send").click();
  await agent.sees(room, "the paper", (event) => event.content["body"] === "a.pdf");
  await shop.say("and a word");
  await agent.hears(room, "and a word");
  const events = agent.rooms.get(room)?.events ?? [];
  expect(events.filter((event) => event.content["body"] === "a.pdf")).toHaveLength(1);
});

test("a sixth file is not taken", async ({ shop, agents }) => {
  await shop.start("Clara");
  await shop.say("hello");
  await accepted(agents);
  const files = [1, 2, 3, 4, 5, 6].map((n) => ({ name: `${n}.pdf`, mimeType: "application/pdf", buffer: paper }));
  await shop.id("picker").setInputFiles(files);
  await expect(shop.frame.getByRole("alert")).toHaveText("At most five files with one message.");
  await expect(shop.id("chip")).toHaveCount(5);
});

test("files can be pasted and dropped", async ({ shop, agents }) => {
  await shop.start("Clara");
  await shop.say("hello");
  await accepted(agents);
  const bytes = [...photo];
  for (const kind of ["paste", "drop"]) {
    await shop.id("composer").evaluate(
      (field, { kind, bytes }) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], `${kind}.jpg`, { type: "image/jpeg" }));
        const options = { bubbles: true, cancelable: true };
        field.dispatchEvent(
          kind === "paste"
            ? new ClipboardEvent("paste", { ...options, clipboardData: data })
            : new DragEvent("drop", { ...options, dataTransfer: data }),
        );
      },
      { kind, bytes },
    );
    await expect(shop.id("chip").filter({ hasText: `${kind}.jpg` })).toHaveAttribute("data-state", "done");
  }
});

test("an agent's files are shown, and can be had", async ({ shop, agents, page }) => {
  await shop.start("Clara");
  await shop.say("hello");
  const { agent, room } = await accepted(agents);
  for (const name of images.slice(0, 5)) await agent.sendFile(room, "m.image", name, "image/png", fixture(name));
  for (const name of images.slice(0, 5)) {
    const picture = shop.frame.locator(`[data-testid=file][data-name="${name}"] img`);
    // It is a picture to the browser, cleaned as it is.
    await expect.poll(async () => await picture.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(0);
  }
  await agent.sendFile(room, "m.file", "voice.ogg", "audio/ogg", Buffer.from("OggS\0\x02"));
  await agent.say(room, "that is all");
  await expect(shop.message("that is all", "agent")).toBeVisible();
  await expect(shop.id("file")).toHaveCount(5);
  await agent.sees(room, "why not", (event) => String(event.content["body"]).includes("only five files"));
  await accessible(page, "files of an agent");
  await page.screenshot({ path: "../../target/browser-tests/files-of-an-agent.png" });
});
