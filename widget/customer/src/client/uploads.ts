/** Files of the customer on their way to the bridge, before the message that they go with. */
import type { Attachment, Limits, Unfit } from "@switchboard/shared/wire";
import { backoff } from "./connection";
import { messageKey } from "./keys";

/** Why a file is not sent: the bridge's reason, or that the chat is over or does not have it. */
export type FileFault = Unfit | "failed";

/** A file that the customer has chosen. */
export interface Upload {
  readonly key: string;
  readonly name: string;
  readonly size: number;
  /** An address of a picture of it, within this page. */
  readonly preview: string | null;
  /** From 0 to 1. */
  readonly progress: number;
  readonly state: "sending" | "waiting" | "done" | "failed";
  readonly fault: FileFault | null;
  readonly file: Attachment | null;
}

/** What became of one try to send a file. */
export type Sent =
  | { what: "done"; file: Attachment }
  | { what: "refused"; fault: FileFault }
  /** The connection was lost, or the bridge is busy. */
  | { what: "again"; afterMs: number | null };

/** Sends a file; returns how to stop it. Nothing is told after it was stopped. */
export type SendFile = (
  asked: { token: string; key: string; file: File },
  events: { progress(share: number): void; ended(sent: Sent): void },
) => () => void;

/** What browsers can show as a picture. */
export const SHOWN = ["jpeg", "png", "gif", "webp", "avif", "bmp"];
const PREVIEWED = /^image\/(jpeg|png|gif|webp|avif|bmp)$/;

interface Entry extends Upload {
  /** Null if the bridge has it. */
  readonly source: File | null;
}

export interface UploadsOptions {
  token: string;
  send: SendFile;
  limits: () => Limits;
  changed(): void;
  random?: (() => number) | undefined;
}

export class Uploads {
  readonly #o: UploadsOptions;
  #entries: Entry[] = [];
  readonly #stops = new Map<string, () => void>();
  /** Files that were one too many. */
  #tooMany = false;

  constructor(options: UploadsOptions) {
    this.#o = options;
  }

  get list(): readonly Upload[] {
    return this.#entries;
  }

  /** Whether the last choice was of more files than a message may have. */
  get tooMany(): boolean {
    return this.#tooMany;
  }

  /** Whether all that are here have arrived. */
  get ready(): boolean {
    return this.#entries.every((entry) => entry.state === "done");
  }

  add(files: Iterable<File>): void {
    this.#tooMany = false;
    const limits = this.#o.limits();
    for (const source of files) {
      if (this.#entries.length >= limits.files) {
        this.#tooMany = true;
        break;
      }
      const fault = source.size === 0 ? "empty" : source.size > limits.file_bytes ? "too_large" : null;
      const entry: Entry = {
        key: messageKey(),
        name: source.name,
        size: source.size,
        preview: fault === null && PREVIEWED.test(source.type) ? URL.createObjectURL(source) : null,
        progress: 0,
        state: fault === null ? "sending" : "failed",
        fault,
        file: null,
        source,
      };
      this.#entries = [...this.#entries, entry];
      if (fault === null) this.#start(entry, 0);
    }
    this.#o.changed();
  }

  /** Takes a file out, however far it has come. */
  remove(key: string): void {
    this.#stop(key);
    const entry = this.#entries.find((entry) => entry.key === key);
    if (entry && entry.preview !== null) URL.revokeObjectURL(entry.preview);
    this.#entries = this.#entries.filter((entry) => entry.key !== key);
    this.#tooMany = false;
    this.#o.changed();
  }

  /** Tries again at once. The key stays, so the bridge has it once only. */
  retry(key: string): void {
    const entry = this.#entries.find((entry) => entry.key === key);
    if (!entry || entry.state === "done" || entry.state === "sending") return;
    this.#stop(key);
    this.#start(entry, 0);
  }

  /** Takes up again what went with a message that was not taken. */
  putBack(files: Attachment[]): void {
    const back = files.map((file): Entry => {
      const { id: key, name, size } = file;
      return { key, name, size, preview: null, progress: 1, state: "done", fault: null, file, source: null };
    });
    this.#entries = [...back, ...this.#entries].slice(0, this.#o.limits().files);
    this.#o.changed();
  }

  /** Hands over what has arrived, for a message. */
  take(): Attachment[] {
    const files = this.#entries.flatMap((entry) => entry.file ?? []);
    this.clear();
    return files;
  }

  clear(): void {
    for (const { key } of this.#entries) this.remove(key);
  }

  #start(entry: Entry, attempt: number): void {
    const { key, source: file } = entry;
    if (file === null) return;
    this.#change(key, { state: "sending", progress: 0, fault: null });
    const stop = this.#o.send(
      { token: this.#o.token, key, file },
      {
        progress: (progress) => this.#change(key, { progress }),
        ended: (sent) => this.#ended(entry, sent, attempt),
      },
    );
    this.#stops.set(key, stop);
  }

  #ended(entry: Entry, sent: Sent, attempt: number): void {
    const { key } = entry;
    this.#stops.delete(key);
    if (sent.what === "done") {
      this.#change(key, { state: "done", progress: 1, file: sent.file });
    } else if (sent.what === "refused") {
      this.#change(key, { state: "failed", fault: sent.fault });
    } else {
      this.#change(key, { state: "waiting" });
      const wait = Math.max(sent.afterMs ?? 0, backoff(attempt, this.#o.random ?? Math.random));
      const timer = setTimeout(() => this.#start(entry, attempt + 1), wait);
      this.#stops.set(key, () => clearTimeout(timer));
    }
  }

  #stop(key: string): void {
    this.#stops.get(key)?.();
    this.#stops.delete(key);
  }

  #change(key: string, change: Partial<Entry>): void {
    this.#entries = this.#entries.map((entry) => (entry.key === key ? { ...entry, ...change } : entry));
    this.#o.changed();
  }
}

/** Sends a file by the one way that tells how far it is. */
export const sendFile: SendFile = ({ token, key, file }, events) => {
  const request = new XMLHttpRequest();
  const query = new URLSearchParams({ key, name: file.name });
  request.open("POST", `/customer/v1/files?${query.toString()}`);
  request.setRequestHeader("authorization", `Bearer ${token}`);
  request.setRequestHeader("content-type", "application/octet-stream");
  request.responseType = "json";
  request.upload.onprogress = ({ loaded, total }) => events.progress(total > 0 ? loaded / total : 0);
  request.onerror = () => events.ended({ what: "again", afterMs: null });
  request.onload = () => events.ended(judge(request.status, request.response));
  request.send(file);
  return () => {
    request.onerror = request.onload = request.upload.onprogress = null;
    request.abort();
  };
};

/** What an answer to a file means; proxies between us and the bridge answer with anything. */
export function judge(status: number, answer: unknown): Sent {
  const body = (typeof answer === "object" && answer !== null ? answer : {}) as Record<string, unknown>;
  if ((status === 200 || status === 201) && typeof body["id"] === "string") {
    return { what: "done", file: body as unknown as Attachment };
  }
  if (typeof body["unfit"] === "string") return { what: "refused", fault: body["unfit"] as Unfit };
  if (status === 413) return { what: "refused", fault: "too_large" };
  const wait = body["retry_after_ms"];
  if (status === 0 || status === 429 || status >= 500) {
    return { what: "again", afterMs: typeof wait === "number" ? wait : null };
  }
  return { what: "refused", fault: "failed" };
}
