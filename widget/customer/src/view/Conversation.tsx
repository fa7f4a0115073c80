/** The chat: its lines, and the field to write in or what follows the end. */
import type { ChatView } from "../client/chat";
import { textOf, withFiles } from "../client/changes";
import { useEffect, useState } from "preact/hooks";
import { TEXTS } from "../texts";
import type { Uploads } from "../client/uploads";
import { Composer, type Draft, type Task } from "./Composer";
import type { GetLink } from "./Files";
import type { Actions, MessageItem } from "./Marks";
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
  uploads: Uploads | undefined;
  getLink: GetLink;
  onSend: (text: string, email?: string, replyTo?: number) => boolean;
  onEdit: (target: number, text: string) => boolean;
  onRemove: (target: number) => void;
  onReact: (target: number, emoji: string, on: boolean) => void;
  onTakeBack: (key: string) => void;
  onDraft: (text: string) => void;
  onRetry: (id: string) => void;
  onStartOver: () => void;
  /** Saves the conversation as a file; false if it cannot be had. */
  onDownload: () => Promise<boolean>;
}

type EndedProps = Pick<ConversationProps, "chat" | "open" | "onStartOver" | "onDownload">;

function Ended({ chat, open, onStartOver, onDownload }: EndedProps) {
  const [failed, setFailed] = useState(false);
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
      <button
        type="button"
        class="link"
        data-testid="download"
        onClick={() => void onDownload().then((saved) => setFailed(!saved))}
      >
        {TEXTS.download}
      </button>
      <p class="fault" role="alert">
        {failed && TEXTS.downloadFailed}
      </p>
    </section>
  );
}

export function Conversation(props: ConversationProps) {
  const { chat, open, draft, uploads, getLink, onAtEnd, onSend, onDraft, onRetry } = props;
  const { onStartOver, onDownload } = props;
  const { form } = chat;
  const [task, setTask] = useState<Task | null>(null);
  const over = chat.ended !== null || chat.ending;
  // What is removed meanwhile can be neither answered nor edited.
  const about = chat.items.find((item) => item.id === task?.id);
  const isGone = about !== undefined && about.kind !== "notice" && about.removed;
  useEffect(() => {
    if (isGone) setTask(null);
  }, [isGone]);
  const { onEdit, onRemove, onReact } = props;
  const begin = (kind: Task["kind"], item: MessageItem) => {
    if (item.seq === null) return;
    const said = item.kind === "own" ? item.text : textOf(item.content);
    const text = kind === "edit" ? said : withFiles(said, item.files);
    setTask({ kind, id: item.id, target: item.seq, text, name: item.kind === "agent" ? item.name : null });
  };
  const actions: Actions = {
    reply: (item) => begin("reply", item),
    edit: (item) => begin("edit", item),
    remove: onRemove,
    react: onReact,
  };
  function send(text: string): boolean {
    const done = task?.kind === "edit" ? onEdit(task.target, text) : onSend(text, undefined, task?.target);
    if (done) setTask(null);
    return done;
  }
  if (form) {
    const { askName, onTakeBack } = props;
    return (
      <main class={form.first ? "conversation asking" : "conversation"}>
        {!form.first && (
          <Log chat={chat} actions={null} getLink={getLink} onAtEnd={onAtEnd} onRetry={onRetry} />
        )}
        <LeaveMessage
          form={form}
          limits={chat.limits}
          askName={askName}
          draft={draft}
          open={open}
          files={chat.uploads}
          tooManyFiles={chat.tooManyFiles}
          uploads={uploads}
          onSend={onSend}
          onTakeBack={onTakeBack}
        />
      </main>
    );
  }
  return (
    <main class="conversation">
      <Log
        chat={chat}
        actions={over ? null : actions}
        getLink={getLink}
        onAtEnd={onAtEnd}
        onRetry={onRetry}
      />
      {chat.ended !== null ? (
        <Ended chat={chat} open={open} onStartOver={onStartOver} onDownload={onDownload} />
      ) : (
        !chat.ending && (
          <Composer
            open={open}
            limits={chat.limits}
            draft={draft}
            task={task}
            files={chat.uploads}
            tooManyFiles={chat.tooManyFiles}
            uploads={uploads}
            onCancel={() => setTask(null)}
            onSend={send}
            onDraft={onDraft}
          />
        )
      )}
    </main>
  );
}
