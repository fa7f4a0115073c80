/** Measures of text, as the bridge takes them. */
import type { Limits } from "@switchboard/shared/wire";

const encoder = new TextEncoder();

/** The length in bytes of UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** The length in characters, where a character outside the basic plane counts once. */
export function charLength(text: string): number {
  return Array.from(text).length;
}

/** Puts U+FFFD in place of half surrogate pairs, which JSON readers in other languages refuse. */
export function wellFormed(text: string): string {
  return text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "\uFFFD");
}

/** Whether the bridge will take it for an e-mail address; the last word is the bridge's. */
export function looksLikeEmail(text: string): boolean {
  return (
    charLength(text.trim()) <= 254 &&
    /^[^\s@()<>,;:"\\[\]]+@[^\s@()<>,;:"\\[\].]+(\.[^\s@()<>,;:"\\[\].]+)+$/.test(text.trim())
  );
}

/** How a draft stands against the limits. */
export interface Measure {
  /** About how many more characters of the draft's kind there is room for; negative when too long. */
  left: number;
  /** Near enough to the limit that the writer should see a counter. */
  near: boolean;
  fits: boolean;
}

/** What a frame adds around a message's text: its type, its key and punctuation. */
const FRAME_OVERHEAD = 128;

/** Compares a draft with the limits of one message and of one frame. */
export function measure(text: string, limits: Limits): Measure {
  // No character takes more than six bytes in JSON nor three per code unit in UTF-8, so short
  // drafts, which nearly all are, need no encoding at each keystroke.
  if (text.length * 3 < limits.text_bytes * 0.8 && text.length * 6 + FRAME_OVERHEAD < limits.frame_bytes) {
    return { left: limits.text_bytes - text.length, near: false, fits: true };
  }
  const bytes = byteLength(text);
  const frameLeft = limits.frame_bytes - FRAME_OVERHEAD - byteLength(JSON.stringify(text));
  const left = Math.min(limits.text_bytes - bytes, frameLeft);
  const bytesPerChar = Math.max(1, bytes / charLength(text));
  return { left: Math.floor(left / bytesPerChar), near: left < limits.text_bytes * 0.1, fits: left >= 0 };
}
