import { expect, test } from "../src/test.ts";

test("a page of another origin cannot embed the chat", async ({ page, addresses }) => {
  const blocked: string[] = [];
  page.on("console", (message) => {
    if (/frame-ancestors/.test(message.text())) blocked.push(message.text());
  });
  await page.goto(addresses.foreign);
  await page.getByTestId("launcher").click();
  await expect.poll(() => blocked.length).toBeGreaterThan(0);
  const frame = page.frameLocator("switchboard-chat iframe");
  await expect(frame.getByTestId("start")).toHaveCount(0);
});

test("the iframe's page is strict about what it loads and who embeds it", async ({ addresses, request }) => {
  const answer = await request.get(`${addresses.gateway}/widget/${addresses.site}`);
  expect(answer.status()).toBe(200);
  const policy = answer.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain(`frame-ancestors ${addresses.shop}`);
  expect(policy).not.toContain("unsafe-inline");
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(answer.headers()["x-content-type-options"]).toBe("nosniff");
});

test("an unknown site has no widget", async ({ addresses, request }) => {
  const answer = await request.get(`${addresses.gateway}/widget/no-such-site`);
  expect(answer.status()).toBe(404);
});
