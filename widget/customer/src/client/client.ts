/** The widget's state for one site: before, during and after a chat. Knows nothing of elements. */
import type { ChatStarted, Limits, SiteInfo } from "@switchboard/shared/wire";
import { complain } from "../complain";
import type { Identity } from "../embed/messages";
import { ApiError, type Api } from "./api";
import { Chat, type ChatView } from "./chat";
import { backoff, type Dials } from "./connection";
import type { Session } from "./session";
import { SessionStore } from "./session";
import { startChat } from "./start";
import type { Store } from "./storage";
import type { Tabs } from "./tabs";
import { charLength, wellFormed } from "./text";

/** Something to tell above the welcome. */
export type WelcomeNotice = "chat_lost" | "start_failed" | "forbidden" | null;

/** What the widget shows. */
export interface ClientView {
  site: SiteInfo | null;
  /** The site cannot be had: not known to the bridge, or the bridge cannot be reached for now. */
  trouble: "unknown_site" | "unreachable" | null;
  notice: WelcomeNotice;
  /** The name given last. */
  name: string;
  starting: "no" | "trying" | "struggling";
  chat: ChatView | null;
}

/** What the client is made of. */
export interface ClientOptions {
  site: string;
  api: Api;
  store: Store;
  tabs: Tabs;
  /** `limits` tells the newest that are known. */
  dials: (limits: () => Limits) => Dials;
  random?: () => number;
  /** Who the customer is, as far as the site's page knows. */
  identify?: () => Promise<Identity>;
}

/** A site that was had before that is asked for again when the customer looks. */
const SITE_AGE_MS = 30_000;

/** Used until the bridge has told its own. */
const DEFAULT_LIMITS: Limits = {
  text_bytes: 16_384,
  name_chars: 48,
  frame_bytes: 65_536,
  ping_seconds: 15,
  file_bytes: 20 * 1024 * 1024,
  files: 5,
};

export class Client {
  readonly #o: ClientOptions;
  readonly #sessions: SessionStore;
  readonly #random: () => number;
  readonly #listeners = new Set<() => void>();
  #site: SiteInfo | null = null;
  #trouble: ClientView["trouble"] = null;
  #notice: WelcomeNotice = null;
  #starting: ClientView["starting"] = "no";
  #start: AbortController | null = null;
  #chat: Chat | null = null;
  #looking = false;
  #siteTimer: ReturnType<typeof setTimeout> | undefined;
  #siteAttempts = 0;
  /** When the site was had last. */
  #siteAt = 0;

  constructor(options: ClientOptions) {
    this.#o = options;
    this.#random = options.random ?? Math.random;
    this.#sessions = new SessionStore(options.store);
    options.tabs.listen(() => this.#sync());
    const session = this.#sessions.read();
    if (session) this.#open(session);
    void this.#loadSite();
  }

  view(): ClientView {
    return {
      site: this.#site,
      trouble: this.#trouble,
      notice: this.#notice,
      name: this.#sessions.name(),
      starting: this.#starting,
      chat: this.#chat?.view() ?? null,
    };
  }

  /** Calls `listener` after each change of the view, until the returned function is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The chat's own actions, while there is a chat. */
  get chat(): Chat | null {
    return this.#chat;
  }

  /** Starts a chat, in the queue with this id or the first; false if the name cannot be one. */
  start(name: string, queue: string | null = null): boolean {
    const clean = wellFormed(name).trim();
    const asked = this.#site?.ask_name === true;
    if (asked && (clean === "" || charLength(clean) > this.#limits().name_chars)) return false;
    if (this.#starting === "no" && !this.#chat) void this.#begin(asked ? clean : "", queue);
    return true;
  }

  /** Leaves a chat that is over, for the welcome. */
  startOver(): void {
    if (!this.#chat) return;
    this.#chat.forget();
    this.#sessions.forget(this.#chat.session.token);
    this.#leave(null);
    this.#o.tabs.announce();
  }

  /** The chat as a file and its name; null if it cannot be had now. */
  async transcript(): Promise<{ name: string; file: Blob } | null> {
    const session = this.#chat?.session;
    if (!session) return null;
    try {
      const file = await this.#o.api.transcript(session.token);
      return { name: `chat-${String(session.number)}.html`, file };
    } catch {
      return null;
    }
  }

  /** Whether the customer has the newest entries before their eyes. */
  look(looking: boolean): void {
    this.#looking = looking;
    this.#chat?.look(looking);
  }

  /** The page came back to life or online. */
  hurry(): void {
    this.#chat?.hurry();
    if (this.#trouble === "unreachable") void this.#loadSite();
  }

  /** The customer looks: the site may have changed, and its queues opened or closed. */
  refresh(): void {
    const old = Date.now() - this.#siteAt > SITE_AGE_MS;
    if (this.#site && !this.#chat && old) void this.#loadSite();
  }

  #limits(): Limits {
    return this.#site?.limits ?? DEFAULT_LIMITS;
  }

  async #loadSite(): Promise<void> {
    clearTimeout(this.#siteTimer);
    try {
      this.#site = await this.#o.api.site(this.#o.site);
      this.#siteAt = Date.now();
      this.#trouble = null;
    } catch (error) {
      const known = error instanceof ApiError && !error.temporary;
      this.#trouble = known ? "unknown_site" : "unreachable";
      if (!known) {
        this.#siteTimer = setTimeout(() => void this.#loadSite(), backoff(this.#siteAttempts, this.#random));
        this.#siteAttempts += 1;
      }
    }
    this.#changed();
  }

  async #begin(name: string, queue: string | null): Promise<void> {
    const start = new AbortController();
    this.#start = start;
    this.#starting = "trying";
    this.#notice = null;
    this.#changed();
    try {
      const started = await startChat({
        api: this.#o.api,
        site: this.#o.site,
        key: this.#sessions.begin(name, Date.now()),
        name,
        queue,
        signal: start.signal,
        random: this.#random,
        identify: this.#o.identify,
        struggling: () => {
          this.#starting = "struggling";
          this.#changed();
        },
      });
      if (!started || start.signal.aborted) return;
      report(started);
      this.#open(this.#sessions.complete(started));
      this.#o.tabs.announce();
    } catch (error) {
      if (start.signal.aborted) return;
      const forbidden = error instanceof ApiError && error.code === "forbidden_origin";
      this.#starting = "no";
      this.#notice = forbidden ? "forbidden" : "start_failed";
      // What was offered may not be offered any more.
      if (!forbidden) void this.#loadSite();
    }
    this.#changed();
  }

  #open(session: Session): void {
    this.#start?.abort();
    this.#starting = "no";
    this.#notice = null;
    const { store, tabs, dials } = this.#o;
    this.#chat = new Chat({
      session,
      store,
      tabs,
      limits: this.#limits(),
      dials: dials(() => this.#limits()),
      changed: () => this.#changed(),
      lost: (why) => {
        if (why === "gone") this.#sessions.forget(session.token);
        this.#leave(why === "gone" ? "chat_lost" : "forbidden");
        this.#o.tabs.announce();
      },
      random: this.#random,
      link: (token, id) => this.#o.api.link(token, id),
    });
    this.#chat.look(this.#looking);
    this.#changed();
  }

  #leave(notice: WelcomeNotice): void {
    this.#chat?.close();
    this.#chat = null;
    this.#notice = notice;
    this.refresh();
    const other = this.#sessions.read();
    // Another tab may have begun a new chat in the meantime.
    if (other && notice !== "forbidden") this.#open(other);
    this.#changed();
  }

  /** Another tab has changed the storage. */
  #sync(): void {
    const session = this.#sessions.read();
    if (this.#chat && session?.token === this.#chat.session.token) {
      this.#chat.sync();
      return;
    }
    this.#chat?.close();
    this.#chat = null;
    if (session) this.#open(session);
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Tells integrators what the bridge did not take. */
function report({ token_fault: fault, ignored = [] }: ChatStarted): void {
  if (fault !== undefined)
    complain(`the site's token was not accepted (${fault}), so nothing of it is believed`);
  if (ignored.length > 0) complain(`these variables are not declared, or empty: ${ignored.join(", ")}`);
}
