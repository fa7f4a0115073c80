/** Whose chat this is: the session token, and the start key until there is one. */
import type { ChatStarted } from "@switchboard/shared/wire";
import { startKey } from "./keys";
import { readObject, type Store } from "./storage";

/** A chat that this browser may speak in. */
export interface Session {
  token: string;
  number: number;
}

/** How long a start key without a reply may be used again: later it would surprise. */
const START_KEY_LIFE_MS = 60 * 60 * 1000;

/** The session in a site's storage. */
export class SessionStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The session, if a chat has been started. */
  read(): Session | null {
    const { token, number } = readObject(this.#store, "") ?? {};
    return typeof token === "string" && typeof number === "number" ? { token, number } : null;
  }

  /** The name that the customer gave last, to spare them typing it again. */
  name(): string {
    const { name } = readObject(this.#store, "") ?? {};
    return typeof name === "string" ? name : "";
  }

  /**
   * Stores and returns a start key, before anything is sent. An earlier attempt whose reply was
   * lost is taken up again, so that it cannot become a second chat.
   */
  begin(name: string, now: number): string {
    const old = readObject(this.#store, "") ?? {};
    const fresh = typeof old["begun"] === "number" && Math.abs(now - old["begun"]) < START_KEY_LIFE_MS;
    const again = typeof old["start_key"] === "string" && old["token"] === undefined && fresh;
    const key = again ? (old["start_key"] as string) : startKey();
    this.#write({ start_key: key, name, begun: now });
    return key;
  }

  /** Stores the session that a start gave. */
  complete(started: ChatStarted): Session {
    const name = this.name();
    this.#write({ token: started.token, number: started.number, name });
    return { token: started.token, number: started.number };
  }

  /** Forgets the session with this token, unless another tab has already put a new one in its place. */
  forget(token: string): void {
    if (this.read()?.token === token) this.#write({ name: this.name() });
  }

  #write(value: Record<string, unknown>): void {
    this.#store.set("", JSON.stringify(value));
  }
}
