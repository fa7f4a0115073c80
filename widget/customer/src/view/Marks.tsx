/** What stands at a message besides its text: what it answers, reactions, and what can be done with it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Reaction } from "../client/changes";
import type { AgentItem, OwnItem, Quote } from "../client/items";
import { TEXTS } from "../texts";
import { Bin, Dots, Pencil, ReplyArrow } from "./icons";

/** What agents' clients offer first, and what most people need. */
const EMOJI = ["👍", "❤️", "😄", "🎉", "😮", "😢"];

export type MessageItem = OwnItem | AgentItem;

/** What can be done with messages. */
export interface Actions {
  reply: (item: MessageItem) => void;
  edit: (item: OwnItem) => void;
  remove: (seq: number) => void;
  react: (seq: number, emoji: string, on: boolean) => void;
}

/** The message that is answered. Pressing it leads there. */
export function Quoted({ quote, onJump }: { quote: Quote; onJump: (id: string) => void }) {
  const whom = quote.name ?? TEXTS.yourself;
  return (
    <button type="button" class="quote" data-testid="quote" onClick={() => onJump(quote.id)}>
      <span class="hidden">{TEXTS.answers(whom)} </span>
      <b aria-hidden="true" dir="auto">
        {whom}
      </b>
      <span dir="auto">{quote.text ?? TEXTS.removed}</span>
    </button>
  );
}

function names({ agents, mine }: Reaction): string {
  return TEXTS.reactedBy(mine ? [...agents, TEXTS.you] : agents);
}

interface ReactionsProps {
  item: MessageItem;
  /** Null if nothing can be done any more. */
  actions: Actions | null;
}

/** Who has reacted with what. Pressing one adds the customer's, or takes it back. */
export function Reactions({ item, actions }: ReactionsProps) {
  const { reactions, seq } = item;
  if (reactions.length === 0) return null;
  return (
    <ul class="reactions" data-testid="reactions">
      {reactions.map((reaction) => {
        const { emoji, agents, mine } = reaction;
        const count = agents.length + (mine ? 1 : 0);
        return (
          <li key={emoji}>
            <button
              type="button"
              class={mine ? "reaction mine" : "reaction"}
              aria-pressed={mine}
              aria-label={`${emoji} ${names(reaction)}`}
              title={names(reaction)}
              disabled={actions === null || seq === null}
              onClick={() => seq !== null && actions?.react(seq, emoji, !mine)}
            >
              <span>{emoji}</span>
              {count > 1 && <span class="count">{count}</span>}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

interface DotsButtonProps {
  item: MessageItem;
  /** The beginning of what the message says. */
  says: string;
  open: boolean;
  onOpen: (open: boolean) => void;
}

function buttonId({ id }: MessageItem): string {
  return `actions-${id}`;
}

/** The button that opens what can be done with a message. */
export function DotsButton({ item, says, open, onOpen }: DotsButtonProps) {
  return (
    <button
      id={buttonId(item)}
      type="button"
      class="dots-button"
      data-testid="actions"
      aria-expanded={open}
      aria-label={TEXTS.actions(says)}
      onClick={() => onOpen(!open)}
    >
      <Dots />
    </button>
  );
}

interface PanelProps {
  item: MessageItem;
  seq: number;
  says: string;
  actions: Actions;
  onClose: () => void;
}

/** What can be done with a message. */
export function Panel({ item, seq, says, actions, onClose }: PanelProps) {
  const panel = useRef<HTMLDivElement>(null);
  const [sure, setSure] = useState(false);
  useEffect(() => {
    panel.current?.querySelector("button")?.focus({ preventScroll: true });
    panel.current?.scrollIntoView({ block: "nearest" });
  }, []);

  function close(): void {
    onClose();
    document.getElementById(buttonId(item))?.focus({ preventScroll: true });
  }

  /** Does it and closes; where the focus goes then is up to what was done. */
  function done(act: () => void): () => void {
    return () => {
      close();
      act();
    };
  }

  return (
    <div
      ref={panel}
      class="panel"
      role="group"
      aria-label={TEXTS.actions(says)}
      data-testid="panel"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // It closes this, and not the whole widget.
        event.stopPropagation();
        close();
      }}
    >
      <div class="emoji">
        {EMOJI.map((emoji) => (
          <button
            key={emoji}
            type="button"
            aria-label={TEXTS.react(emoji)}
            onClick={done(() => actions.react(seq, emoji, true))}
          >
            {emoji}
          </button>
        ))}
      </div>
      <div class="deeds">
        {sure ? (
          <button key="keep" type="button" data-testid="keep" onClick={() => setSure(false)}>
            {TEXTS.keep}
          </button>
        ) : (
          <button key="reply" type="button" data-testid="reply" onClick={done(() => actions.reply(item))}>
            <ReplyArrow />
            {TEXTS.reply}
          </button>
        )}
        {item.kind === "own" && item.text !== "" && !sure && (
          <button key="edit" type="button" data-testid="edit" onClick={done(() => actions.edit(item))}>
            <Pencil />
            {TEXTS.edit}
          </button>
        )}
        {item.kind === "own" && (
          // The same element before and after, so that it keeps the focus.
          <button
            key="remove"
            type="button"
            class={sure ? "sure" : ""}
            data-testid="remove"
            onClick={sure ? done(() => actions.remove(seq)) : () => setSure(true)}
          >
            <Bin />
            {sure ? TEXTS.removeSure : TEXTS.remove}
          </button>
        )}
      </div>
    </div>
  );
}
