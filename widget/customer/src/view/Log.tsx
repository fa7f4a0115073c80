/** The list of lines, which stays at its end unless the reader scrolls up. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ChatView } from "../client/chat";
import type { Item } from "../client/items";
import { TEXTS } from "../texts";
import { Arrow } from "./icons";
import type { GetLink } from "./Files";
import { Line } from "./Lines";
import type { Actions } from "./Marks";

/** So near to the end counts as at the end. */
const NEAR_PX = 48;
/** Messages of one writer within this time stand together. */
const TOGETHER_MS = 5 * 60_000;

const dayName = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });

export interface LogProps {
  chat: ChatView;
  /** Told whether the newest line is on the screen. */
  onAtEnd: (atEnd: boolean) => void;
  /** Null if nothing can be done with messages any more. */
  actions: Actions | null;
  onRetry: (id: string) => void;
  getLink: GetLink;
}

function together(a: Item | undefined, b: Item | undefined): boolean {
  if (!a || !b || a.kind !== b.kind || a.kind === "notice") return false;
  if (Math.abs(b.at - a.at) > TOGETHER_MS || dayOf(a.at) !== dayOf(b.at)) return false;
  return a.kind === "own" || (b.kind === "agent" && a.name === b.name);
}

function dayOf(at: number): string {
  return new Date(at).toDateString();
}

function dayText(at: number): string {
  const day = 24 * 60 * 60 * 1000;
  if (dayOf(at) === dayOf(Date.now())) return TEXTS.today;
  return dayOf(at) === dayOf(Date.now() - day) ? TEXTS.yesterday : dayName.format(at);
}

/** A heading for the day, where it is not plain from what stands above. */
function dayBefore(item: Item, before: Item | undefined): string | null {
  const changed = before ? dayOf(before.at) !== dayOf(item.at) : dayOf(item.at) !== dayOf(Date.now());
  return changed ? dayText(item.at) : null;
}

export function Log({ chat, actions, onAtEnd, onRetry, getLink }: LogProps) {
  const box = useRef<HTMLDivElement>(null);
  const pinned = useRef(true);
  const [atEnd, setAtEnd] = useState(true);
  /** The message whose actions are shown. */
  const [open, setOpen] = useState<string | null>(null);
  const { items } = chat;
  const lastOwn = items.reduce((last, item) => (item.kind === "own" ? item.id : last), "");

  function toEnd(): void {
    pinned.current = true;
    const element = box.current;
    if (element) element.scrollTop = element.scrollHeight;
  }

  function scrolled(): void {
    const element = box.current;
    if (!element) return;
    pinned.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
    setAtEnd(pinned.current);
  }

  function jump(id: string): void {
    const line = document.getElementById(`m-${id}`);
    line?.scrollIntoView({ block: "center" });
    line?.focus({ preventScroll: true });
  }

  // Whoever writes wants to see what they wrote.
  useLayoutEffect(toEnd, [lastOwn]);
  useLayoutEffect(() => {
    if (pinned.current) toEnd();
  }, [items.length, chat.live.typing.length]);
  useLayoutEffect(() => onAtEnd(atEnd), [atEnd]);
  useEffect(() => {
    const element = box.current;
    if (!element || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() => {
      if (pinned.current) toEnd();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  return (
    <div class="log-frame">
      <div
        ref={box}
        class="log"
        role="log"
        aria-label={TEXTS.conversation}
        // What was said before the page was loaded is not news.
        aria-live={chat.caughtUp ? "polite" : "off"}
        aria-relevant="additions"
        tabIndex={0}
        onScroll={scrolled}
      >
        {items.map((item, i) => {
          const day = dayBefore(item, items[i - 1]);
          return [
            day !== null && (
              <p key={`day-${item.id}`} class="event day">
                {day}
              </p>
            ),
            <Line
              key={item.id}
              item={item}
              first={!together(items[i - 1], item)}
              last={!together(item, items[i + 1])}
              actions={actions}
              open={open === item.id}
              onOpen={(id, open) => setOpen(open ? id : null)}
              onJump={jump}
              onRetry={onRetry}
              getLink={getLink}
            />,
          ];
        })}
        {chat.live.typing.length > 0 && chat.ended === null && (
          <p class="typing" data-testid="typing" aria-live="off">
            <span class="dots" aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            <span dir="auto">{TEXTS.typing(chat.live.typing)}</span>
          </p>
        )}
      </div>
      {!atEnd && chat.unread > 0 && (
        <button type="button" class="jump" onClick={toEnd}>
          <Arrow />
          {TEXTS.newMessages(chat.unread)}
        </button>
      )}
    </div>
  );
}
