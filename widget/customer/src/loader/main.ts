/** The script that a site includes: `<script src="https://bridge/widget/loader.js" data-site="…" async>`. */
import { launch, settingsOf, type Switchboard } from "./launcher";

declare global {
  interface Window {
    Switchboard?: Switchboard;
  }
}

const script =
  document.currentScript ?? document.querySelector("script[data-site][src$='/widget/loader.js']");
const settings = script instanceof HTMLScriptElement ? settingsOf(script) : null;
if (settings && !window.Switchboard) {
  const widget = launch(settings);
  window.Switchboard = {
    open: widget.open,
    close: widget.close,
    destroy() {
      widget.destroy();
      delete window.Switchboard;
    },
  };
}
