// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { meetHost, type HostListener } from "../src/embed/host";
import { launch, settingsOf, type Switchboard } from "../src/loader/launcher";
import { BRIDGE, fakeFrames, message, SETTINGS, SHOP } from "./page-side";

describe("the loader's settings", () => {
  it("come from its own element", () => {
    const script = document.createElement("script");
    script.setAttribute("src", `${BRIDGE}/widget/loader.js`);
    expect(settingsOf(script)).toBeNull();
    script.dataset["site"] = "a/b";
    expect(settingsOf(script)).toEqual({
      origin: BRIDGE,
      page: `${BRIDGE}/widget/a%2Fb`,
      site: "a/b",
      colour: null,
      label: null,
      identify: null,
    });
  });
});

describe("the launcher", () => {
  let widget: Switchboard;
  let inside: { postMessage: ReturnType<typeof vi.fn> };

  beforeEach(() => {
    localStorage.clear();
    inside = fakeFrames();
  });
  afterEach(() => {
    widget.destroy();
  });

  function start(): ShadowRoot {
    widget = launch(SETTINGS);
    const shadow = document.querySelector("switchboard-chat")?.shadowRoot;
    if (!shadow) throw new Error("no launcher");
    return shadow;
  }
  const button = (shadow: ShadowRoot) => shadow.querySelector("button") as HTMLButtonElement;
  const frame = (shadow: ShadowRoot) => shadow.querySelector("iframe");
  const say = (data: unknown, origin = BRIDGE, source: unknown = inside) =>
    window.dispatchEvent(message(data, origin, source));
  const state = (more: object) => ({ switchboard: "state", unread: 0, chat: false, colour: null, ...more });

  it("loads the iframe when it is first opened", () => {
    const shadow = start();
    expect(frame(shadow)).toBeNull();
    expect(button(shadow).getAttribute("aria-label")).toBe("Open chat");
    button(shadow).click();
    expect(frame(shadow)).not.toBeNull();
    expect(button(shadow).getAttribute("aria-expanded")).toBe("true");
    expect(button(shadow).getAttribute("aria-label")).toBe("Close chat");
  });

  it("loads it at once where a chat goes on, and stores nothing but that", () => {
    start();
    widget.open();
    say(state({ chat: true }));
    expect(localStorage.getItem("switchboard:shop:chat")).toBe("1");
    widget.destroy();
    expect(frame(start())).not.toBeNull();
  });

  it("greets the bridge's origin and no other", () => {
    const shadow = start();
    widget.open();
    frame(shadow)?.dispatchEvent(new Event("load"));
    say(state({}));
    widget.close();
    expect(inside.postMessage.mock.calls).toEqual([
      [{ switchboard: "hello", open: true }, BRIDGE],
      [{ switchboard: "open" }, BRIDGE],
      [{ switchboard: "close" }, BRIDGE],
    ]);
  });

  it("shows unread messages, to eyes and ears", () => {
    const shadow = start();
    widget.open();
    widget.close();
    widget.open();
    say(state({ unread: 3 }));
    widget.close();
    expect(shadow.querySelector(".badge")?.textContent).toBe("3");
    expect(button(shadow).getAttribute("aria-label")).toBe("Open chat (3 new messages)");
    say(state({ unread: 1000 }));
    expect(shadow.querySelector(".badge")?.textContent).toBe("99+");
  });

  it.each([
    ["another origin", "https://evil.example", undefined],
    ["a look-alike", `${BRIDGE}.evil.example`, undefined],
    ["another window of the bridge", BRIDGE, {}],
    ["the page itself", BRIDGE, window],
  ])("does not listen to %s", (_, origin, source) => {
    const shadow = start();
    widget.open();
    say(state({ unread: 5, colour: "#ff0000" }), origin, source ?? inside);
    say({ switchboard: "close" }, origin, source ?? inside);
    expect(shadow.querySelector<HTMLElement>(".badge")?.hidden).toBe(true);
    expect(button(shadow).getAttribute("aria-expanded")).toBe("true");
  });

  it("takes colours only, and survives anything else", () => {
    const shadow = start();
    widget.open();
    const root = shadow.host as HTMLElement;
    for (const data of [
      null,
      7,
      "x",
      [],
      { switchboard: "state" },
      state({ colour: "red;background:url(//x)" }),
    ]) {
      say(data);
    }
    expect(root.style.getPropertyValue("--accent")).toBe("#1a56b0");
    say(state({ colour: "#ffee00", unread: "a" }));
    expect(root.style.getPropertyValue("--accent")).toBe("#ffee00");
    expect(root.style.getPropertyValue("--on-accent")).toBe("#111111");
  });

  it("gives the focus back when it closes", () => {
    const shadow = start();
    widget.open();
    say(state({}));
    const focus = vi.spyOn(button(shadow), "focus");
    say({ switchboard: "close" });
    expect(button(shadow).getAttribute("aria-expanded")).toBe("false");
    expect(focus).toHaveBeenCalledOnce();
  });

  it("closes with Escape", () => {
    const shadow = start();
    widget.open();
    button(shadow).dispatchEvent(
      new KeyboardEvent("keydown", { key: "Escape", bubbles: true, composed: true }),
    );
    expect(button(shadow).getAttribute("aria-expanded")).toBe("false");
  });

  it("leaves nothing behind", () => {
    start();
    widget.open();
    widget.destroy();
    expect(document.querySelector("switchboard-chat")).toBeNull();
    expect(document.documentElement.style.overflow).toBe("");
  });
});

describe("the iframe", () => {
  function meet(withParent = true) {
    const target = new EventTarget();
    const parent = { postMessage: vi.fn() };
    const self = Object.assign(target, { parent: withParent ? parent : target }) as unknown as Window;
    const listener = { greeted: vi.fn(), opened: vi.fn() } satisfies HostListener;
    const host = meetHost(self, listener);
    const say = (data: unknown, origin = SHOP, source: unknown = parent) =>
      target.dispatchEvent(message(data, origin, source));
    return { host, listener, say, parent };
  }

  it("answers the page that greeted it, at its exact origin", () => {
    const { host, listener, say, parent } = meet();
    host.tell({ switchboard: "close" });
    expect(parent.postMessage).not.toHaveBeenCalled();
    say({ switchboard: "hello", open: true });
    expect(listener.opened).toHaveBeenCalledWith(true);
    expect(listener.greeted).toHaveBeenCalledOnce();
    host.tell({ switchboard: "close" });
    expect(parent.postMessage).toHaveBeenCalledWith({ switchboard: "close" }, SHOP);
  });

  it("listens to nobody but its parent, of one origin", () => {
    const { listener, say } = meet();
    say({ switchboard: "open" });
    say({ switchboard: "hello", open: true }, SHOP, {});
    say({ switchboard: "hello", open: true }, "null");
    expect(listener.opened).not.toHaveBeenCalled();
    say({ switchboard: "hello", open: false });
    say({ switchboard: "open" }, "https://evil.example");
    say({ switchboard: "hello", open: true }, "https://evil.example");
    expect(listener.opened.mock.calls).toEqual([[false]]);
    say({ switchboard: "open" });
    say({ switchboard: "close" });
    expect(listener.opened.mock.calls).toEqual([[false], [true], [false]]);
  });

  it("survives anything", () => {
    const { listener, say } = meet();
    for (const data of [null, undefined, 7, "hello", [], { switchboard: "other" }, { switchboard: {} }])
      say(data);
    expect(listener.opened).not.toHaveBeenCalled();
  });

  it("knows when it stands alone", () => {
    expect(meet(false).host.present).toBe(false);
    expect(meet().host.present).toBe(true);
  });
});
