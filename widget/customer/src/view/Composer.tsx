/** Where the customer writes. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { measure } from "../client/text";
import type { Upload, Uploads } from "../client/uploads";
import type { Limits } from "@switchboard/shared/wire";
import { TEXTS } from "../texts";
import { useMainFocus } from "./hooks";
import { Attach, Chips } from "./Files";
import { Cross, Plane } from "./icons";

/** Keeps what is being written when the site's page changes. */
export interface Draft {
  read(): string;
  write(text: string): void;
}

/** What is being written, if it is no new message for itself. */
export interface Task {
  kind: "reply" | "edit";
  /** The line of the message that it is about. */
  id: string;
  /** Its number in the feed. */
  target: number;
  /** What it says. */
  text: string;
  /** Who wrote it; null for the customer. */
  name: string | null;
}

export interface ComposerProps {
  open: boolean;
  limits: Limits;
  draft: Draft;
  task: Task | null;
  onCancel: () => void;
  /** What is to go with the message. */
  files: readonly Upload[];
  tooManyFiles: boolean;
  uploads: Uploads | undefined;
  /** False if the message was not taken. */
  onSend: (text: string) => boolean;
  onDraft: (text: string) => void;
}

export function Composer(props: ComposerProps) {
  const { open, limits, draft, task, files, uploads, onCancel, onSend, onDraft } = props;
  const [dropping, setDropping] = useState(false);
  const [text, setText] = useState(() => draft.read());
  const field = useMainFocus<HTMLTextAreaElement>(open);
  const size = measure(text.trim(), limits);
  /** What was being written before an edit. */
  const before = useRef<string | null>(null);
  const editing = task?.kind === "edit";
  const arrived = files.every((file) => file.state === "done");
  // Files wait for the next message: an edit is of the text alone.
  const something = text.trim() !== "" || (files.length > 0 && !editing);
  const ready = something && (arrived || editing) && size.fits;

  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.setProperty("height", "auto");
    element.style.setProperty("height", `${String(element.scrollHeight)}px`);
  }, [text]);

  useLayoutEffect(() => {
    if (before.current !== null) {
      setText(before.current);
      before.current = null;
    }
    if (!task) return;
    if (task.kind === "edit") {
      before.current = draft.read();
      setText(task.text);
    }
    field.current?.focus();
  }, [task]);

  function change(next: string): void {
    setText(next);
    // An edit is no draft: what was written before it is.
    if (before.current === null) draft.write(next);
  }

  function sent(): void {
    if (before.current === null) change("");
  }

  function submit(event: Event): void {
    event.preventDefault();
    if (ready && onSend(text)) sent();
    field.current?.focus();
  }

  function pressed(event: KeyboardEvent): void {
    // While an input method composes, Enter belongs to it. Safari says so only by this code.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key === "Escape" && task && !composing) {
      // It ends this, and not the whole widget.
      event.stopPropagation();
      onCancel();
      return;
    }
    if (event.key === "Enter" && !event.shiftKey && !composing) submit(event);
  }

  function take(chosen: FileList | null | undefined): boolean {
    if (!chosen || chosen.length === 0) return false;
    uploads?.add(chosen);
    return true;
  }

  function dragged(event: DragEvent): void {
    if (event.dataTransfer?.types.includes("Files") !== true) return;
    event.preventDefault();
    setDropping(true);
  }

  function dropped(event: DragEvent): void {
    setDropping(false);
    if (take(event.dataTransfer?.files)) event.preventDefault();
    field.current?.focus();
  }

  return (
    <form
      class={dropping ? "composer dropping" : "composer"}
      onSubmit={submit}
      onDragOver={dragged}
      onDragLeave={() => setDropping(false)}
      onDrop={dropped}
    >
      <Chips
        uploads={files}
        tooMany={props.tooManyFiles}
        onRemove={(key) => {
          uploads?.remove(key);
          field.current?.focus();
        }}
        onRetry={(key) => uploads?.retry(key)}
      />
      <p id="size" class={size.fits ? "size" : "size fault"} role="status">
        {size.fits ? size.near && TEXTS.charactersLeft(size.left) : TEXTS.tooLong(-size.left)}
      </p>
      {task && (
        <div class="task" data-testid="task">
          <p>
            <b dir="auto">
              {task.kind === "edit" ? TEXTS.editing : TEXTS.replyingTo(task.name ?? TEXTS.yourself)}
            </b>
            <span dir="auto">{task.text}</span>
          </p>
          <button
            type="button"
            class="square"
            data-testid="cancel-task"
            aria-label={TEXTS.cancel}
            onClick={onCancel}
          >
            <Cross />
          </button>
        </div>
      )}
      <div class="field">
        <Attach onChoose={take} onDone={() => field.current?.focus()} />
        <textarea
          ref={field}
          data-testid="composer"
          rows={1}
          dir="auto"
          aria-label={TEXTS.message}
          aria-describedby="size"
          aria-invalid={!size.fits}
          placeholder={TEXTS.write}
          enterkeyhint="send"
          value={text}
          onInput={(event) => {
            change(event.currentTarget.value);
            onDraft(event.currentTarget.value);
          }}
          onKeyDown={pressed}
          onPaste={(event) => {
            if (take(event.clipboardData?.files)) event.preventDefault();
          }}
        />
        <button
          type="submit"
          class="send"
          data-testid="send"
          aria-label={editing ? TEXTS.save : TEXTS.send}
          aria-disabled={!ready}
        >
          <Plane />
        </button>
      </div>
    </form>
  );
}
