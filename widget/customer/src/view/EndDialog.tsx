/** Asks before the chat is ended. The browser keeps the focus inside and gives it back. */
import { useEffect, useRef } from "preact/hooks";
import type { Stage } from "../client/feed";
import { TEXTS } from "../texts";

export interface EndDialogProps {
  /** What would be ended: a chat, the form, or the wait for an answer. */
  stage: Stage;
  onConfirm: () => void;
  onCancel: () => void;
}

export function EndDialog({ stage, onConfirm, onCancel }: EndDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { title, body, confirm, cancel } = TEXTS.endOf[stage];
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="end-title" aria-describedby="end-body" onClose={onCancel}>
      <h2 id="end-title">{title}</h2>
      <p id="end-body">{body}</p>
      <div class="choices">
        <button type="button" class="secondary" data-testid="cancel-end" onClick={onCancel}>
          {cancel}
        </button>
        <button type="button" class="danger" data-testid="confirm-end" onClick={onConfirm}>
          {confirm}
        </button>
      </div>
    </dialog>
  );
}
