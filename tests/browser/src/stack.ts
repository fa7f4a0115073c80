/** The demo, started for these tests: a homeserver, the bridge and the shop. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Login {
  user: string;
  password: string;
}

export interface Addresses {
  homeserver: string;
  server_name: string;
  gateway: string;
  operations: string;
  site: string;
  shop: string;
  foreign: string;
  agents: Login[];
  administrator: Login;
}

export type Command = "kill bridge" | "start bridge" | "restart homeserver";

export const target = process.env["CARGO_TARGET_DIR"] ?? fileURLToPath(new URL("../../../target", import.meta.url));
const STOP_MS = 20_000;

export class Stack {
  private constructor(
    readonly addresses: Addresses,
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
    private readonly data: string,
  ) {}

  static async start(): Promise<Stack> {
    const data = await mkdtemp(join(tmpdir(), "switchboard-browser-"));
    const program = join(target, "debug", "switchboard-demo");
    const child = spawn(program, ["--json", "--data", data], { stdio: ["pipe", "pipe", "inherit"] });
    const reader: Interface = createInterface({ input: child.stdout });
    const lines = reader[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done) throw new Error("the demo did not start; run `cargo xtask setup`");
    return new Stack(JSON.parse(first.value) as Addresses, child, lines, data);
  }

  async command(command: Command): Promise<void> {
    this.child.stdin?.write(`${command}\n`);
    const answer = await this.lines.next();
    if (answer.done) throw new Error("the demo has ended");
    const { error } = JSON.parse(answer.value) as { error: string | null };
    if (error !== null) throw new Error(`${command}: ${error}`);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    // The end of its input tells the demo to stop everything.
    this.child.stdin?.end();
    const timer = setTimeout(() => this.child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(timer);
    await rm(this.data, { recursive: true, force: true });
  }
}
