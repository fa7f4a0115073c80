/** The whole widget, as the iframe shows it. */
import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";
import type { Client, ClientView } from "../client/client";
import { TEXTS, setOwnTexts } from "../texts";
import { paint } from "./colour";
import type { Draft } from "./Composer";
import { Conversation } from "./Conversation";
import { download } from "./download";
import { EndDialog } from "./EndDialog";
import { Header } from "./Header";
import { useClient, useVisible } from "./hooks";
import { statusKind, statusText } from "./status";
import { Welcome } from "./Welcome";

export interface AppProps {
  client: Client;
  draft: Draft;
  /** Whether the site's page shows the widget. */
  open: boolean;
  /** Null if there is no page around it. */
  onMinimise: (() => void) | null;
}

function troubleText(trouble: ClientView["trouble"]): string {
  switch (trouble) {
    case "unknown_site":
      return TEXTS.unknownSite;
    case "unreachable":
      return TEXTS.unreachable;
    case null:
      return TEXTS.loading;
  }
}

export function App({ client, draft, open, onMinimise }: AppProps) {
  const view = useClient(client);
  const visible = useVisible();
  const [atEnd, setAtEnd] = useState(true);
  const [asking, setAsking] = useState(false);
  const { site, chat } = view;
  // Before anything below is drawn with them.
  useMemo(() => setOwnTexts(site?.texts ?? {}), [site]);
  const over = !chat || chat.ended !== null || chat.ending;

  // At once, and not when the browser next paints, which a hidden page never does: what comes after
  // the widget was closed must not count as seen.
  useLayoutEffect(() => client.look(open && visible && atEnd), [client, open, visible, atEnd]);
  useEffect(() => {
    if (site) paint(document.documentElement, site.colour);
  }, [site]);
  useEffect(() => {
    if (open && visible) client.refresh();
  }, [client, open, visible]);
  useEffect(() => {
    if (over) setAsking(false);
  }, [over]);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      // An open dialog, or an input method, has the first claim on the key.
      if (event.key === "Escape" && !asking && !event.isComposing) onMinimise?.();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [asking, onMinimise]);

  const title = site?.title ?? TEXTS.chat;
  if (chat) {
    const stage = chat.phase === "form" || chat.phase === "left" ? chat.phase : "chat";
    return (
      <>
        <Header
          title={title}
          status={statusText(chat)}
          kind={statusKind(chat)}
          troubled={chat.link === "offline" && chat.ended === null}
          onEnd={over ? null : () => setAsking(true)}
          endText={TEXTS.endOf[stage].button}
          onMinimise={onMinimise}
        />
        <Conversation
          // Nothing of one chat's view may stay in another's, nor words that the site replaces.
          key={`${String(chat.number)} ${JSON.stringify(site?.texts ?? {})}`}
          chat={chat}
          open={open}
          draft={draft}
          askName={site?.ask_name === false}
          onAtEnd={setAtEnd}
          uploads={client.chat?.uploads}
          getLink={(id) => client.chat?.link(id) ?? Promise.reject(new Error("the chat is left"))}
          onSend={(text, email, replyTo) => client.chat?.send(text, email, replyTo) === true}
          onEdit={(target, text) => client.chat?.edit(target, text) === true}
          onRemove={(target) => client.chat?.remove(target)}
          onReact={(target, emoji, on) => client.chat?.react(target, emoji, on)}
          onTakeBack={(key) => client.chat?.takeBack(key)}
          onDraft={(text) => client.chat?.draft(text)}
          onRetry={(id) => client.chat?.retry(id)}
          onStartOver={() => client.startOver()}
          onDownload={() => download(client)}
        />
        {asking && (
          <EndDialog
            stage={stage}
            onCancel={() => setAsking(false)}
            onConfirm={() => {
              setAsking(false);
              client.chat?.end();
            }}
          />
        )}
      </>
    );
  }
  return (
    <>
      <Header title={title} status={null} onMinimise={onMinimise} />
      {site ? (
        <Welcome site={site} view={view} open={open} onStart={(name, queue) => client.start(name, queue)} />
      ) : (
        <main class="blank">
          <p role="status" data-testid="trouble">
            {troubleText(view.trouble)}
          </p>
        </main>
      )}
    </>
  );
}
