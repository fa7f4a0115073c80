/** Asks before the chat is ended. The browser keeps the focus inside and gives it back. */
import { useEffect, useRef } from "preact/hooks";
import { TEXTS } from "../texts";

export interface EndDialogProps {
  onConfirm: () => void;
  onCancel: () => void;
}

export function EndDialog({ onConfirm, onCancel }: EndDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="end-title" aria-describedby="end-body" onClose={onCancel}>
      <h2 id="end-title">{TEXTS.endTitle}</h2>
      <p id="end-body">{TEXTS.endBody}</p>
      <div class="choices">
        <button type="button" class="secondary" data-testid="cancel-end" onClick={onCancel}>
          {TEXTS.endCancel}
        </button>
        <button type="button" class="danger" data-testid="confirm-end" onClick={onConfirm}>
          {TEXTS.endConfirm}
        </button>
      </div>
    </dialog>
  );
}
