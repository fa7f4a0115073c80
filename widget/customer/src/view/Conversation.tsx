/** The chat: its lines, and the field to write in or what follows the end. */
import type { ChatView } from "../client/chat";
import { TEXTS } from "../texts";
import { Composer, type Draft } from "./Composer";
import { useMainFocus } from "./hooks";
import { LeaveMessage } from "./LeaveMessage";
import { Log } from "./Log";
import { endedText } from "./status";

export interface ConversationProps {
  chat: ChatView;
  open: boolean;
  draft: Draft;
  /** Whether the customer was not asked for their name before the chat. */
  askName: boolean;
  onAtEnd: (atEnd: boolean) => void;
  onSend: (text: string, email?: string) => boolean;
  onTakeBack: (key: string) => void;
  onDraft: (text: string) => void;
  onRetry: (id: string) => void;
  onStartOver: () => void;
}

function Ended({ chat, open, onStartOver }: { chat: ChatView; open: boolean; onStartOver: () => void }) {
  const by = chat.ended ?? "agent";
  // Not the button: whoever was just writing would press it with the next key.
  const section = useMainFocus<HTMLElement>(open);
  return (
    <section ref={section} class="ended" tabIndex={-1} data-testid="ended" data-by={by}>
      <h2>{endedText(chat)}</h2>
      <p>{TEXTS.endedHint[by]}</p>
      <button type="button" class="primary" data-testid="start-new" onClick={onStartOver}>
        {TEXTS.startNew}
      </button>
    </section>
  );
}

export function Conversation(props: ConversationProps) {
  const { chat, open, draft, onAtEnd, onSend, onDraft, onRetry, onStartOver } = props;
  const { form } = chat;
  if (form) {
    const { askName, onTakeBack } = props;
    return (
      <main class={form.first ? "conversation asking" : "conversation"}>
        {!form.first && <Log chat={chat} onAtEnd={onAtEnd} onRetry={onRetry} />}
        <LeaveMessage
          form={form}
          limits={chat.limits}
          askName={askName}
          draft={draft}
          open={open}
          onSend={onSend}
          onTakeBack={onTakeBack}
        />
      </main>
    );
  }
  return (
    <main class="conversation">
      <Log chat={chat} onAtEnd={onAtEnd} onRetry={onRetry} />
      {chat.ended !== null ? (
        <Ended chat={chat} open={open} onStartOver={onStartOver} />
      ) : (
        !chat.ending && (
          <Composer open={open} limits={chat.limits} draft={draft} onSend={onSend} onDraft={onDraft} />
        )
      )}
    </main>
  );
}
