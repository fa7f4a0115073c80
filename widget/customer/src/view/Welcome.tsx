/** Before the chat: a greeting, and the name if the site asks for it. */
import type { SiteInfo } from "@switchboard/shared/wire";
import { useState } from "preact/hooks";
import type { ClientView } from "../client/client";
import { charLength } from "../client/text";
import { TEXTS } from "../texts";
import { useMainFocus } from "./hooks";

export interface WelcomeProps {
  site: SiteInfo;
  view: ClientView;
  open: boolean;
  onStart: (name: string, queue: string | null) => void;
}

function noticeText(notice: ClientView["notice"]): string | null {
  switch (notice) {
    case "chat_lost":
      return TEXTS.chatLost;
    case "start_failed":
      return TEXTS.startFailed;
    case "forbidden":
      return TEXTS.forbidden;
    case null:
      return null;
  }
}

function faultOf(name: string, site: SiteInfo): string | null {
  if (!site.ask_name) return null;
  if (name.trim() === "") return TEXTS.nameMissing;
  const most = site.limits.name_chars;
  return charLength(name.trim()) > most ? TEXTS.nameTooLong(most) : null;
}

export function Welcome({ site, view, open, onStart }: WelcomeProps) {
  const [name, setName] = useState(view.name);
  const [fault, setFault] = useState<string | null>(null);
  const field = useMainFocus<HTMLInputElement>(open && site.ask_name);
  const button = useMainFocus<HTMLButtonElement>(open && !site.ask_name);
  const [chosen, setChosen] = useState<string | null>(null);
  const { queues } = site;
  // The one that was chosen may not be offered any more.
  const queue = queues.find(({ id }) => id === chosen) ?? queues[0] ?? null;
  const said = queue?.open === false ? queue.closed_text : (queue?.greeting ?? "");
  const notice = noticeText(view.notice);
  const busy = view.starting !== "no";

  function submit(event: Event): void {
    event.preventDefault();
    if (busy) return;
    const wrong = faultOf(name, site);
    setFault(wrong);
    if (wrong === null) onStart(name, queues.length > 1 ? (queue?.id ?? null) : null);
    else field.current?.focus();
  }

  return (
    <main class="welcome">
      {notice !== null && (
        <p class="notice" role="alert" data-testid="notice">
          {notice}
        </p>
      )}
      <p class="greeting" dir="auto">
        {site.greeting}
      </p>
      <form class="fields" noValidate onSubmit={submit}>
        {queues.length > 1 && (
          <fieldset data-testid="queues">
            <legend>{TEXTS.queues}</legend>
            {queues.map(({ id, name, open }) => (
              <label key={id}>
                <input
                  type="radio"
                  name="queue"
                  value={id}
                  checked={queue?.id === id}
                  onChange={() => setChosen(id)}
                />
                <span dir="auto">{name}</span>
                {!open && <small>{TEXTS.queueClosed}</small>}
              </label>
            ))}
          </fieldset>
        )}
        <p class="told" role="status" dir="auto" data-testid="queue-text">
          {said}
        </p>
        {site.ask_name && (
          <>
            <label for="name">{TEXTS.nameLabel}</label>
            <input
              id="name"
              ref={field}
              data-testid="name"
              type="text"
              autocomplete="name"
              dir="auto"
              required
              value={name}
              aria-invalid={fault !== null}
              aria-describedby="name-fault"
              onInput={(event) => {
                setName(event.currentTarget.value);
                setFault(null);
              }}
            />
            <p id="name-fault" class="fault" role="alert">
              {fault}
            </p>
          </>
        )}
        <button ref={button} type="submit" class="primary" data-testid="start" aria-disabled={busy}>
          {busy ? TEXTS.starting : queue?.open === false ? TEXTS.startForm : TEXTS.start}
        </button>
        <p class="hint" role="status">
          {view.starting === "struggling" && TEXTS.startStruggling}
        </p>
      </form>
    </main>
  );
}
