/** The chat: its lines, and the field to write in or what follows the end. */
import type { EndedBy } from "@switchboard/shared/wire";
import type { ChatView } from "../client/chat";
import { TEXTS } from "../texts";
import { Composer, type Draft } from "./Composer";
import { useMainFocus } from "./hooks";
import { Log } from "./Log";

export interface ConversationProps {
  chat: ChatView;
  open: boolean;
  draft: Draft;
  onAtEnd: (atEnd: boolean) => void;
  onSend: (text: string) => boolean;
  onDraft: (text: string) => void;
  onRetry: (id: string) => void;
  onStartOver: () => void;
}

function Ended({ by, open, onStartOver }: { by: EndedBy; open: boolean; onStartOver: () => void }) {
  // Not the button: whoever was just writing would press it with the next key.
  const section = useMainFocus<HTMLElement>(open);
  return (
    <section ref={section} class="ended" tabIndex={-1} data-testid="ended" data-by={by}>
      <h2>{TEXTS.ended[by]}</h2>
      <p>{TEXTS.endedHint[by]}</p>
      <button type="button" class="primary" data-testid="start-new" onClick={onStartOver}>
        {TEXTS.startNew}
      </button>
    </section>
  );
}

export function Conversation(props: ConversationProps) {
  const { chat, open, draft, onAtEnd, onSend, onDraft, onRetry, onStartOver } = props;
  return (
    <main class="conversation">
      <Log chat={chat} onAtEnd={onAtEnd} onRetry={onRetry} />
      {chat.ended !== null ? (
        <Ended by={chat.ended} open={open} onStartOver={onStartOver} />
      ) : (
        !chat.ending && (
          <Composer open={open} limits={chat.limits} draft={draft} onSend={onSend} onDraft={onDraft} />
        )
      )}
    </main>
  );
}
