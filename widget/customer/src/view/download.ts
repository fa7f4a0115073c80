/** Saves the conversation as a file. The token is not part of any address, so the bytes are fetched first. */
import type { Client } from "../client/client";

/** False if it cannot be had. */
export async function download(client: Client): Promise<boolean> {
  const found = await client.transcript();
  if (!found) return false;
  const address = URL.createObjectURL(found.file);
  const link = document.createElement("a");
  link.href = address;
  link.download = found.name;
  link.click();
  // The browser has taken what it needs by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  return true;
}
