/** The form to leave a message with, in place of the field to write in. */
import type { Limits } from "@switchboard/shared/wire";
import { useEffect, useState } from "preact/hooks";
import type { FormView } from "../client/form";
import { charLength, looksLikeEmail, measure } from "../client/text";
import { TEXTS } from "../texts";
import type { Upload, Uploads } from "../client/uploads";
import type { Draft } from "./Composer";
import { Attach, Chips } from "./Files";
import { useMainFocus } from "./hooks";

export interface LeaveMessageProps {
  form: FormView;
  limits: Limits;
  /** Whether the customer has not said their name before. */
  askName: boolean;
  draft: Draft;
  open: boolean;
  /** What is to go with the message. */
  files: readonly Upload[];
  tooManyFiles: boolean;
  uploads: Uploads | undefined;
  onSend: (text: string, email?: string) => boolean;
  onTakeBack: (key: string) => void;
}

/** What is wrong, and with what. */
interface Fault {
  of: "name" | "email" | "message";
  text: string;
}

/** There is no field for a name in the protocol: whoever leaves a message signs it. */
function signed(text: string, name: string): string {
  return name.trim() === "" ? text.trim() : `${text.trim()}\n\n— ${name.trim()}`;
}

export function LeaveMessage(props: LeaveMessageProps) {
  const { form, limits, askName, draft, open, files, tooManyFiles, uploads, onSend, onTakeBack } = props;
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [text, setText] = useState(() => draft.read());
  const [fault, setFault] = useState<Fault | null>(null);
  // Not a field: the customer is to hear first why there is a form.
  const heading = useMainFocus<HTMLHeadingElement>(open);
  const size = measure(signed(text, name), limits);
  const waits = form.busy || files.some((file) => file.state !== "done");

  const { returned } = form;
  useEffect(() => {
    if (!returned) return;
    // After a reload the fields are empty.
    if (text === "") change(returned.text);
    else draft.write(text);
    setEmail((email) => (email === "" ? (returned.email ?? "") : email));
    const reason = returned.reason ?? "rejected";
    setFault(
      reason === "bad_email"
        ? { of: "email", text: TEXTS.formEmailBad }
        : { of: "message", text: TEXTS.failed[reason] },
    );
    onTakeBack(returned.key);
  }, [returned]);
  useEffect(() => {
    if (fault) document.getElementById(`left-${fault.of}`)?.focus();
  }, [fault]);

  function change(next: string): void {
    setText(next);
    draft.write(next);
  }

  function wrong(): Fault | null {
    const most = limits.name_chars;
    if (charLength(name.trim()) > most) return { of: "name", text: TEXTS.nameTooLong(most) };
    if (email.trim() !== "" && !looksLikeEmail(email)) return { of: "email", text: TEXTS.formEmailBad };
    if (text.trim() === "") return { of: "message", text: TEXTS.formMissing };
    return size.fits ? null : { of: "message", text: TEXTS.tooLong(-size.left) };
  }

  function submit(event: Event): void {
    event.preventDefault();
    if (waits) return;
    const found = wrong();
    setFault(found);
    const address = email.trim() === "" ? undefined : email.trim();
    // What is on its way is kept by the chat, and comes back if it is not taken.
    if (!found && onSend(signed(text, name), address)) draft.write("");
  }

  /** What every field has in common. */
  function field(of: Fault["of"]) {
    const bad = fault?.of === of;
    return {
      id: `left-${of}`,
      "data-testid": `left-${of}`,
      "aria-invalid": bad,
      "aria-describedby": bad ? "left-fault" : undefined,
      readOnly: form.busy,
    };
  }

  const faultOf = (of: Fault["of"]) =>
    fault?.of === of && (
      <p id="left-fault" class="fault" role="alert">
        {fault.text}
      </p>
    );

  return (
    <form class="fields leave" noValidate aria-labelledby="left-title" data-testid="leave" onSubmit={submit}>
      <h2 id="left-title" ref={heading} tabIndex={-1}>
        {TEXTS.formTitle[form.why]}
      </h2>
      {form.text.trim() !== "" && (
        <p class="told" dir="auto">
          {form.text}
        </p>
      )}
      <p class="told">{TEXTS.formHint}</p>
      {askName && (
        <>
          <label for="left-name">{TEXTS.formName}</label>
          <input
            {...field("name")}
            type="text"
            autocomplete="name"
            dir="auto"
            value={name}
            onInput={(event) => {
              setName(event.currentTarget.value);
              setFault(null);
            }}
          />
          {faultOf("name")}
        </>
      )}
      <label for="left-email">
        {TEXTS.formEmail} <small>{TEXTS.formEmailHint}</small>
      </label>
      <input
        {...field("email")}
        type="email"
        autocomplete="email"
        inputMode="email"
        maxLength={254}
        value={email}
        onInput={(event) => {
          setEmail(event.currentTarget.value);
          setFault(null);
        }}
      />
      {faultOf("email")}
      <label for="left-message">{TEXTS.formMessage}</label>
      <textarea
        {...field("message")}
        rows={3}
        dir="auto"
        required
        value={text}
        onInput={(event) => {
          change(event.currentTarget.value);
          setFault(null);
        }}
      />
      {faultOf("message")}
      <Chips
        uploads={files}
        tooMany={tooManyFiles}
        onRemove={(key) => {
          uploads?.remove(key);
          document.getElementById("left-message")?.focus();
        }}
        onRetry={(key) => uploads?.retry(key)}
      />
      <div class="attach">
        <Attach
          onChoose={(chosen) => chosen && uploads?.add(chosen)}
          onDone={() => document.getElementById("left-message")?.focus()}
        />
        <span aria-hidden="true">{TEXTS.attach}</span>
      </div>
      <p class="size" role="status">
        {size.fits && size.near && TEXTS.charactersLeft(size.left)}
      </p>
      <button type="submit" class="primary" data-testid="leave-message" aria-disabled={waits}>
        {form.busy ? TEXTS.formSending : TEXTS.formSend}
      </button>
    </form>
  );
}
