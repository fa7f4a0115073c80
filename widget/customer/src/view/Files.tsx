/** Files: those of a message, and those that are to go with the next. */
import type { Attachment, FileLink } from "@switchboard/shared/wire";
import { useEffect, useRef, useState } from "preact/hooks";
import { SHOWN, type Upload } from "../client/uploads";
import { TEXTS } from "../texts";
import { Clip, Cross, Page } from "./icons";

/** Gets a link to a file, good for a while. */
export type GetLink = (id: string) => Promise<FileLink>;

/** A link is renewed so long before it ends. */
const EARLY_MS = 60_000;
const AGAIN_MS = 5_000;

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** "120 kB", "2.4 MB". */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${number.format(bytes)} B`;
  if (bytes < 1024 * 1024) return `${number.format(Math.round(bytes / 1024))} kB`;
  return `${number.format(bytes / 1024 / 1024)} MB`;
}

/** A link that stays good as long as it is shown; null until there is one. */
function useLink(id: string, getLink: GetLink): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const renew = async (): Promise<void> => {
      let next = AGAIN_MS;
      try {
        const link = await getLink(id);
        if (over) return;
        setUrl(link.url);
        next = Math.max(link.valid_ms - EARLY_MS, AGAIN_MS);
      } catch {
        // Not to be had now: tried again.
      }
      if (!over) timer = setTimeout(() => void renew(), next);
    };
    void renew();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [id]);
  return url;
}

function FileView({ file, getLink }: { file: Attachment; getLink: GetLink }) {
  const url = useLink(file.id, getLink);
  // What this browser cannot show is a card like any other file.
  const [broken, setBroken] = useState(false);
  // Only the first address: a renewed one would load the same picture again.
  const [picture, setPicture] = useState<string | null>(null);
  useEffect(() => {
    if (url !== null) setPicture((picture) => picture ?? url);
  }, [url]);
  const shown = SHOWN.includes(file.kind) && !broken;
  const { width, height } = file;
  const about = `${file.name}, ${sizeText(file.size)}`;
  return (
    <a
      class={shown ? "file picture" : "file"}
      data-testid="file"
      data-name={file.name}
      {...(url === null ? { role: "link" as const, "aria-disabled": true } : { href: url })}
      target="_blank"
      rel="noopener noreferrer"
      {...(!shown && { download: file.name })}
      aria-label={shown ? TEXTS.openPicture(about) : TEXTS.downloadFile(about)}
    >
      {shown ? (
        picture !== null && (
          <img
            src={picture}
            alt=""
            {...(width !== undefined && height !== undefined && { width, height })}
            onError={() => setBroken(true)}
          />
        )
      ) : (
        <>
          <Page />
          <span class="name" dir="auto">
            {file.name}
          </span>
          <span class="bytes">{sizeText(file.size)}</span>
        </>
      )}
    </a>
  );
}

/** The files of a message. */
export function Files({ files, getLink }: { files: Attachment[]; getLink: GetLink }) {
  return (
    <div class="files">
      {files.map((file) => (
        <FileView key={file.id} file={file} getLink={getLink} />
      ))}
    </div>
  );
}

/** What the picker offers; what a file is, the bridge finds out. */
const ACCEPT = "image/*,.heic,.heif,.avif,.tif,.tiff,.pdf,.txt,.csv,.log,.md,text/plain";

export interface AttachProps {
  onChoose: (files: FileList | null) => void;
  /** The choice is made. */
  onDone: () => void;
}

/** The button that lets files be chosen. */
export function Attach({ onChoose, onDone }: AttachProps) {
  const picker = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={picker}
        type="file"
        class="hidden"
        data-testid="picker"
        multiple
        accept={ACCEPT}
        tabIndex={-1}
        aria-hidden="true"
        onChange={(event) => {
          onChoose(event.currentTarget.files);
          // The same file can be chosen again.
          event.currentTarget.value = "";
          onDone();
        }}
      />
      <button
        type="button"
        class="clip"
        data-testid="attach"
        aria-label={TEXTS.attach}
        onClick={() => picker.current?.click()}
      >
        <Clip />
      </button>
    </>
  );
}

export interface ChipsProps {
  uploads: readonly Upload[];
  tooMany: boolean;
  onRemove: (key: string) => void;
  onRetry: (key: string) => void;
}

/** What is to go with the next message. */
export function Chips({ uploads, tooMany, onRemove, onRetry }: ChipsProps) {
  return (
    <>
      {uploads.length > 0 && (
        <ul class="chips" aria-label={TEXTS.files}>
          {uploads.map((upload) => (
            <li key={upload.key} class={`chip ${upload.state}`} data-testid="chip" data-state={upload.state}>
              {upload.preview === null ? <Page /> : <img src={upload.preview} alt="" />}
              <span class="about">
                <span class="name" dir="auto">
                  {upload.name}
                </span>
                {upload.fault === null ? (
                  upload.state === "done" ? (
                    <span class="bytes">{sizeText(upload.size)}</span>
                  ) : (
                    <progress
                      max={1}
                      value={upload.progress}
                      aria-label={upload.state === "waiting" ? TEXTS.fileWaits : TEXTS.sending}
                    />
                  )
                ) : (
                  <span class="fault" role="alert">
                    {TEXTS.fileFault[upload.fault]}
                  </span>
                )}
              </span>
              {(upload.state === "waiting" || upload.fault === "failed") && (
                <button type="button" class="link" onClick={() => onRetry(upload.key)}>
                  {TEXTS.retry}
                </button>
              )}
              <button
                type="button"
                class="quiet"
                data-testid="remove-file"
                aria-label={TEXTS.removeFile(upload.name)}
                onClick={() => onRemove(upload.key)}
              >
                <Cross />
              </button>
            </li>
          ))}
        </ul>
      )}
      {tooMany && (
        <p class="size fault" role="alert">
          {TEXTS.tooManyFiles}
        </p>
      )}
    </>
  );
}
