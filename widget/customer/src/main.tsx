/** Starts the widget in its page: ties the client, the view, the browser and the site's page together. */
import { render } from "preact";
import { Api } from "./client/api";
import { Client } from "./client/client";
import { pollingDial } from "./client/polling";
import { socketDial } from "./client/socket";
import { openStore } from "./client/storage";
import { joinTabs } from "./client/tabs";
import { browserOf } from "./embed/browser";
import { meetHost } from "./embed/host";
import type { FrameMessage } from "./embed/messages";
import { App } from "./view/App";
import "./styles/main.css";
import "./styles/frame.css";
import "./styles/conversation.css";
import "./styles/marks.css";
import "./styles/files.css";
import "./styles/forms.css";

/** The site's name is the last part of the page's address. */
const site = decodeURIComponent(location.pathname.split("/").filter(Boolean).pop() ?? "");

const store = openStore(site);
const drafts = openStore(site, () => sessionStorage);
const api = new Api();
const Socket = (window as { WebSocket?: typeof WebSocket }).WebSocket;
const socketUrl = `${location.protocol.replace("http", "ws")}//${location.host}/customer/v1/socket`;

const client = new Client({
  site,
  api,
  store,
  tabs: joinTabs(site, {
    locks: (navigator as { locks?: LockManager }).locks,
    channel: "BroadcastChannel" in window ? (name) => new BroadcastChannel(name) : undefined,
    onStorage: (listener) => addEventListener("storage", (event) => listener(event.key)),
    owns: (key) => store.owns(key),
  }),
  dials: (limits) => ({
    socket: Socket ? socketDial(socketUrl, Socket) : null,
    polling: pollingDial(api, limits),
  }),
  identify: async () => {
    const { token, variables } = await host.identify();
    const browser = browserOf(navigator.userAgent);
    return { token, variables: { ...(browser !== "" && { browser }), ...variables } };
  },
});

const draft = {
  read: () => drafts.get("draft") ?? "",
  write: (text: string) => (text === "" ? drafts.delete("draft") : drafts.set("draft", text)),
};

const root = document.getElementById("app");
let open = false;
let told = "";
let telling: ReturnType<typeof setTimeout> | undefined;

/** Tells the page what its launcher shows, if that has changed. */
function tellHost(): void {
  telling = undefined;
  const { site: info, chat } = client.view();
  const message: FrameMessage = {
    switchboard: "state",
    unread: chat?.unread ?? 0,
    chat: chat !== null && (chat.ended === null || chat.unread > 0),
    colour: info?.colour ?? null,
  };
  const text = JSON.stringify(message);
  if (text === told) return;
  told = text;
  host.tell(message);
}

function minimise(): void {
  host.tell({ switchboard: "close" });
}

function draw(): void {
  if (root)
    render(
      <App client={client} draft={draft} open={open} onMinimise={host.present ? minimise : null} />,
      root,
    );
}

const host = meetHost(window, {
  greeted() {
    told = "";
    tellHost();
  },
  opened(next) {
    open = next;
    draw();
  },
});

open = !host.present;
draw();
// What changes together is told together.
client.subscribe(() => (telling ??= setTimeout(tellHost, 50)));

addEventListener("online", () => client.hurry());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") client.hurry();
});
