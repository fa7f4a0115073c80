/** What a connection to the bridge is, whichever way it is made. */
import type { ClientFrame, ErrorCode, ServerFrame } from "@switchboard/shared/wire";

/** Why a link closed by itself. */
export type Closing =
  /** The network, a proxy or the bridge went away. */
  | { why: "lost" }
  /** The bridge asks to come back later. */
  | { why: "later"; afterMs: number | null }
  /** The bridge knows no such chat. */
  | { why: "gone" }
  /** The bridge does not serve the page that we are on. */
  | { why: "forbidden" };

/** What a link is opened with: who we are, and the last feed entry that we have. */
export interface Greeting {
  token: string;
  after: number;
}

/** What a link tells its owner. The first frame is a `welcome`, unless an `error` comes instead. */
export interface LinkEvents {
  frame(frame: ServerFrame): void;
  /** Told once, and never after {@link Link.close}; never while dialling. */
  closed(closing: Closing): void;
}

/** A connection, open or opening. */
export interface Link {
  /** Hands a frame over; whether it arrives, only replies tell. False if it was surely not sent. */
  send(frame: ClientFrame): boolean;
  /** Finds out soon whether the link still works, after sleep or a change of network. */
  check(): void;
  close(): void;
}

/** Opens a link. */
export type Dial = (greeting: Greeting, events: LinkEvents) => Link;

/**
 * The bridge closes the oldest of too many sockets of one customer. If the tab behind it came back
 * at once, it would only push out the next; a tab that is looked at comes back anyway.
 */
const CROWDED_MS = 10_000;

/** What a fatal error of the bridge means for the link. */
export function closingFor(code: ErrorCode, afterMs: number | null = null): Closing {
  switch (code) {
    case "not_found":
      return { why: "gone" };
    case "forbidden_origin":
      return { why: "forbidden" };
    case "unavailable":
      return { why: "later", afterMs };
    case "too_fast":
      return { why: "later", afterMs: afterMs ?? CROWDED_MS };
    default:
      return { why: "lost" };
  }
}
