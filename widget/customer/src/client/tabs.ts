/** What the tabs that show one site's chat know of each other. */
import { randomKey } from "./keys";

export interface Tabs {
  /** This tab. */
  readonly id: string;
  /** The tabs that live, or null if the browser cannot tell. */
  living(): Promise<ReadonlySet<string> | null>;
  /** Runs `task` in one tab at a time; where that cannot be had, just runs it. */
  alone(task: () => void): Promise<void>;
  /** Tells the others that the storage has changed. */
  announce(): void;
  /** Calls `listener` when another tab has changed the storage. */
  listen(listener: () => void): void;
}

/** The parts of the browser that tabs meet through; each may be missing. */
export interface Meeting {
  locks: LockManager | undefined;
  channel: ((name: string) => BroadcastChannel) | undefined;
  /** Tells of the storage's own events. */
  onStorage(listener: (key: string | null) => void): void;
  owns(key: string | null): boolean;
}

/** Joins the other tabs of a site. */
export function joinTabs(site: string, meeting: Meeting): Tabs {
  const id = randomKey(16);
  const base = `switchboard:${encodeURIComponent(site)}:`;
  const { locks } = meeting;

  // Held as long as this tab lives: how the others know that it does.
  locks?.request(`${base}tab:${id}`, () => new Promise<never>(() => undefined)).catch(() => undefined);

  let channel: BroadcastChannel | undefined;
  try {
    channel = meeting.channel?.(`${base}changes`);
  } catch {
    // Denied together with storage; then there is nothing to tell either.
  }

  return {
    id,
    async living() {
      if (!locks) return null;
      try {
        const { held = [] } = await locks.query();
        const prefix = `${base}tab:`;
        const names = held.map((lock) => lock.name ?? "").filter((name) => name.startsWith(prefix));
        return new Set(names.map((name) => name.slice(prefix.length)));
      } catch {
        return null;
      }
    },
    async alone(task) {
      try {
        if (!locks) task();
        else await locks.request(`${base}adopt`, task);
      } catch {
        task();
      }
    },
    announce() {
      channel?.postMessage("changed");
    },
    listen(listener) {
      meeting.onStorage((key) => {
        if (meeting.owns(key)) listener();
      });
      channel?.addEventListener("message", () => listener());
    },
  };
}
