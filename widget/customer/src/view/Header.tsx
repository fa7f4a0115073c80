/** The bar at the top. */
import { TEXTS } from "../texts";
import { useCalm } from "./hooks";
import { Down } from "./icons";

export interface HeaderProps {
  title: string;
  status: string | null;
  /** While it stays the same, the status is read out only now and then. */
  kind?: string;
  /** Draws the eye to the status, because something is not as it should be. */
  troubled?: boolean;
  /** What ends the chat, and the name of its button. */
  onEnd?: (() => void) | null;
  endText?: string;
  onMinimise: (() => void) | null;
}

export function Header(props: HeaderProps) {
  const { title, status, kind = "", troubled = false, onEnd = null, endText, onMinimise } = props;
  const spoken = useCalm(status, kind);
  return (
    <header>
      <div class="headline">
        <h1 dir="auto">{title}</h1>
        <p aria-hidden="true" class={troubled ? "status troubled" : "status"} data-testid="status">
          {status}
        </p>
        <p role="status" class="hidden" data-testid="spoken">
          {spoken}
        </p>
      </div>
      {onEnd && (
        <button type="button" class="end" data-testid="end" onClick={onEnd}>
          {endText}
        </button>
      )}
      {onMinimise && (
        <button
          type="button"
          class="square"
          data-testid="minimise"
          aria-label={TEXTS.minimise}
          onClick={onMinimise}
        >
          <Down />
        </button>
      )}
    </header>
  );
}
