/** Random keys in the alphabet `A–Z a–z 0–9 - _`. */

/** A key with 6 bits of randomness per character. Works on pages without a secure context, too. */
export function randomKey(length: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  let key = "";
  for (const byte of bytes) key += alphabet.charAt(byte & 63);
  return key;
}

/** A key for a message. */
export const messageKey = (): string => randomKey(24);

/** A key for the start of a chat: as hard to guess as a session token. */
export const startKey = (): string => randomKey(43);
