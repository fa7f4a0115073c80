/** Starts a chat: asks until the bridge answers, with the same key, so that it becomes one chat. */
import type { ChatStarted } from "@switchboard/shared/wire";
import type { Identity } from "../embed/messages";
import { ApiError, type Api } from "./api";
import { backoff } from "./connection";

/** How one start goes. */
export interface Start {
  api: Api;
  site: string;
  key: string;
  /** Empty for none. */
  name: string;
  /** The queue's id; null for the site's first. */
  queue: string | null;
  signal: AbortSignal;
  random: () => number;
  /** Who the customer is; asked before each try, for tokens are good for minutes only. */
  identify: (() => Promise<Identity>) | undefined;
  /** It did not work at once; it is tried again. */
  struggling(): void;
}

const NOBODY: Identity = { token: null, variables: {} };

/** Resolves when `ms` have passed, or at once when `signal` aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The chat, or null if `signal` aborted. Throws {@link ApiError} if the bridge refuses for good. */
export async function startChat(start: Start): Promise<ChatStarted | null> {
  const { api, site, key, name, queue, signal, random } = start;
  const fixed = { start_key: key, ...(name !== "" && { name }), ...(queue !== null && { queue }) };
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const { token, variables } = start.identify ? await start.identify() : NOBODY;
      const body = {
        ...fixed,
        ...(token !== null && { token }),
        ...(Object.keys(variables).length > 0 && { variables }),
      };
      const started = await api.start(site, body, signal);
      // A proxy's own page can come with status 200, too.
      if (typeof started.token === "string" && typeof started.number === "number") return started;
    } catch (error) {
      if (error instanceof ApiError && !error.temporary) throw error;
      const wait = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
      start.struggling();
      await pause(wait + backoff(attempt, random), signal);
      continue;
    }
    start.struggling();
    await pause(backoff(attempt, random), signal);
  }
  return null;
}
