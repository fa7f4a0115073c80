/** What became of messages: edits, removals, reactions, and what the customer has asked for of them. */
import type { Attachment, ClientFrame, FeedEntry, RichText } from "@switchboard/shared/wire";

/** A change that the customer has asked for, as it is sent, without its key. */
export type Change =
  | { type: "edit"; target: number; text: string }
  | { type: "remove"; target: number }
  | { type: "react"; target: number; emoji: string; on: boolean };

/** A frame that asks for it. */
export type ChangeFrame = Extract<ClientFrame, { type: Change["type"] }>;

/** Who has reacted with what. */
export interface Reaction {
  emoji: string;
  /** The agents' public names; two agents may share one. */
  agents: string[];
  /** The customer has. */
  mine: boolean;
}

/** What became of one message. */
export interface Fate {
  /** What it says now, if that has changed. */
  content: RichText[] | null;
  removed: boolean;
  reactions: Reaction[];
}

const UNTOUCHED: Fate = { content: null, removed: false, reactions: [] };

/** Emoji come with and without the variation selector. */
function plain(emoji: string): string {
  return emoji.replaceAll("\uFE0F", "");
}

function withReaction(reactions: Reaction[], emoji: string, by: string | null, on: boolean): Reaction[] {
  const known = reactions.some((reaction) => plain(reaction.emoji) === plain(emoji));
  const all = known || !on ? reactions : [...reactions, { emoji, agents: [], mine: false }];
  return all
    .map((reaction) => {
      if (plain(reaction.emoji) !== plain(emoji)) return reaction;
      if (by === null) return { ...reaction, mine: on };
      const agents = [...reaction.agents];
      if (on) agents.push(by);
      else if (agents.includes(by)) agents.splice(agents.indexOf(by), 1);
      return { ...reaction, agents };
    })
    .filter((reaction) => reaction.mine || reaction.agents.length > 0);
}

export class Changes {
  readonly #fates = new Map<number, Fate>();

  /** Takes what an entry tells. */
  apply(entry: FeedEntry): void {
    if (entry.kind !== "edited" && entry.kind !== "removed" && entry.kind !== "reaction") return;
    const fate = this.of(entry.target);
    switch (entry.kind) {
      case "edited":
        this.#fates.set(entry.target, { ...fate, content: entry.content });
        break;
      case "removed":
        // Nothing of it is kept.
        this.#fates.set(entry.target, { content: null, removed: true, reactions: [] });
        break;
      case "reaction": {
        const reactions = withReaction(fate.reactions, entry.emoji, entry.by ?? null, entry.on);
        this.#fates.set(entry.target, { ...fate, reactions });
        break;
      }
    }
  }

  of(seq: number): Fate {
    return this.#fates.get(seq) ?? UNTOUCHED;
  }

  /** What becomes of a message with these changes of the customer on top. */
  with(seq: number, asked: Change[]): Fate {
    return asked.reduce<Fate>((fate, change) => {
      if (change.target !== seq || fate.removed) return fate;
      switch (change.type) {
        case "edit":
          return { ...fate, content: [{ type: "text", text: change.text }] };
        case "remove":
          return { content: null, removed: true, reactions: [] };
        case "react":
          return { ...fate, reactions: withReaction(fate.reactions, change.emoji, null, change.on) };
      }
    }, this.of(seq));
  }
}

/** The text of a tree, for quotations. */
export function textOf(content: RichText[], depth = 0): string {
  if (depth > 40) return "";
  return content
    .map((node) => {
      if (node.type === "text") return node.text;
      return node.type === "break" ? " " : textOf(node.children, depth + 1);
    })
    .join("");
}

/** A text with the names of its files, for quotations. */
export function withFiles(text: string, files: Attachment[]): string {
  return [text, ...files.map((file) => `📎 ${file.name}`)].filter((part) => part !== "").join(" ");
}
