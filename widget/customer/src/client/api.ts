/** The bridge's HTTP endpoints for customers. */
import type {
  ChatStarted,
  ErrorCode,
  FileLink,
  FeedPage,
  RefusalReason,
  SendMessage,
  SiteInfo,
  StartChat,
} from "@switchboard/shared/wire";
import type { ChangeFrame } from "./changes";

/** The bridge answered, and said no. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs: number | null;
  readonly reason: RefusalReason | null;

  constructor(code: ErrorCode, retryAfterMs: number | null = null, reason: RefusalReason | null = null) {
    super(code);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.reason = reason;
  }

  /** Whether the same request may succeed later. */
  get temporary(): boolean {
    return this.code === "too_fast" || this.code === "unavailable";
  }
}

/** Without an answer after this long, a request has failed. */
const TIMEOUT_MS = 15_000;

const REASONS: readonly RefusalReason[] = [
  "too_long",
  "empty",
  "bad_email",
  "files",
  "too_fast",
  "too_many",
  "ended",
  "no_target",
  "bad_reaction",
  "undeliverable",
  "unavailable",
];

/** What an error reply most likely means if its body does not say. */
function codeFor(status: number): ErrorCode {
  if (status === 404 || status === 401) return "not_found";
  if (status === 403) return "forbidden_origin";
  if (status === 413) return "too_large";
  if (status === 429) return "too_fast";
  return status >= 500 ? "unavailable" : "bad_request";
}

/** Reads an error reply; proxies between us and the bridge answer with anything. */
async function errorOf(response: Response): Promise<ApiError> {
  let body: Record<string, unknown> = {};
  try {
    body = ((await response.json()) ?? {}) as Record<string, unknown>;
  } catch {
    // Not ours; the status has to do.
  }
  const { code, retry_after_ms: wait, reason, refused } = body;
  const why = REASONS.find((known) => known === reason || known === refused) ?? null;
  const known = typeof code === "string" ? (code as ErrorCode) : codeFor(response.status);
  return new ApiError(known, typeof wait === "number" ? wait : null, why);
}

/** Requests to the bridge. Throws {@link ApiError} if it says no, anything else if it cannot be asked. */
export class Api {
  readonly #fetch: typeof fetch;

  constructor(fetcher: typeof fetch = (...args) => fetch(...args)) {
    this.#fetch = fetcher;
  }

  async site(site: string): Promise<SiteInfo> {
    return (await this.#ask("GET", `sites/${encodeURIComponent(site)}`)).json() as Promise<SiteInfo>;
  }

  async start(site: string, body: StartChat, signal?: AbortSignal): Promise<ChatStarted> {
    const path = `sites/${encodeURIComponent(site)}/chats`;
    return (await this.#ask("POST", path, { body, signal })).json() as Promise<ChatStarted>;
  }

  /** Waits up to `wait` seconds for anything after entry `after`, or another state than `tag` stands for. */
  async feed(
    token: string,
    after: number,
    wait: number,
    tag: string | null,
    signal: AbortSignal,
  ): Promise<FeedPage> {
    const query = new URLSearchParams({ after: String(after), wait: String(wait) });
    if (tag !== null) query.set("tag", tag);
    const path = `feed?${query.toString()}`;
    const response = await this.#ask("GET", path, { token, signal, timeout: TIMEOUT_MS + wait * 1000 });
    return response.json() as Promise<FeedPage>;
  }

  async message(token: string, body: SendMessage, signal: AbortSignal): Promise<void> {
    await this.#ask("POST", "messages", { token, body, signal });
  }

  async change(token: string, body: ChangeFrame, signal: AbortSignal): Promise<void> {
    await this.#ask("POST", "changes", { token, body, signal });
  }

  async link(token: string, id: string): Promise<FileLink> {
    return (await this.#ask("GET", `files/${encodeURIComponent(id)}`, { token })).json() as Promise<FileLink>;
  }

  async typing(token: string, typing: boolean, signal: AbortSignal): Promise<void> {
    await this.#ask("POST", "typing", { token, body: { typing }, signal });
  }

  async seen(token: string, seq: number, signal: AbortSignal): Promise<void> {
    await this.#ask("POST", "seen", { token, body: { seq }, signal });
  }

  async end(token: string, signal: AbortSignal): Promise<void> {
    await this.#ask("POST", "end", { token, body: {}, signal });
  }

  /** The conversation as a page, to be kept. */
  async transcript(token: string): Promise<Blob> {
    return (await this.#ask("GET", "transcript", { token })).blob();
  }

  async #ask(
    method: "GET" | "POST",
    path: string,
    {
      token,
      body,
      signal,
      timeout = TIMEOUT_MS,
    }: { token?: string; body?: unknown; signal?: AbortSignal | undefined; timeout?: number } = {},
  ): Promise<Response> {
    const control = new AbortController();
    const abort = () => control.abort();
    const timer = setTimeout(abort, timeout);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted === true) abort();
    try {
      const headers = new Headers();
      if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
      if (body !== undefined) headers.set("content-type", "application/json");
      const response = await this.#fetch(`/customer/v1/${path}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: control.signal,
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
      });
      if (!response.ok) throw await errorOf(response);
      return response;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }
}
