/** Keeps one link to the bridge up, whatever happens to the network. */
import type { ClientFrame, ServerFrame } from "@switchboard/shared/wire";
import { closingFor, type Closing, type Dial, type Greeting, type Link } from "./link";

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
/** A link that lived this long was a good one: the next failure is a first failure again. */
const STABLE_MS = 5_000;
/** How long a link may take to its welcome. */
const WELCOME_MS = 8_000;
/** After so many sockets in a row that never got a welcome, we poll. */
const SOCKET_FAILURES = 2;
/** While polling, how often a socket is tried beside it. */
const PROBE_MS = 60_000;

/** The wait before try number `attempt` (from 0), with jitter, so that not all pages come at once. */
export function backoff(attempt: number, random: () => number): number {
  const full = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
  return Math.max(FIRST_RETRY_MS, full * (0.5 + random() / 2));
}

/** What a connection needs to know and tells. */
export interface ConnectionOwner {
  /** Asked at each dialling. */
  greeting(): Greeting;
  frame(frame: ServerFrame): void;
  /** The link is lost; another will be made unless `closing` is final. */
  down(closing: Closing): void;
}

/** The ways to make a link. */
export interface Dials {
  socket: Dial | null;
  polling: Dial;
}

interface Attempt {
  socket: boolean;
  link: Link | null;
  welcomed: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class Connection {
  readonly #dials: Dials;
  readonly #owner: ConnectionOwner;
  readonly #random: () => number;
  #current: Attempt | null = null;
  /** A socket that is tried while polling works. */
  #probe: Attempt | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #probeTimer: ReturnType<typeof setTimeout> | undefined;
  #stable: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  #socketFailures = 0;
  #redial = false;

  constructor(dials: Dials, owner: ConnectionOwner, random: () => number = Math.random) {
    this.#dials = dials;
    this.#owner = owner;
    this.#random = random;
  }

  start(): void {
    this.#redial = true;
    this.#dial();
  }

  stop(): void {
    this.#redial = false;
    this.#drop();
  }

  /** Uses the link as long as it lasts, but makes no new one. */
  finish(): void {
    this.#redial = false;
    clearTimeout(this.#retry);
    clearTimeout(this.#probeTimer);
    if (this.#probe) this.#discard(this.#probe);
    this.#probe = null;
  }

  /** Whether frames can be sent. */
  get up(): boolean {
    return this.#current?.welcomed === true;
  }

  send(frame: ClientFrame): boolean {
    return this.up && this.#current?.link?.send(frame) === true;
  }

  /** The network may have changed, or the page woke up: do not wait. */
  hurry(): void {
    if (this.#current?.welcomed === true) {
      this.#current.link?.check();
    } else if (this.#redial && !this.#current) {
      this.#attempts = 0;
      this.#dial();
    }
  }

  /** Makes a new link, because the present one has gone wrong. */
  reconnect(): void {
    if (this.#current) this.#closed(this.#current, { why: "lost" });
  }

  #dial(): void {
    clearTimeout(this.#retry);
    const socket = this.#dials.socket !== null && this.#socketFailures < SOCKET_FAILURES;
    this.#open(socket, (attempt) => (this.#current = attempt));
    clearTimeout(this.#probeTimer);
    if (!socket) this.#scheduleProbe();
  }

  #scheduleProbe(): void {
    if (!this.#dials.socket) return;
    this.#probeTimer = setTimeout(() => {
      this.#open(true, (attempt) => (this.#probe = attempt));
    }, PROBE_MS);
  }

  #open(socket: boolean, adopt: (attempt: Attempt) => void): void {
    const attempt: Attempt = { socket, link: null, welcomed: false, timer: undefined };
    adopt(attempt);
    attempt.timer = setTimeout(() => this.#closed(attempt, { why: "lost" }), WELCOME_MS);
    const dial = socket && this.#dials.socket ? this.#dials.socket : this.#dials.polling;
    attempt.link = dial(this.#owner.greeting(), {
      frame: (frame) => this.#frame(attempt, frame),
      closed: (closing) => this.#closed(attempt, closing),
    });
  }

  #frame(attempt: Attempt, frame: ServerFrame): void {
    if (attempt !== this.#current && attempt !== this.#probe) return;
    if (frame.type === "welcome") this.#welcomed(attempt);
    if (frame.type === "error" && frame.fatal) {
      if (attempt === this.#current) this.#owner.frame(frame);
      this.#closed(attempt, closingFor(frame.code));
    } else if (attempt === this.#current) {
      this.#owner.frame(frame);
    }
  }

  #welcomed(attempt: Attempt): void {
    clearTimeout(attempt.timer);
    attempt.welcomed = true;
    if (attempt === this.#probe) {
      if (this.#current) this.#discard(this.#current);
      this.#current = attempt;
      this.#probe = null;
    }
    if (attempt.socket) {
      this.#socketFailures = 0;
      clearTimeout(this.#probeTimer);
    }
    clearTimeout(this.#stable);
    this.#stable = setTimeout(() => (this.#attempts = 0), STABLE_MS);
  }

  #closed(attempt: Attempt, closing: Closing): void {
    if (attempt === this.#probe) {
      this.#discard(attempt);
      this.#probe = null;
      this.#scheduleProbe();
      return;
    }
    if (attempt !== this.#current) return;
    const silent = !attempt.welcomed && closing.why === "lost";
    if (silent && attempt.socket) this.#socketFailures += 1;
    // If polling does not work either, the socket is not to blame.
    if (silent && !attempt.socket) this.#socketFailures = 0;
    this.#drop();
    if (closing.why === "gone" || closing.why === "forbidden") this.#redial = false;
    this.#owner.down(closing);
    if (!this.#redial) return;
    this.#retry = setTimeout(() => this.#dial(), this.#delay(closing));
  }

  #delay(closing: Closing): number {
    const usual = backoff(this.#attempts, this.#random);
    this.#attempts += 1;
    if (closing.why !== "later") return usual;
    // The bridge is busy or restarting: whoever it asked to wait should not all return at once.
    return (closing.afterMs ?? 2_000) + usual;
  }

  #discard(attempt: Attempt): void {
    clearTimeout(attempt.timer);
    attempt.link?.close();
  }

  #drop(): void {
    for (const timer of [this.#retry, this.#probeTimer, this.#stable]) clearTimeout(timer);
    if (this.#current) this.#discard(this.#current);
    if (this.#probe) this.#discard(this.#probe);
    this.#current = null;
    this.#probe = null;
  }
}
