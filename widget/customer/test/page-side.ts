/** What tests of the site's page share: the bridge's frame in it, and what is said between the two. */
import { vi } from "vitest";
import type { Settings } from "../src/loader/launcher";

export const BRIDGE = "https://bridge.example";
export const SHOP = "https://shop.example";

/** What the loader of a shop is set to. */
export const SETTINGS: Settings = {
  origin: BRIDGE,
  page: "about:blank",
  site: "shop",
  colour: null,
  label: null,
  identify: null,
};

export function message(data: unknown, origin: string, source: unknown): MessageEvent {
  const event = new MessageEvent("message", { data, origin });
  Object.defineProperty(event, "source", { value: source });
  return event;
}

/** Puts a window that only hears into all frames to come. */
export function fakeFrames(): { postMessage: ReturnType<typeof vi.fn> } {
  const inside = { postMessage: vi.fn() };
  vi.spyOn(HTMLIFrameElement.prototype, "contentWindow", "get").mockReturnValue(inside as unknown as Window);
  return inside;
}
