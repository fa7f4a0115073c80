/** The chat as the bridge tells it: entries in order, each once. */
import { Changes } from "./changes";
import type { EndedBy, FeedEntry, FormReason, RefusalReason } from "@switchboard/shared/wire";

/** What became of an entry. */
export type Applied = "new" | "known" | "gap";

/** What the customer was last asked for: to talk, to leave a message, or to wait for its answer. */
export type Stage = "chat" | "form" | "left";

/** The form's entry. */
export interface Asked {
  seq: number;
  why: FormReason;
  text: string;
}

export class Feed {
  readonly entries: FeedEntry[] = [];
  /** The last entry's sequence number; 0 if there is none. */
  last = 0;
  /** The last sequence number of an agent's message. */
  lastAgent = 0;
  ended: EndedBy | null = null;
  stage: Stage = "chat";
  /** The last time that the customer was asked to leave a message. */
  asked: Asked | null = null;
  /** The public names of the agents who are there; two agents may share one. */
  readonly agents: string[] = [];
  /** The customer's messages, by key, that are in the feed. */
  readonly own = new Set<string>();
  /** What became of messages. */
  readonly changes = new Changes();
  /** Those that did not reach the agents. */
  readonly undelivered = new Map<string, RefusalReason>();

  /** Takes the next entry; one that does not follow the last is not taken. */
  apply(entry: FeedEntry): Applied {
    if (entry.seq <= this.last) return "known";
    if (entry.seq !== this.last + 1) return "gap";
    this.last = entry.seq;
    this.entries.push(entry);
    this.changes.apply(entry);
    switch (entry.kind) {
      case "own":
        this.own.add(entry.key);
        break;
      case "agent":
        this.lastAgent = entry.seq;
        break;
      case "joined":
        this.agents.push(entry.name);
        this.stage = "chat";
        break;
      case "left":
        this.#leave(entry.name);
        break;
      case "requeued":
        this.agents.length = 0;
        this.stage = "chat";
        break;
      case "form":
        this.stage = "form";
        this.asked = entry;
        break;
      case "message_left":
        this.stage = "left";
        break;
      case "undelivered":
        this.undelivered.set(entry.key, entry.reason);
        break;
      case "ended":
        this.ended = entry.by;
        break;
      case "queued":
        this.stage = "chat";
        break;
      case "edited": // Told to `changes`.
      case "removed":
      case "reaction":
        break;
    }
    return "new";
  }

  /** How many messages of agents came after entry `seq`. */
  agentEntriesAfter(seq: number): number {
    let count = 0;
    for (let i = this.entries.length - 1; i >= 0; i -= 1) {
      const entry = this.entries[i];
      if (!entry || entry.seq <= seq) break;
      if (entry.kind === "agent" && !this.changes.of(entry.seq).removed) count += 1;
    }
    return count;
  }

  /** Whether anybody has said anything. */
  get silent(): boolean {
    return this.own.size === 0 && this.lastAgent === 0;
  }

  #leave(name: string): void {
    const index = this.agents.indexOf(name);
    if (index >= 0) this.agents.splice(index, 1);
  }
}
