/** The lines of the conversation: messages, and what happened between them. */
import { Component } from "preact";
import type { AgentItem, Item, Notice, OwnItem } from "../client/items";
import { TEXTS } from "../texts";
import { Clock, Tick, TwoTicks, Warning } from "./icons";
import { Rich } from "./rich";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export interface LineProps {
  item: Item;
  /** The first of several by the same writer. */
  first: boolean;
  /** The last of several by the same writer. */
  last: boolean;
  onRetry: (id: string) => void;
}

/** Drawn again only if something about it has changed: conversations can be long. */
export class Line extends Component<LineProps> {
  override shouldComponentUpdate(next: LineProps): boolean {
    return next.item !== this.props.item || next.first !== this.props.first || next.last !== this.props.last;
  }

  override render({ item, first, last, onRetry }: LineProps) {
    const joined = `${first ? " first" : ""}${last ? " last" : ""}`;
    switch (item.kind) {
      case "own":
        return <Own item={item} joined={joined} last={last} onRetry={onRetry} />;
      case "agent":
        return <Agent item={item} joined={joined} first={first} last={last} />;
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

interface OwnProps {
  item: OwnItem;
  joined: string;
  last: boolean;
  onRetry: (id: string) => void;
}

function Own({ item, joined, last, onRetry }: OwnProps) {
  const { id, at, text, state, reason } = item;
  return (
    <div
      class={`message own ${state}${joined}`}
      data-testid="message"
      data-from="customer"
      data-state={state}
    >
      <div class="bubble">
        <span class="hidden">{TEXTS.youSaid} </span>
        <div class="text" dir="auto">
          {text}
        </div>
      </div>
      {reason === null ? (
        <p class={last ? "meta" : "meta quiet"}>
          <Time at={at} />
          <span class="progress">
            <Progress state={state} />
            <span class="hidden">{state === "failed" ? "" : TEXTS[state]}</span>
          </span>
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

interface AgentProps {
  item: AgentItem;
  joined: string;
  first: boolean;
  last: boolean;
}

function Agent({ item, joined, first, last }: AgentProps) {
  return (
    <div class={`message agent${joined}`} data-testid="message" data-from="agent">
      <p class={first ? "name" : "hidden"} dir="auto">
        {item.name}
        <span class="hidden">:</span>
      </p>
      <div class="bubble">
        <div class="text" dir="auto">
          <Rich content={item.content} />
        </div>
      </div>
      {last && (
        <p class="meta">
          <Time at={item.at} />
        </p>
      )}
    </div>
  );
}
