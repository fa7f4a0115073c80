/** The lines of the conversation: messages, and what happened between them. */
import { Component, type ComponentChildren } from "preact";
import type { AgentItem, Item, Notice, OwnItem } from "../client/items";
import { TEXTS } from "../texts";
import { textOf, withFiles } from "../client/changes";
import { Files, type GetLink } from "./Files";
import { DotsButton, Panel, Quoted, Reactions, type Actions, type MessageItem } from "./Marks";
import { Clock, Tick, TwoTicks, Warning } from "./icons";
import { Rich } from "./rich";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export interface LineProps {
  item: Item;
  /** The first of several by the same writer. */
  first: boolean;
  /** The last of several by the same writer. */
  last: boolean;
  /** Null if nothing can be done with messages any more. */
  actions: Actions | null;
  /** Whether what can be done with this one is shown. */
  open: boolean;
  onOpen: (id: string, open: boolean) => void;
  onJump: (id: string) => void;
  onRetry: (id: string) => void;
  getLink: GetLink;
}

/** How much of a message is said to name it. */
const NAMED_CHARS = 40;

/** Drawn again only if something about it has changed: conversations can be long. */
export class Line extends Component<LineProps> {
  override shouldComponentUpdate(next: LineProps): boolean {
    const { item, first, last, open, actions } = this.props;
    const isSame = next.item === item && next.first === first && next.last === last;
    return !isSame || next.open !== open || (next.actions === null) !== (actions === null);
  }

  override render(props: LineProps) {
    const { item, first, last } = props;
    const joined = `${first ? " first" : ""}${last ? " last" : ""}`;
    switch (item.kind) {
      case "own":
        return <Own {...props} item={item} joined={joined} />;
      case "agent":
        return <Agent {...props} item={item} joined={joined} />;
      case "notice":
        return (
          <p
            class={item.notice.what === "message_left" ? "event confirmed" : "event"}
            data-testid="event"
            dir="auto"
          >
            {noticeText(item.notice)}
          </p>
        );
    }
  }
}

/** What a notice says. */
export function noticeText(notice: Notice): string {
  switch (notice.what) {
    case "queued":
      return TEXTS.queued;
    case "requeued":
      return TEXTS.requeued;
    case "form":
      return TEXTS.formTitle[notice.why];
    case "message_left":
      return TEXTS.messageLeft;
    case "joined":
      return TEXTS.joined(notice.name);
    case "left":
      return TEXTS.left(notice.name);
  }
}

function Time({ at }: { at: number }) {
  const date = new Date(at);
  const valid = !Number.isNaN(date.getTime());
  return <time dateTime={valid ? date.toISOString() : ""}>{valid ? clock.format(date) : ""}</time>;
}

function Progress({ state }: { state: OwnItem["state"] }) {
  switch (state) {
    case "sending":
      return <Clock />;
    case "accepted":
      return <Tick />;
    case "delivered":
    case "seen":
      return <TwoTicks />;
    case "failed":
      return <Warning />;
  }
}

/** What stands in place of a removed message's text. */
function Removed() {
  return <div class="text gone">{TEXTS.removed}</div>;
}

/** A bubble, with the button for what can be done beside it, and reactions and the open panel below. */
function Bubble(props: LineProps & { item: MessageItem; says: string; children: ComponentChildren }) {
  const { item, says: all, actions, open, onOpen, children } = props;
  const { id, seq, removed } = item;
  const says = Array.from(all).slice(0, NAMED_CHARS).join("");
  const failed = item.kind === "own" && item.reason !== null;
  const able = seq !== null && !removed && !failed ? actions : null;
  return (
    <>
      <div class="row">
        <div class="bubble">{children}</div>
        {able && <DotsButton item={item} says={says} open={open} onOpen={(next) => onOpen(id, next)} />}
      </div>
      {!removed && <Reactions item={item} actions={able} />}
      {able && open && seq !== null && (
        <Panel item={item} seq={seq} says={says} actions={able} onClose={() => onOpen(id, false)} />
      )}
    </>
  );
}

function Own(props: LineProps & { item: OwnItem; joined: string }) {
  const { item, joined, last, onRetry, onJump, getLink } = props;
  const { id, at, text, files, state, reason, removed, edited, quote } = item;
  return (
    <div
      class={`message own ${state}${joined}${removed ? " removed" : ""}`}
      id={`m-${id}`}
      tabIndex={-1}
      data-testid="message"
      data-from="customer"
      data-state={state}
    >
      <Bubble {...props} says={withFiles(text, files)}>
        <span class="hidden">{TEXTS.youSaid} </span>
        {quote && <Quoted quote={quote} onJump={onJump} />}
        {removed && <Removed />}
        {text !== "" && (
          <div class="text" dir="auto">
            {text}
          </div>
        )}
        {files.length > 0 && <Files files={files} getLink={getLink} />}
      </Bubble>
      {reason === null ? (
        <p class={last || edited ? "meta" : "meta quiet"}>
          {edited && <span data-testid="edited">{TEXTS.edited}</span>}
          <Time at={at} />
          {!removed && (
            <span class="progress">
              <Progress state={state} />
              <span class="hidden">{state === "failed" ? "" : TEXTS[state]}</span>
            </span>
          )}
        </p>
      ) : (
        <p class="meta failure">
          <Progress state="failed" />
          <span>{TEXTS.failed[reason]}</span>
          {item.retry && (
            <button type="button" class="link" data-testid="retry" onClick={() => onRetry(id)}>
              {TEXTS.retry}
            </button>
          )}
        </p>
      )}
    </div>
  );
}

function Agent(props: LineProps & { item: AgentItem; joined: string }) {
  const { item, joined, first, last, onJump, getLink } = props;
  const { id, files, removed, edited, quote } = item;
  return (
    <div
      class={`message agent${joined}${removed ? " removed" : ""}`}
      id={`m-${id}`}
      tabIndex={-1}
      data-testid="message"
      data-from="agent"
    >
      <p class={first ? "name" : "hidden"} dir="auto">
        {item.name}
        <span class="hidden">:</span>
      </p>
      <Bubble {...props} says={withFiles(textOf(item.content), files)}>
        {quote && <Quoted quote={quote} onJump={onJump} />}
        {removed && <Removed />}
        {item.content.length > 0 && (
          <div class="text" dir="auto">
            <Rich content={item.content} />
          </div>
        )}
        {files.length > 0 && <Files files={files} getLink={getLink} />}
      </Bubble>
      {(last || edited) && (
        <p class="meta">
          {edited && <span data-testid="edited">{TEXTS.edited}</span>}
          <Time at={item.at} />
        </p>
      )}
    </div>
  );
}
