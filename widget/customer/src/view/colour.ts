/** Makes readable colours of the site's accent, whatever it is. */
import { isColour, luminance, textOn } from "../embed/messages";

/** The surfaces with the least contrast that the accent is text on: `--raised` in the style sheet. */
const LIGHT = "#f1f3f5";
const DARK = "#272a2f";
/** The contrast that WCAG asks of text at level AA. */
const READABLE = 4.5;

/** The contrast of two colours, from 1 to 21. */
export function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function mix(colour: string, other: string, share: number): string {
  const channel = (at: number) => {
    const from = parseInt(colour.slice(at, at + 2), 16);
    const to = parseInt(other.slice(at, at + 2), 16);
    return Math.round(from + (to - from) * share)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${channel(1)}${channel(3)}${channel(5)}`;
}

/** The colour, moved towards black or white until it can be read on `surface`. */
export function inkOn(surface: string, colour: string): string {
  const pole = luminance(surface) > 0.19 ? "#000000" : "#ffffff";
  for (let share = 0; share < 1; share += 0.05) {
    const ink = mix(colour, pole, share);
    if (contrast(ink, surface) >= READABLE) return ink;
  }
  return pole;
}

/** Gives the page the site's colour. Through the object model, which the page's policy allows. */
export function paint(root: HTMLElement, colour: string): void {
  if (!isColour(colour)) return;
  root.style.setProperty("--accent", colour);
  root.style.setProperty("--on-accent", textOn(colour));
  root.style.setProperty("--ink-light", inkOn(LIGHT, colour));
  root.style.setProperty("--ink-dark", inkOn(DARK, colour));
}
