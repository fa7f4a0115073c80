/** A customer's page: the shop with the widget in it. */
import { expect, type FrameLocator, type Locator, type Page } from "@playwright/test";
import type { Addresses } from "./stack.ts";

export class Shop {
  readonly frame: FrameLocator;
  readonly launcher: Locator;

  constructor(
    readonly page: Page,
    private readonly addresses: Addresses,
  ) {
    this.frame = page.frameLocator("switchboard-chat iframe");
    this.launcher = page.getByTestId("launcher");
  }

  id(id: string): Locator {
    return this.frame.getByTestId(id);
  }

  /** Opens the shop, the widget and the chat. */
  async start(name: string): Promise<void> {
    await this.page.goto(this.addresses.shop);
    await this.launcher.click();
    await this.id("name").fill(name);
    await this.id("start").click();
    await expect(this.id("composer")).toBeVisible();
  }

  async say(text: string): Promise<void> {
    await this.id("composer").fill(text);
    await this.id("send").click();
  }

  /** A message with this text. */
  message(text: string, from: "customer" | "agent"): Locator {
    return this.frame.locator(`[data-testid=message][data-from=${from}]`).filter({ hasText: text });
  }

  /** Waits until the customer's message is at least so far. */
  async isSent(text: string, states: ("accepted" | "delivered" | "seen")[]): Promise<void> {
    const state = new RegExp(`^(${states.join("|")})$`);
    await expect(this.message(text, "customer")).toHaveAttribute("data-state", state);
  }

  event(text: string): Locator {
    return this.id("event").filter({ hasText: text });
  }
}
