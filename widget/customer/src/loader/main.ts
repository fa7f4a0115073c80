/** The script that a site includes: `<script src="https://bridge/widget/loader.js" data-site="…" async>`. */
import { launch, settingsOf, type Switchboard, type TokenSource } from "./launcher";
import type { Variables } from "../embed/messages";

declare global {
  interface Window {
    Switchboard?: Switchboard;
    /** What a page says before the script is there. */
    SwitchboardSettings?: { identify?: TokenSource; variables?: Variables };
  }
}

const script = document.currentScript ?? document.querySelector("script[data-site][src$='/loader.js']");
const settings = script instanceof HTMLScriptElement ? settingsOf(script) : null;
if (settings && !window.Switchboard) {
  const widget = launch({ ...settings, ...window.SwitchboardSettings });
  window.Switchboard = {
    ...widget,
    destroy() {
      widget.destroy();
      delete window.Switchboard;
    },
  };
}
