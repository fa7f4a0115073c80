/** The bridge's part of a chat, played by the test: a closed queue, and a feed that the test writes. */
import type { BrowserContext, WebSocketRoute } from "@playwright/test";

interface Entry {
  kind: string;
  [field: string]: unknown;
}

export class ScriptedBridge {
  /** The messages that the customer sent. */
  readonly sent: { text: string; email?: string }[] = [];
  /** The queue that they chose. */
  queue: string | undefined;
  private readonly feed: Entry[] = [];
  private phase = "form";

  private constructor() {
    this.feed.push({ kind: "form", why: "closed", text: "Back at nine." });
  }

  /** Stands before the real bridge from now on: for the site, its chats and their sockets. */
  static async standIn(context: BrowserContext): Promise<ScriptedBridge> {
    const bridge = new ScriptedBridge();
    await context.route(/\/customer\/v1\/sites\/[^/]+$/, async (route) => {
      const site = (await (await route.fetch()).json()) as object;
      const offer = (id: string, open: boolean) => {
        return { id, name: `Our ${id}`, open, closed_text: "Back at nine.", greeting: "We are here." };
      };
      await route.fulfill({ json: { ...site, queues: [offer("sales", true), offer("parcels", false)] } });
    });
    await context.route(/\/customer\/v1\/sites\/[^/]+\/chats$/, async (route) => {
      bridge.queue = (route.request().postDataJSON() as { queue?: string }).queue;
      await route.fulfill({ status: 201, json: { token: "A".repeat(43), number: 7 } });
    });
    await context.routeWebSocket(/\/customer\/v1\/socket/, (socket) => {
      socket.onMessage((text) => bridge.hear(socket, JSON.parse(String(text)) as Record<string, unknown>));
    });
    return bridge;
  }

  /** An agent answers and ends the chat. */
  answer(text: string): void {
    const content = [{ type: "text", text }];
    this.feed.push({ kind: "joined", name: "Anna" }, { kind: "agent", name: "Anna", content });
    this.feed.push({ kind: "ended", by: "agent" });
    this.phase = "ended";
  }

  private hear(socket: WebSocketRoute, frame: Record<string, unknown>): void {
    const say = (answer: object) => socket.send(JSON.stringify(answer));
    const live = { phase: this.phase, position: null, estimate: null, typing: [], delivered: 0, seen: 0 };
    const tell = (after: number) => {
      for (const [index, entry] of this.feed.entries()) {
        if (index >= after) say({ type: "entry", seq: index + 1, at: Date.now(), ...entry });
      }
    };
    if (frame["type"] === "hello") {
      const limits = { text_bytes: 16_384, name_chars: 48, frame_bytes: 65_536, ping_seconds: 15 };
      say({ type: "welcome", number: 7, newest: this.feed.length, live, limits });
      tell(Number(frame["after"]));
    } else if (frame["type"] === "send") {
      const { key, text, email } = frame as { key: string; text: string; email?: string };
      this.sent.push(email === undefined ? { text } : { text, email });
      const known = this.feed.length;
      this.feed.push({ kind: "own", key, text }, { kind: "message_left" });
      this.phase = "left";
      say({ type: "accepted", key });
      tell(known);
      say({ type: "live", ...live, phase: this.phase });
    } else if (frame["type"] === "ping") {
      say({ type: "pong" });
    }
  }
}
