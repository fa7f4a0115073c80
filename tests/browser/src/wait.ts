/** Waiting for something to become true: the only place where these tests sleep. */

const POLL_MS = 20;

/** Asks until the answer is neither undefined nor false. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false,
  patienceMs = 20_000,
): Promise<T> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const answer = probe();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`waited ${String(patienceMs / 1000)} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
