/** Where the customer writes. */
import { useLayoutEffect, useState } from "preact/hooks";
import { measure } from "../client/text";
import type { Limits } from "@switchboard/shared/wire";
import { TEXTS } from "../texts";
import { useMainFocus } from "./hooks";
import { Plane } from "./icons";

/** Keeps what is being written when the site's page changes. */
export interface Draft {
  read(): string;
  write(text: string): void;
}

export interface ComposerProps {
  open: boolean;
  limits: Limits;
  draft: Draft;
  /** False if the message was not taken. */
  onSend: (text: string) => boolean;
  onDraft: (text: string) => void;
}

export function Composer({ open, limits, draft, onSend, onDraft }: ComposerProps) {
  const [text, setText] = useState(() => draft.read());
  const field = useMainFocus<HTMLTextAreaElement>(open);
  const size = measure(text.trim(), limits);
  const ready = text.trim() !== "" && size.fits;

  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.setProperty("height", "auto");
    element.style.setProperty("height", `${String(element.scrollHeight)}px`);
  }, [text]);

  function change(next: string): void {
    setText(next);
    draft.write(next);
  }

  function submit(event: Event): void {
    event.preventDefault();
    if (ready && onSend(text)) change("");
    field.current?.focus();
  }

  function pressed(event: KeyboardEvent): void {
    // While an input method composes, Enter belongs to it. Safari says so only by this code.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key === "Enter" && !event.shiftKey && !composing) submit(event);
  }

  return (
    <form class="composer" onSubmit={submit}>
      <p id="size" class={size.fits ? "size" : "size fault"} role="status">
        {size.fits ? size.near && TEXTS.charactersLeft(size.left) : TEXTS.tooLong(-size.left)}
      </p>
      <div class="field">
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
        />
        <button type="submit" class="send" data-testid="send" aria-label={TEXTS.send} aria-disabled={!ready}>
          <Plane />
        </button>
      </div>
    </form>
  );
}
