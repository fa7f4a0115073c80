/** The iframe's side of the talk with the site's page. */
import type { FrameMessage, HostMessage } from "./messages";

/** The page that the widget stands in. */
export interface Host {
  /** Whether there is one: the widget can also be opened by itself. */
  readonly present: boolean;
  tell(message: FrameMessage): void;
}

/** What the page asks for. */
export interface HostListener {
  /** The page listens now, and must be told the state. */
  greeted(): void;
  opened(open: boolean): void;
}

/**
 * Answers the page that frames this one, and nobody else. Which pages may frame it is decided by
 * the bridge, in `frame-ancestors`; here the first greeting from the parent fixes its origin.
 */
export function meetHost(self: Window, listener: HostListener): Host {
  const parent = self.parent;
  const present = parent !== self;
  let origin: string | null = null;

  self.addEventListener("message", (event: MessageEvent<Partial<HostMessage> | null>) => {
    if (!present || event.source !== parent) return;
    if (origin !== null && event.origin !== origin) return;
    const message = event.data;
    switch (message?.switchboard) {
      case "hello":
        // A page without an origin of its own could not be told from others.
        if (event.origin === "" || event.origin === "null") return;
        origin = event.origin;
        listener.opened(message.open === true);
        listener.greeted();
        break;
      case "open":
      case "close":
        if (origin !== null) listener.opened(message.switchboard === "open");
        break;
      case undefined:
        // Someone else's message.
        break;
    }
  });

  return {
    present,
    tell(message) {
      if (origin !== null) parent.postMessage(message, origin);
    },
  };
}
