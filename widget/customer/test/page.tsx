/** The widget in a page, as a test sees and uses it. */
import type { ChatStarted, SiteInfo, StartChat } from "@switchboard/shared/wire";
import { render } from "preact";
import { act } from "preact/test-utils";
import { vi } from "vitest";
import type { Api } from "../src/client/api";
import { Client } from "../src/client/client";
import { App } from "../src/view/App";
import { Exchange, FakeBrowser, LIVE, SITE } from "./fakes";

export let box: HTMLElement;
export let exchange: Exchange;
export let minimise: () => void;
/** What was asked for at the starts of chats. */
export let starts: StartChat[];

/** What the bridge gives as the conversation; null if it cannot. */
export const kept: { transcript: Blob | null } = { transcript: null };

let browser: FakeBrowser;
let saved = "";

/** Shows the widget to a browser that was never here. */
export async function openPage(site: SiteInfo = SITE): Promise<void> {
  vi.useFakeTimers();
  browser = new FakeBrowser();
  saved = "";
  starts = [];
  await loadPage(site);
}

/** Shows it again to the same browser. */
export async function loadPage(site: SiteInfo = SITE): Promise<void> {
  exchange = new Exchange();
  box = document.body.appendChild(document.createElement("div"));
  const api = {
    site: () => Promise.resolve(site),
    transcript: () =>
      kept.transcript ? Promise.resolve(kept.transcript) : Promise.reject(new Error("not now")),
    start: (_site: string, body: StartChat) => {
      starts.push(body);
      return Promise.resolve<ChatStarted>({ token: "T", number: 42, verified: false });
    },
  };
  const client = new Client({
    site: "shop",
    api: api as unknown as Api,
    store: browser.store(),
    tabs: browser.tab("a"),
    dials: () => ({ socket: exchange.dial, polling: exchange.dial }),
  });
  const draft = { read: () => saved, write: (text: string) => (saved = text) };
  minimise = vi.fn();
  render(<App client={client} draft={draft} open onMinimise={minimise} />, box);
  await settle();
}

/** Takes it off, as when the page is left. */
export function unloadPage(): void {
  render(null, box);
  box.remove();
}

export function closePage(): void {
  unloadPage();
  vi.useRealTimers();
}

/** Lets timers and effects run. */
export async function settle(ms = 150): Promise<void> {
  await act(async () => {
    await vi.advanceTimersByTimeAsync(ms);
  });
}

export const find = (id: string) => box.querySelector<HTMLElement>(`[data-testid="${id}"]`);

export function get(id: string): HTMLElement {
  const element = find(id);
  if (!element) throw new Error(`no ${id}`);
  return element;
}

export async function type(id: string, text: string): Promise<void> {
  const field = get(id) as HTMLInputElement;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await settle();
}

export async function press(id: string, key: string, more: KeyboardEventInit = {}): Promise<void> {
  get(id).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  await settle();
}

export async function click(id: string): Promise<void> {
  get(id).click();
  await settle();
}

export async function startChat(): Promise<void> {
  await type("name", "Mia");
  await click("start");
  exchange.last.welcome(0, { ...LIVE, phase: "waiting", position: 3 });
  await settle();
}
