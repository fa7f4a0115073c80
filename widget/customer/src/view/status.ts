/** The line under the title: how things stand. */
import type { Estimate } from "@switchboard/shared/wire";
import type { ChatView } from "../client/chat";
import { TEXTS } from "../texts";

/** How long it will take; nothing if that cannot be said. */
function estimateText(estimate: Estimate | null): string | null {
  if (!estimate) return null;
  const { at_least: least, at_most: most } = estimate;
  if (most === null) return least > 0 ? TEXTS.waitMore(least) : TEXTS.waitUnknown;
  if (least === 0) return TEXTS.waitLess(Math.max(most, 1));
  return TEXTS.waitAbout(least < most ? `${String(least)}–${String(most)}` : String(least));
}

/** How the chat ended, from the customer's side. */
export function endedText({ ended, stage }: ChatView): string {
  if (ended === null) return "";
  if (ended === "customer" && stage !== "chat") return stage === "left" ? TEXTS.withdrawn : TEXTS.notLeft;
  return TEXTS.ended[ended];
}

export function statusText(chat: ChatView): string {
  if (chat.ended !== null) return endedText(chat);
  if (chat.link === "connecting") return TEXTS.connecting;
  if (chat.link === "offline") return TEXTS.reconnecting;
  if (chat.ending) return TEXTS.ending;
  switch (chat.phase) {
    case "active":
      return chat.agents.length > 0 ? TEXTS.here(chat.agents) : TEXTS.connected;
    case "form":
      return TEXTS.asked;
    case "left":
      return TEXTS.unanswered;
    case "ended":
      return TEXTS.ending;
    case "waiting": {
      const { position, estimate } = chat.live;
      const place = position === null ? TEXTS.waiting : TEXTS.waitingAt(position);
      return [place, estimateText(estimate)].filter((text) => text !== null).join(" ");
    }
  }
}

/** What changes of the status must be read out at once; others may wait. */
export function statusKind(chat: ChatView): string {
  return [chat.link, chat.phase, chat.ending, chat.agents.join()].join();
}
