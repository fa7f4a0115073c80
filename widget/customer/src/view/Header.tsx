/** The bar at the top. */
import { TEXTS } from "../texts";
import { Down } from "./icons";

export interface HeaderProps {
  title: string;
  status: string | null;
  /** Draws the eye to the status, because something is not as it should be. */
  troubled?: boolean;
  onEnd?: (() => void) | null;
  onMinimise: (() => void) | null;
}

export function Header({ title, status, troubled = false, onEnd = null, onMinimise }: HeaderProps) {
  return (
    <header>
      <div class="headline">
        <h1 dir="auto">{title}</h1>
        <p role="status" class={troubled ? "status troubled" : "status"} data-testid="status">
          {status}
        </p>
      </div>
      {onEnd && (
        <button type="button" class="end" data-testid="end" onClick={onEnd}>
          {TEXTS.end}
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
