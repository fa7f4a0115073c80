/** Tells the agents that the customer is typing, without telling every key. */

/** A "typing" is repeated at most this often, while it lasts. */
const REPEAT_MS = 3_000;
/** Without a key for this long, the customer has stopped. */
const STOP_MS = 5_000;

export class TypingNotice {
  readonly #send: (typing: boolean) => void;
  #told = -Infinity;
  #typing = false;
  #stop: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (typing: boolean) => void) {
    this.#send = send;
  }

  /** The draft has changed. */
  input(empty: boolean): void {
    clearTimeout(this.#stop);
    if (empty) {
      this.stop();
      return;
    }
    const now = Date.now();
    if (now - this.#told >= REPEAT_MS) {
      this.#typing = true;
      this.#told = now;
      this.#send(true);
    }
    this.#stop = setTimeout(() => this.stop(), STOP_MS);
  }

  /** The draft was sent, emptied or left alone. */
  stop(): void {
    clearTimeout(this.#stop);
    if (!this.#typing) return;
    this.#typing = false;
    this.#send(false);
  }
}
