/** What axe finds, which must be nothing. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

export async function accessible(page: Page, where: string): Promise<void> {
  // The widget is a document of its own: its header and main are not the shop's.
  const { violations } = await new AxeBuilder({ page }).disableRules(["landmark-unique"]).analyze();
  const found = violations.map(({ id, nodes }) => ({ id, where: nodes.map((node) => node.html) }));
  expect(found, `accessibility of ${where}`).toEqual([]);
}
