/** The line under the title: how things stand. */
import type { ChatView } from "../client/chat";
import { TEXTS } from "../texts";

export function statusText(chat: ChatView): string {
  if (chat.ended !== null) return TEXTS.ended[chat.ended];
  if (chat.link === "connecting") return TEXTS.connecting;
  if (chat.link === "offline") return TEXTS.reconnecting;
  if (chat.ending) return TEXTS.ending;
  if (chat.live.phase === "active") {
    return chat.agents.length > 0 ? TEXTS.here(chat.agents) : TEXTS.connected;
  }
  const { position } = chat.live;
  return position === null ? TEXTS.waiting : TEXTS.waitingAt(position);
}
