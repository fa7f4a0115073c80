/** The form to leave a message with: when there is one, and what became of what was written in it. */
import type { FormReason, LiveState, Phase } from "@switchboard/shared/wire";
import type { Feed } from "./feed";
import type { Outbox, Pending } from "./outbox";

/** The form to leave a message with, while the customer is asked for one. */
export interface FormView {
  why: FormReason;
  /** What the queue says about it. */
  text: string;
  /** Nothing was said before it. */
  first: boolean;
  /** What was written is on its way. */
  busy: boolean;
  /** What was written and not taken. */
  returned: Pending | null;
}

/** Where the chat is in its life. The feed can know before the live state that a message was left. */
export function phaseOf(feed: Feed, { phase }: LiveState): Phase {
  if (feed.ended !== null) return "ended";
  return phase === "form" && feed.stage === "left" ? "left" : phase;
}

/** The form, while the customer is asked for a message. */
export function formOf(feed: Feed, { messages: items }: Outbox): FormView {
  const { why = "nobody", text = "", seq = 0 } = feed.asked ?? {};
  const written = items.filter((item) => item.after >= seq);
  return {
    why,
    text,
    first: feed.silent && written.length === items.length,
    busy: written.some((item) => item.state !== "failed"),
    returned: written.find((item) => item.state === "failed") ?? null,
  };
}
