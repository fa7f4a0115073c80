/** A link over plain HTTP, for networks that let no WebSocket through. Speaks the same frames. */
import type { ClientFrame, FeedPage, Limits, LiveState, SendMessage } from "@switchboard/shared/wire";
import { ApiError, type Api } from "./api";
import { closingFor, type Closing, type Dial } from "./link";

/** How long the bridge may hold a request, in seconds. */
const WAIT_S = 25;
/** The least time between two requests that brought nothing. */
const IDLE_MS = 1_000;
/** A request that was held so long and brought nothing shows that nothing is under way. */
const QUIET_MS = 20_000;

function sameLive(a: LiveState | null, b: LiveState): boolean {
  return a !== null && JSON.stringify(a) === JSON.stringify(b);
}

function bodyOf(frame: Extract<ClientFrame, { type: "send" }>): SendMessage {
  const { key, text, email, reply_to, files } = frame;
  return {
    key,
    text,
    ...(email !== undefined && { email }),
    ...(reply_to !== undefined && { reply_to }),
    ...(files && { files }),
  };
}

/** Opens links that poll. `limits` stand in for those that a socket's welcome would tell. */
export function pollingDial(api: Api, limits: () => Limits): Dial {
  return ({ token, after }, events) => {
    const closed = new AbortController();
    let waiting = new AbortController();
    let posts: Promise<void> = Promise.resolve();
    let live: LiveState | null = null;
    let tag: string | null = null;
    let welcomed = false;
    let urgent = false;
    const over = () => closed.signal.aborted;
    const wanted = () => !over() && !quiet;
    const interrupted = () => urgent;
    let ended = false;
    /** The chat is over, and no message that was under way then is waited for any more. */
    let quiet = false;

    function finish(closing: Closing | null): void {
      if (over()) return;
      closed.abort();
      waiting.abort();
      if (closing) events.closed(closing);
    }

    function fail(error: unknown): void {
      finish(error instanceof ApiError ? closingFor(error.code, error.retryAfterMs) : { why: "lost" });
    }

    /** Passes a page on as frames; true if there was anything new in it. */
    function deliver(page: FeedPage): boolean {
      const changed = page.entries.length > 0 || !sameLive(live, page.live);
      const firstOne = !welcomed;
      if (!firstOne && page.newest < after) {
        // The bridge was set back to an earlier state: begin anew, and let the welcome tell.
        finish({ why: "lost" });
        return changed;
      }
      welcomed = true;
      if (firstOne) {
        const { number, newest } = page;
        events.frame({ type: "welcome", number, newest, live: page.live, limits: limits() });
      }
      for (const entry of page.entries) {
        if (over()) return changed;
        after = Math.max(after, entry.seq);
        ended ||= entry.kind === "ended";
        events.frame({ type: "entry", ...entry });
      }
      if (!firstOne && changed && !over()) events.frame({ type: "live", ...page.live });
      live = page.live;
      tag = page.tag ?? null;
      return changed;
    }

    async function poll(): Promise<void> {
      while (wanted()) {
        waiting = new AbortController();
        const began = Date.now();
        // The first request, and one after sleep, only ask how things are.
        const wait = welcomed && !urgent ? WAIT_S : 0;
        urgent = false;
        try {
          const news = deliver(await api.feed(token, after, wait, tag, waiting.signal));
          const took = Date.now() - began;
          quiet = ended && !news && took >= QUIET_MS;
          const rest = IDLE_MS - took;
          if (!news && rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
        } catch (error) {
          if (!interrupted()) fail(error);
        }
      }
    }

    /** Posts one after the other, so that messages keep their order. */
    function post(task: (signal: AbortSignal) => Promise<void>): void {
      posts = posts.then(async () => {
        if (over()) return;
        try {
          await task(closed.signal);
        } catch (error) {
          if (!over()) fail(error);
        }
      });
    }

    async function keyed(key: string, sent: Promise<void>): Promise<void> {
      try {
        await sent;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const reason = error.reason ?? (error.temporary ? (error.code as "too_fast" | "unavailable") : null);
        if (reason === null) {
          // As over a socket: the owner learns of the error while it still knows what it had sent.
          events.frame({ type: "error", code: error.code, message: error.message, fatal: true });
        } else {
          events.frame({ type: "refused", key, reason, retry_after_ms: error.retryAfterMs });
        }
        return;
      }
      events.frame({ type: "accepted", key });
    }

    /** Typing and seen are worth one try, and a refusal of them harms nobody. */
    async function tryOnce(task: Promise<void>): Promise<void> {
      try {
        await task;
      } catch (error) {
        if (!(error instanceof ApiError) || error.code === "not_found") throw error;
      }
    }

    void poll();

    return {
      send(frame: ClientFrame) {
        if (over()) return false;
        switch (frame.type) {
          case "send":
            post((signal) => keyed(frame.key, api.message(token, bodyOf(frame), signal)));
            return true;
          case "edit":
          case "remove":
          case "react":
            post((signal) => keyed(frame.key, api.change(token, frame, signal)));
            return true;
          case "typing":
            post((signal) => tryOnce(api.typing(token, frame.typing, signal)));
            return true;
          case "seen":
            post((signal) => tryOnce(api.seen(token, frame.seq, signal)));
            return true;
          case "end":
            post((signal) => api.end(token, signal));
            return true;
          // Said by `after`, by the request itself, or not needed.
          case "ack":
          case "ping":
          case "hello":
            return true;
        }
      },
      check() {
        urgent = true;
        waiting.abort();
      },
      close: () => finish(null),
    };
  };
}
