/** Ties the client to the components. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Client, ClientView } from "../client/client";

/** Changes that come together, like the entries after a reconnect, are shown together. */
const FRAME_MS = 16;

/** The client's view, anew after each change. */
export function useClient(client: Client): ClientView {
  const [view, setView] = useState(() => client.view());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const update = () => {
      timer = undefined;
      setView(client.view());
    };
    const unsubscribe = client.subscribe(() => (timer ??= setTimeout(update, FRAME_MS)));
    // Something may have changed between the first rendering and this.
    update();
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  }, [client]);
  return view;
}

/** Whether the page is on the screen, as far as the browser knows. */
export function useVisible(): boolean {
  const [visible, setVisible] = useState(document.visibilityState !== "hidden");
  useEffect(() => {
    const update = () => setVisible(document.visibilityState !== "hidden");
    document.addEventListener("visibilitychange", update);
    return () => document.removeEventListener("visibilitychange", update);
  }, []);
  return visible;
}

/** So often at most what changes all the time is read out. */
const CALM_MS = 20_000;

/** The text as a screen reader is to read it: at once if `kind` has changed, else not too often. */
export function useCalm(text: string | null, kind: string): string | null {
  const [spoken, setSpoken] = useState(text);
  const last = useRef({ kind, at: Date.now() });
  useEffect(() => {
    const say = () => {
      last.current = { kind, at: Date.now() };
      setSpoken(text);
    };
    const wait = last.current.kind === kind ? last.current.at + CALM_MS - Date.now() : 0;
    if (text === spoken) return;
    if (wait <= 0) {
      say();
      return;
    }
    const timer = setTimeout(say, wait);
    return () => clearTimeout(timer);
  }, [text, kind, spoken]);
  return spoken;
}

/** A reference to an element that takes the focus when it appears and whenever the widget opens. */
export function useMainFocus<E extends HTMLElement>(open: boolean) {
  const element = useRef<E>(null);
  useEffect(() => {
    if (open) element.current?.focus({ preventScroll: true });
  }, [open]);
  return element;
}
