/** A site's corner of the browser's storage, which may be full, forbidden or missing. */

/** Named values. The empty name is the corner's own. */
export interface Store {
  get(name: string): string | null;
  set(name: string, value: string): void;
  delete(name: string): void;
  /** The names that start with `prefix`. */
  names(prefix: string): string[];
  /** Whether a key of the browser's storage, as a `storage` event tells it, belongs here. */
  owns(key: string | null): boolean;
}

/**
 * Opens the corner of a site. Whatever the browser does not take is kept in memory, so that the
 * chat works without storage, as long as the page lives.
 */
export function openStore(site: string, area: () => Storage = () => localStorage): Store {
  const base = `switchboard:${encodeURIComponent(site)}`;
  const memory = new Map<string, string>();
  let disk: Storage | null = null;
  try {
    disk = area();
  } catch {
    // Reading the property itself throws where storage is denied.
  }
  const keyOf = (name: string) => (name === "" ? base : `${base}:${name}`);

  function onDisk<T>(fallback: T, use: (disk: Storage) => T): T {
    try {
      return disk ? use(disk) : fallback;
    } catch {
      return fallback;
    }
  }

  return {
    get(name) {
      const key = keyOf(name);
      return memory.get(key) ?? onDisk<string | null>(null, (disk) => disk.getItem(key));
    },
    set(name, value) {
      const key = keyOf(name);
      const stored = onDisk(false, (disk) => {
        disk.setItem(key, value);
        return true;
      });
      if (stored) memory.delete(key);
      else memory.set(key, value);
    },
    delete(name) {
      const key = keyOf(name);
      memory.delete(key);
      onDisk(undefined, (disk) => disk.removeItem(key));
    },
    names(prefix) {
      const start = `${base}:${prefix}`;
      const keys = new Set(memory.keys());
      onDisk(undefined, (disk) => {
        for (let i = 0; i < disk.length; i += 1) {
          const key = disk.key(i);
          if (key !== null) keys.add(key);
        }
      });
      return [...keys].filter((key) => key.startsWith(start)).map((key) => key.slice(base.length + 1));
    },
    owns(key) {
      return key === null || key === base || key.startsWith(`${base}:`);
    },
  };
}

/** Reads a JSON object; anything else counts as absent. */
export function readObject(store: Store, name: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(store.get(name) ?? "null");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
