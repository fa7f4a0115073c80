/** A link over a WebSocket. */
import type { ClientFrame, ServerFrame } from "@switchboard/shared/wire";
import type { Closing, Dial } from "./link";

/** Close codes: the bridge restarts, or asks to try again later. */
const LATER = [1012, 1013];
/** How long a link that is asked to prove itself may be silent. */
const CHECK_MS = 5_000;

/**
 * Opens links over WebSockets to `url`.
 *
 * Browsers delay the timers of hidden pages, so silence is counted from a ping of ours and not
 * from the last frame of the bridge.
 */
export function socketDial(url: string, Socket: typeof WebSocket): Dial {
  return (greeting, events) => {
    let done = false;
    let socket: WebSocket | null = null;
    let beat: ReturnType<typeof setTimeout> | undefined;
    let silence: ReturnType<typeof setTimeout> | undefined;
    let deadline = 0;
    let pingMs = 0;

    function finish(closing: Closing | null): void {
      if (done) return;
      done = true;
      clearTimeout(beat);
      clearTimeout(silence);
      socket?.close();
      if (closing) events.closed(closing);
    }

    function send(frame: ClientFrame): boolean {
      if (done || socket?.readyState !== Socket.OPEN) return false;
      socket.send(JSON.stringify(frame));
      return true;
    }

    /** Sends a ping, and gives up unless anything at all is heard within `patience`. */
    function ping(patience: number): void {
      clearTimeout(beat);
      send({ type: "ping" });
      const due = Date.now() + patience;
      // A later ping gives no more time to the answer of an earlier one.
      if (silence === undefined || due < deadline) {
        clearTimeout(silence);
        deadline = due;
        silence = setTimeout(() => finish({ why: "lost" }), patience);
      }
      if (pingMs > 0) beat = setTimeout(() => ping(pingMs * 1.5), pingMs);
    }

    function heard(frame: ServerFrame): void {
      clearTimeout(silence);
      silence = undefined;
      if (frame.type === "welcome") {
        pingMs = frame.limits.ping_seconds * 1000;
        clearTimeout(beat);
        if (pingMs > 0) beat = setTimeout(() => ping(pingMs * 1.5), pingMs);
      }
      events.frame(frame);
    }

    try {
      socket = new Socket(url);
      socket.onopen = () => send({ type: "hello", ...greeting });
      socket.onmessage = ({ data }: MessageEvent<unknown>) => {
        if (done) return;
        let frame: ServerFrame;
        try {
          frame = JSON.parse(String(data)) as ServerFrame;
        } catch {
          finish({ why: "lost" });
          return;
        }
        heard(frame);
      };
      socket.onclose = ({ code }) =>
        finish(LATER.includes(code) ? { why: "later", afterMs: null } : { why: "lost" });
    } catch {
      // The page's policy or the browser's forbids it.
      queueMicrotask(() => finish({ why: "lost" }));
    }

    return { send, check: () => ping(CHECK_MS), close: () => finish(null) };
  };
}
