/** A fake homeserver and the bridge, started for these tests. */
import { spawn, type ChildProcess } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { target } from "./stack.ts";

/** What a user of the bridge has sent into a room. */
export interface Sent {
  kind: string;
  content: Record<string, unknown>;
}

export class Stage {
  private constructor(
    readonly gateway: string,
    readonly origin: string,
    private readonly server: Server,
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
  ) {}

  /**
   * Starts them, and pages that show a site's widget at `/<site>`. `site` and `tables` are further
   * lines of the bridge's configuration.
   */
  static async start(site: string, tables: (origin: string) => string = () => ""): Promise<Stage> {
    let gateway = "";
    const server = createServer((request, reply) => {
      const loader = `<script src="${gateway}/widget/loader.js" data-site="${request.url?.slice(1) ?? ""}"></script>`;
      reply.setHeader("content-type", "text/html").end(`<!doctype html><title>Shop</title><body>${loader}`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const child = spawn(join(target, "debug", "switchboard-stage"), { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.write(`${JSON.stringify({ origin, site, tables: tables(origin) })}\n`);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done) throw new Error("the stage did not start; run `cargo xtask setup`");
    ({ gateway } = JSON.parse(first.value) as { gateway: string });
    return new Stage(gateway, origin, server, child, lines);
  }

  private async ask(request: object): Promise<unknown> {
    this.child.stdin?.write(`${JSON.stringify(request)}\n`);
    const answer = await this.lines.next();
    if (answer.done) throw new Error("the stage has ended");
    return JSON.parse(answer.value);
  }

  /** The agent accepts the next request. Gives the room. */
  async accept(): Promise<string> {
    return (await this.ask({ do: "accept" })) as string;
  }

  /** The agent sends events. Gives their ids. */
  async send(room: string, kind: string, contents: object[]): Promise<string[]> {
    return (await this.ask({ do: "send", room, kind, contents })) as string[];
  }

  /** The administrator writes commands. Gives the answers. */
  async command(lines: string[]): Promise<string[]> {
    return (await this.ask({ do: "command", lines })) as string[];
  }

  /** Waits until there is nothing left to do. */
  async rest(): Promise<void> {
    await this.ask({ do: "rest" });
  }

  async events(): Promise<Sent[]> {
    return (await this.ask({ do: "events" })) as Sent[];
  }

  async names(): Promise<string[]> {
    return (await this.ask({ do: "names" })) as string[];
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.stdin?.end();
    await ended;
    this.server.closeAllConnections();
    this.server.close();
  }
}
