/** An agent: a small Matrix client, made of plain client-server calls. */
import { until } from "./wait.ts";

export interface MatrixEvent {
  event_id: string;
  type: string;
  sender: string;
  state_key?: string;
  content: Record<string, unknown>;
}

export interface Invite {
  room: string;
  inviter: string;
  reason: string;
}

interface Room {
  membership: "invite" | "join" | "leave";
  events: MatrixEvent[];
  typing: string[];
}

interface SyncRoom {
  timeline?: { events: MatrixEvent[] };
  ephemeral?: { events: { type: string; content: Record<string, unknown> }[] };
}

interface SyncAnswer {
  next_batch: string;
  rooms?: {
    invite?: Record<string, { invite_state: { events: MatrixEvent[] } }>;
    join?: Record<string, SyncRoom>;
    leave?: Record<string, SyncRoom>;
  };
}

const FILTER = JSON.stringify({ room: { timeline: { limit: 200 } } });

export class Agent {
  readonly id: string;
  readonly name: string;
  readonly rooms = new Map<string, Room>();
  /** The room of the agent's desk, once they have come to it. */
  desk: string | undefined;
  private deskInvite: string | undefined;
  /** Requests that no test has taken yet. */
  private readonly requests: Invite[] = [];
  private readonly stopped = new AbortController();
  private transactions = 0;

  private constructor(
    private readonly homeserver: string,
    private readonly token: string,
    user: string,
    server: string,
  ) {
    this.id = `@${user}:${server}`;
    this.name = user[0]?.toUpperCase() + user.slice(1);
  }

  static async login(
    homeserver: string,
    server: string,
    user: string,
    password: string,
  ): Promise<Agent> {
    const answer = await fetch(`${homeserver}/_matrix/client/v3/login`, {
      method: "POST",
      body: JSON.stringify({
        type: "m.login.password",
        identifier: { type: "m.id.user", user },
        password,
      }),
    });
    if (!answer.ok)
      throw new Error(`${user} cannot log in: ${await answer.text()}`);
    const { access_token } = (await answer.json()) as { access_token: string };
    const agent = new Agent(homeserver, access_token, user, server);
    void agent.follow();
    return agent;
  }

  stop(): void {
    this.stopped.abort();
  }

  /** A request that nobody has taken yet, if there is one. */
  takeRequest(): Invite | undefined {
    // One that was withdrawn in the meantime is none.
    const index = this.requests.findIndex(
      ({ room }) => this.rooms.get(room)?.membership === "invite",
    );
    return index < 0 ? undefined : this.requests.splice(index, 1)[0];
  }

  async request(): Promise<Invite> {
    return await until(`a request for ${this.id}`, () => this.takeRequest());
  }

  /** Comes to the desk and logs on with the only profile. */
  async logOn(): Promise<void> {
    const desk = await until(
      `an invite to the desk of ${this.id}`,
      () => this.deskInvite,
    );
    await this.accept(desk);
    this.desk = desk;
    await this.say(desk, "!login");
    await this.sees(desk, "that they are logged on", (event) => {
      return (
        event.content["msgtype"] === "m.notice" &&
        String(event.content["body"]).includes("logged on")
      );
    });
  }

  /** Uploads a file and sends it. */
  async sendFile(room: string, msgtype: string, name: string, type: string, file: Buffer): Promise<void> {
    const answer = await fetch(`${this.homeserver}/_matrix/media/v3/upload`, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": type },
      body: new Uint8Array(file),
    });
    const { content_uri: url } = (await answer.json()) as { content_uri: string };
    const content = { msgtype, body: name, url, info: { mimetype: type, size: file.length } };
    const transaction = `file${String((this.transactions += 1))}`;
    await this.call("PUT", `rooms/${encodeURIComponent(room)}/send/m.room.message/${transaction}`, content);
  }

  /** A file of an event, as this agent's client gets it. */
  async download(uri: string): Promise<Buffer> {
    const place = uri.replace("mxc://", "");
    const headers = { Authorization: `Bearer ${this.token}` };
    const answer = await fetch(`${this.homeserver}/_matrix/client/v1/media/download/${place}`, { headers });
    if (!answer.ok) throw new Error(`no file: ${String(answer.status)}`);
    return Buffer.from(await answer.arrayBuffer());
  }

  async accept(room: string): Promise<void> {
    await this.call("POST", `join/${encodeURIComponent(room)}`, {});
    await until(
      `${this.id} to be in the room`,
      () => this.rooms.get(room)?.membership === "join",
    );
  }

  /** Declines an invite, or leaves. */
  async leave(room: string): Promise<void> {
    await this.call("POST", `rooms/${encodeURIComponent(room)}/leave`, {});
    await until(
      `${this.id} to be gone`,
      () => this.rooms.get(room)?.membership === "leave",
    );
  }

  async say(room: string, body: string): Promise<string> {
    return await this.send(room, "m.room.message", { msgtype: "m.text", body });
  }

  /** Says something with a formatted form, as rich text editors do. */
  async sayRich(room: string, body: string, markup: string): Promise<string> {
    const rich = { format: "org.matrix.custom.html", formatted_body: markup };
    return await this.send(room, "m.room.message", { msgtype: "m.text", body, ...rich });
  }

  async edit(room: string, event: string, body: string): Promise<string> {
    return await this.send(room, "m.room.message", {
      msgtype: "m.text",
      body: `* ${body}`,
      "m.new_content": { msgtype: "m.text", body },
      "m.relates_to": { rel_type: "m.replace", event_id: event },
    });
  }

  async reply(room: string, event: string, body: string): Promise<string> {
    return await this.send(room, "m.room.message", {
      msgtype: "m.text",
      body,
      "m.relates_to": { "m.in_reply_to": { event_id: event } },
    });
  }

  async redact(room: string, event: string): Promise<void> {
    const transaction = `r${String(Date.now())}.${String(this.transactions++)}`;
    const ids = [room, event, transaction].map(encodeURIComponent);
    await this.call(
      "PUT",
      `rooms/${ids[0] ?? ""}/redact/${ids[1] ?? ""}/${ids[2] ?? ""}`,
      {},
    );
  }

  async react(room: string, event: string, key: string): Promise<string> {
    return await this.send(room, "m.reaction", {
      "m.relates_to": { rel_type: "m.annotation", event_id: event, key },
    });
  }

  async typing(room: string, typing: boolean): Promise<void> {
    const path = `rooms/${encodeURIComponent(room)}/typing/${encodeURIComponent(this.id)}`;
    await this.call(
      "PUT",
      path,
      typing ? { typing, timeout: 30_000 } : { typing },
    );
  }

  async read(room: string, event: string): Promise<void> {
    await this.call(
      "POST",
      `rooms/${encodeURIComponent(room)}/receipt/m.read/${encodeURIComponent(event)}`,
      {},
    );
  }

  /** Waits for a message with exactly this text. */
  async hears(room: string, body: string): Promise<MatrixEvent> {
    return await this.sees(
      room,
      `"${body}"`,
      (event) => event.content["body"] === body,
    );
  }

  /** Waits for a message that fits. */
  async sees(
    room: string,
    what: string,
    fits: (event: MatrixEvent) => boolean,
  ): Promise<MatrixEvent> {
    return await until(`${what} at ${this.id}`, () =>
      this.messages(room).find(fits),
    );
  }

  messages(room: string): MatrixEvent[] {
    return (this.rooms.get(room)?.events ?? []).filter(
      (event) => event.type === "m.room.message",
    );
  }

  /** Waits for an event of any type that fits. */
  async notices(
    room: string,
    what: string,
    fits: (event: MatrixEvent) => boolean,
  ): Promise<MatrixEvent> {
    return await until(`${what} at ${this.id}`, () =>
      this.rooms.get(room)?.events.find(fits),
    );
  }

  /** What the customer has said, in order. */
  customerTexts(room: string): string[] {
    const customers = this.messages(room).filter((event) =>
      event.sender.includes("_c_"),
    );
    return customers.map((event) => String(event.content["body"]));
  }

  /** Whether a customer is typing. */
  seesTyping(room: string): boolean {
    return (
      this.rooms.get(room)?.typing.some((user) => user.includes("_c_")) ?? false
    );
  }

  private async send(
    room: string,
    type: string,
    content: object,
  ): Promise<string> {
    const transaction = `t${String(Date.now())}.${String(this.transactions++)}`;
    const path = `rooms/${encodeURIComponent(room)}/send/${type}/${transaction}`;
    return ((await this.call("PUT", path, content)) as { event_id: string })
      .event_id;
  }

  private async call(
    method: string,
    path: string,
    body: object,
  ): Promise<unknown> {
    const answer = await fetch(`${this.homeserver}/_matrix/client/v3/${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}` },
      body: JSON.stringify(body),
    });
    if (!answer.ok)
      throw new Error(`${this.id}: ${method} ${path}: ${await answer.text()}`);
    return await answer.json();
  }

  private async follow(): Promise<void> {
    const headers = { Authorization: `Bearer ${this.token}` };
    let since = "";
    while (!this.stopped.signal.aborted) {
      const query = new URLSearchParams({
        filter: FILTER,
        timeout: since ? "20000" : "0",
      });
      if (since) query.set("since", since);
      try {
        const url = `${this.homeserver}/_matrix/client/v3/sync?${query.toString()}`;
        const answer = await fetch(url, {
          headers,
          signal: this.stopped.signal,
        });
        const sync = (await answer.json()) as SyncAnswer;
        since = sync.next_batch;
        this.takeIn(sync.rooms ?? {});
      } catch {
        if (this.stopped.signal.aborted) return;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  private takeIn({
    invite = {},
    join = {},
    leave = {},
  }: NonNullable<SyncAnswer["rooms"]>): void {
    for (const [id, { invite_state }] of Object.entries(invite)) {
      this.room(id).membership = "invite";
      const fits = (event: MatrixEvent): boolean =>
        event.type === "m.room.member" && event.state_key === this.id;
      const member = invite_state.events.find(fits);
      const inviter = member?.sender ?? "";
      if (member?.content["is_direct"] === true) this.deskInvite = id;
      // Customers are users of their own; what the bot invites to is no request.
      if (inviter.includes("_c_")) {
        this.requests.push({
          room: id,
          inviter,
          reason: String(member?.content["reason"] ?? ""),
        });
      }
    }
    for (const [id, update] of Object.entries(join))
      this.update(id, "join", update);
    for (const [id, update] of Object.entries(leave))
      this.update(id, "leave", update);
  }

  private update(
    id: string,
    membership: Room["membership"],
    update: SyncRoom,
  ): void {
    const room = this.room(id);
    room.membership = membership;
    for (const event of update.timeline?.events ?? []) {
      if (!room.events.some((old) => old.event_id === event.event_id))
        room.events.push(event);
    }
    for (const { type, content } of update.ephemeral?.events ?? []) {
      if (type === "m.typing")
        room.typing = (content["user_ids"] as string[] | undefined) ?? [];
    }
  }

  private room(id: string): Room {
    let room = this.rooms.get(id);
    if (!room) {
      room = { membership: "leave", events: [], typing: [] };
      this.rooms.set(id, room);
    }
    return room;
  }
}

/** The agent who is asked next, whoever it is, and the room. */
export async function asked(
  agents: Agent[],
): Promise<{ agent: Agent; room: string; invite: Invite }> {
  return await until("one of the agents to be asked", () => {
    for (const agent of agents) {
      const invite = agent.takeRequest();
      if (invite) return { agent, room: invite.room, invite };
    }
    return undefined;
  });
}
