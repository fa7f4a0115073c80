/** The iframe's side of the talk with the site's page. */
import { complain } from "../complain";
import type { FrameMessage, HostMessage, Identity, Said, Variables } from "./messages";

/** The page that the widget stands in. */
export interface Host {
  /** Whether there is one: the widget can also be opened by itself. */
  readonly present: boolean;
  tell(message: FrameMessage): void;
  /** Asks the page who the customer is. */
  identify(): Promise<Identity>;
}

/** How long the page may take to say who the customer is. */
const IDENTIFY_MS = 8_000;
const NOBODY: Identity = { token: null, variables: {} };

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
  let asked = 0;
  const waiting = new Map<number, (identity: Identity) => void>();

  function tell(message: FrameMessage): void {
    if (origin !== null) parent.postMessage(message, origin);
  }

  function identify(): Promise<Identity> {
    if (origin === null) return Promise.resolve(NOBODY);
    const id = (asked += 1);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        waiting.delete(id);
        complain("the page did not say in time who the customer is; the chat starts without that");
        resolve(NOBODY);
      }, IDENTIFY_MS);
      waiting.set(id, (identity) => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(identity);
      });
      tell({ switchboard: "identify", id });
    });
  }

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
      case "identity":
        if (origin !== null) waiting.get(Number(message.id))?.(identityOf(message));
        break;
      case undefined:
        // Someone else's message.
        break;
    }
  });

  return { present, tell, identify };
}

/** What can be used of what a page says. */
function identityOf({ page, token, variables }: Partial<Said>): Identity {
  const good = typeof token === "string" && token !== "";
  const address = typeof page === "string" && URL.canParse(page) ? new URL(page) : null;
  // What follows the path may be nobody's business: tokens, searches.
  const here = address ? { page: address.origin + address.pathname } : {};
  const all: Variables = { ...here, ...variables };
  const given = Object.entries(all);
  const said = given.filter(([, value]) => ["string", "number", "boolean"].includes(typeof value));
  return {
    token: good ? token : null,
    variables: Object.fromEntries(said.map(([name, value]) => [name, String(value)])),
  };
}
