/** What every test gets: the stack, two agents, and a shop page whose chats end with the test. */
import { test as base, expect, type BrowserContext } from "@playwright/test";
import { Agent, asked } from "./agent.ts";
import { Shop } from "./shop.ts";
import { Stack, type Addresses } from "./stack.ts";
import { until } from "./wait.ts";

interface WorkerFixtures {
  stack: Stack;
  agents: Agent[];
}

interface TestFixtures {
  addresses: Addresses;
  /** Reports of the pages' consoles; a test fails if any is left at its end. */
  complaints: string[];
  shop: Shop;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  stack: [
    async ({}, use) => {
      const stack = await Stack.start();
      await use(stack);
      await stack.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],

  agents: [
    async ({ stack }, use) => {
      const { homeserver, server_name, agents } = stack.addresses;
      const login = async ({ user, password }: (typeof agents)[number]): Promise<Agent> =>
        await Agent.login(homeserver, server_name, user, password);
      const clients = await Promise.all(agents.map(login));
      for (const client of clients) await client.logOn();
      await use(clients);
      for (const client of clients) client.stop();
    },
    { scope: "worker" },
  ],

  addresses: async ({ stack }, use) => {
    await use(stack.addresses);
  },

  complaints: async ({ context }, use) => {
    const complaints: string[] = [];
    context.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    context.on("weberror", (error) => complaints.push(String(error.error())));
    await use(complaints);
    expect(complaints, "the pages' consoles stay clean").toEqual([]);
  },

  shop: async ({ page, context, stack, agents, complaints }, use) => {
    void complaints;
    const tokens = rememberTokens(context);
    await use(new Shop(page, stack.addresses));
    // The next test starts with agents who have nothing to do.
    for (const token of tokens) {
      const headers = { Authorization: `Bearer ${token}` };
      await fetch(`${stack.addresses.gateway}/customer/v1/end`, { method: "POST", headers });
    }
    await Promise.all(
      agents.map(async (agent) => {
        for (const [id, room] of agent.rooms) {
          if (room.membership === "join" && id !== agent.desk) await agent.leave(id);
        }
        await until("no request to be left", () => {
          return [...agent.rooms].every(([id, room]) => id === agent.desk || room.membership === "leave");
        });
      }),
    );
  },
});

/** The tokens of all chats that the context's pages start. */
function rememberTokens(context: BrowserContext): Set<string> {
  const tokens = new Set<string>();
  context.on("response", (response) => {
    if (response.request().method() !== "POST" || !response.url().endsWith("/chats")) return;
    void response.json().then(
      ({ token }: { token?: string }) => token && tokens.add(token),
      () => undefined,
    );
  });
  return tokens;
}

/** The agent who is asked first accepts. */
export async function accepted(agents: Agent[]): Promise<{ agent: Agent; room: string }> {
  const { agent, room } = await asked(agents);
  await agent.accept(room);
  return { agent, room };
}

export { asked, expect, until };
