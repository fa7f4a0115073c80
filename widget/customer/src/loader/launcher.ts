/** The button on the site's page, and the panel with the iframe. */
import { isColour, textOn, type FrameMessage, type HostMessage, type Variables } from "../embed/messages";
import { STYLES } from "./styles";
import { TEXTS } from "./texts";

/** What the script's element says. */
export interface Settings {
  /** The bridge's origin. */
  origin: string;
  /** The iframe's address. */
  page: string;
  site: string;
  colour: string | null;
  label: string | null;
  /** Where the site's token comes from. */
  identify: TokenSource;
  /** What the page knows of the customer. */
  variables?: Variables;
}

/** Where the site's token comes from: the token itself, or what fetches a fresh one when a chat starts. */
export type TokenSource = string | null | (() => string | null | Promise<string | null>);

/** What the site's own scripts can do. */
export interface Switchboard {
  open: () => void;
  close: () => void;
  /** Says where the site's token comes from, for chats that start from now on. */
  identify: (source: TokenSource) => void;
  /** Says what the page knows of the customer, in place of what it said before. */
  setVariables: (variables: Variables) => void;
  destroy: () => void;
}

/** How long the iframe may take to answer. */
const LOADING_MS = 15_000;
const PHONE = "(max-width: 479px)";
const DEFAULT_COLOUR = "#1a56b0";

const BUBBLE =
  "M21 11.5a8 8 0 0 1-8.5 8 9 9 0 0 1-3.6-.8L3 20.5l1.8-4.9A8 8 0 0 1 4 11.5a8.3 8.3 0 0 1 17 0Z";
const CROSS = "M6 6l12 12M18 6L6 18";

/** Reads the script's own element. */
export function settingsOf(script: HTMLScriptElement): Settings | null {
  const { site, colour = null, label = null, token = null } = script.dataset;
  if (site === undefined || site === "") return null;
  const url = new URL(script.src);
  const page = `${url.origin}/widget/${encodeURIComponent(site)}`;
  return { origin: url.origin, page, site, colour, label, identify: token };
}

/** Puts the launcher on the page. */
export function launch(settings: Settings, doc: Document = document, view: Window = window): Switchboard {
  const root = doc.createElement("switchboard-chat");
  const shadow = root.attachShadow({ mode: "open" });
  addStyles(shadow, doc, view);

  const box = shadow.appendChild(doc.createElement("div"));
  const panel = box.appendChild(doc.createElement("div"));
  panel.className = "panel";
  const state = panel.appendChild(doc.createElement("p"));
  const button = box.appendChild(doc.createElement("button"));
  button.className = "launcher";
  button.type = "button";
  button.dataset["testid"] = "launcher";
  button.append(icon(doc, "talk", BUBBLE), icon(doc, "shut", CROSS));
  const badge = button.appendChild(doc.createElement("span"));
  badge.className = "badge";

  const memory = `switchboard:${settings.site}:chat`;
  let frame: HTMLIFrameElement | null = null;
  let timer = 0;
  let open = false;
  let ready = false;
  let unread = 0;
  let pageOverflow = "";
  let { identify, variables } = settings;

  function paint(colour: string): void {
    root.style.setProperty("--accent", colour);
    root.style.setProperty("--on-accent", textOn(colour));
  }

  function show(): void {
    box.className = `${open ? "open" : ""} ${ready ? "ready" : ""}`;
    const label = open ? TEXTS.close : (settings.label ?? TEXTS.open);
    button.setAttribute("aria-label", unread > 0 ? `${label} (${TEXTS.unread(unread)})` : label);
    button.setAttribute("aria-expanded", String(open));
    badge.hidden = unread === 0;
    badge.textContent = unread > 99 ? "99+" : String(unread);
  }

  function tell(message: HostMessage): void {
    frame?.contentWindow?.postMessage(message, settings.origin);
  }

  /** What of it can be used is for the iframe to say: this script is on every page of the site. */
  async function tellIdentity(id?: number): Promise<void> {
    let token: string | null = null;
    try {
      token = typeof identify === "function" ? await identify() : identify;
    } catch (error) {
      // It does not keep the customer from chatting, and whoever watches the site hears of it.
      reportError(error);
    }
    tell({ switchboard: "identity", id, page: view.location.href, token, variables });
  }

  function tellOpen(): void {
    tell({ switchboard: open ? "open" : "close" });
  }

  function load(): void {
    if (frame) return;
    ready = false;
    state.textContent = TEXTS.loading;
    frame = doc.createElement("iframe");
    frame.title = TEXTS.frame;
    frame.src = settings.page;
    frame.addEventListener("load", () => tell({ switchboard: "hello", open }));
    timer = view.setTimeout(() => (state.textContent = TEXTS.unreachable), LOADING_MS);
    panel.append(frame);
  }

  /** What a panel that never answered has loaded is worth another try. */
  function unload(): void {
    view.clearTimeout(timer);
    frame?.remove();
    frame = null;
  }

  /** On a phone the panel is the screen: the page must not scroll under it, nor the keyboard cover it. */
  function fitScreen(): void {
    const screen = open && view.matchMedia(PHONE).matches ? view.visualViewport : null;
    panel.style.cssText = screen
      ? `--top:${String(screen.offsetTop)}px;--height:${String(screen.height)}px`
      : "";
  }

  function setOpen(next: boolean): void {
    if (next === open) return;
    open = next;
    if (open) {
      load();
      const { style } = doc.documentElement;
      pageOverflow = style.overflow;
      if (view.matchMedia(PHONE).matches) style.overflow = "hidden";
    } else {
      doc.documentElement.style.overflow = pageOverflow;
      if (!ready) unload();
    }
    fitScreen();
    show();
    if (ready) tellOpen();
    if (open && ready) frame?.focus();
    if (!open) button.focus();
  }

  function heard(event: MessageEvent<Partial<FrameMessage> | null>): void {
    if (event.origin !== settings.origin || !frame || event.source !== frame.contentWindow) return;
    const message = event.data;
    if (message?.switchboard === "close") setOpen(false);
    if (message?.switchboard === "identify") void tellIdentity(message.id);
    if (message?.switchboard !== "state") return;
    view.clearTimeout(timer);
    unread = message.unread ?? 0;
    if (isColour(message.colour)) paint(message.colour);
    remember(memory, message.chat, view);
    const first = !ready;
    ready = true;
    show();
    if (!first) return;
    // It may have been opened or closed since the greeting.
    tellOpen();
    if (open) frame.focus();
  }

  function pressed(event: KeyboardEvent): void {
    if (event.key === "Escape") setOpen(false);
  }

  function mount(): void {
    doc.body.append(root);
  }

  button.addEventListener("click", () => setOpen(!open));
  root.addEventListener("keydown", pressed);
  view.addEventListener("message", heard);
  view.visualViewport?.addEventListener("resize", fitScreen);
  view.visualViewport?.addEventListener("scroll", fitScreen);
  paint(isColour(settings.colour) ? settings.colour : DEFAULT_COLOUR);
  show();
  if ((doc.body as HTMLElement | null) === null) doc.addEventListener("DOMContentLoaded", mount);
  else mount();
  // A chat goes on while the customer walks through the site: unread messages must show.
  if (remembered(memory, view)) load();

  return {
    open: () => setOpen(true),
    close: () => setOpen(false),
    identify: (source) => void (identify = source),
    setVariables: (more) => void (variables = more),
    destroy() {
      setOpen(false);
      unload();
      view.removeEventListener("message", heard);
      view.visualViewport?.removeEventListener("resize", fitScreen);
      view.visualViewport?.removeEventListener("scroll", fitScreen);
      doc.removeEventListener("DOMContentLoaded", mount);
      root.remove();
    },
  };
}

/** A style sheet that needs no `style` element, which the site's own policy may forbid. */
function addStyles(shadow: ShadowRoot, doc: Document, view: Window): void {
  try {
    const sheet = new (view as Window & typeof globalThis).CSSStyleSheet();
    sheet.replaceSync(STYLES);
    shadow.adoptedStyleSheets = [sheet];
  } catch {
    shadow.appendChild(doc.createElement("style")).textContent = STYLES;
  }
}

function icon(doc: Document, name: string, path: string): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = doc.createElementNS(namespace, "svg");
  svg.setAttribute("class", name);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.appendChild(doc.createElementNS(namespace, "path")).setAttribute("d", path);
  return svg;
}

/** Only that there is a chat is stored on the site's side, never which. */
function remember(key: string, chat: boolean | undefined, view: Window): void {
  try {
    if (chat) view.localStorage.setItem(key, "1");
    else view.localStorage.removeItem(key);
  } catch {
    // Then the next page of the site shows no unread messages until the chat is opened.
  }
}

function remembered(key: string, view: Window): boolean {
  try {
    return !!view.localStorage.getItem(key);
  } catch {
    return false;
  }
}
