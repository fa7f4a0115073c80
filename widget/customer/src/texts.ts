/**
 * All words that the customer reads in the iframe. One table, so that it can be translated, and so
 * that a site can put its own words in place of these.
 */
import type { EndedBy, FormReason } from "@switchboard/shared/wire";
import type { Stage } from "./client/feed";
import type { FailReason } from "./client/outbox";
import type { FileFault } from "./client/uploads";

const number = new Intl.NumberFormat("en");

/** "Anna", "Anna and Ben", "Anna, Ben and 2 more". */
function list(names: string[]): string {
  const [first = "", second = "", ...more] = names;
  if (names.length <= 1) return first;
  if (more.length === 0) return `${first} and ${second}`;
  return `${first}, ${second} and ${number.format(more.length)} more`;
}

const ended: Record<EndedBy, string> = {
  customer: "You have ended the chat",
  agent: "The agent has ended the chat",
  no_agent: "No agent is free right now",
};

const endedHint: Record<EndedBy, string> = {
  customer: "Thank you for writing to us.",
  agent: "Thank you for writing to us.",
  no_agent: "We are sorry. Please try again later.",
};

const failed: Record<FailReason, string> = {
  too_long: "Not sent: the message is too long.",
  empty: "Not sent: there is no text in it.",
  bad_email: "Not sent: what was given as e-mail address is none.",
  files: "Not sent: a file is missing. Please choose it again.",
  too_fast: "Not sent: too many messages in a short time.",
  too_many: "Not sent: too many messages are waiting for an agent.",
  ended: "Not sent: the chat had already ended.",
  no_target: "Not changed: the message is not there any more.",
  bad_reaction: "Not sent: this is no reaction.",
  undeliverable: "This message did not reach the agent.",
  unavailable: "Not sent: the service was not available.",
  rejected: "Not sent: the service could not read it.",
};

const fileFault: Record<FileFault, string> = {
  empty: "This file is empty.",
  too_large: "This file is too large: at most 20 MB.",
  too_many: "At most five files with one message.",
  kind: "Only images, PDF and plain text can be sent.",
  audio: "Sound and voice messages cannot be sent.",
  video: "Videos cannot be sent.",
  markup: "HTML, SVG and XML cannot be sent.",
  program: "Programs and scripts cannot be sent.",
  archive: "Archives cannot be sent.",
  damaged: "This file is damaged, or more than one kind of file at once.",
  infected: "The virus scanner found something in this file.",
  encrypted: "This file is encrypted and cannot be checked.",
  missing: "This file could not be stored.",
  failed: "This file could not be sent.",
};

const formTitle: Record<FormReason, string> = {
  closed: "We are closed right now",
  nobody: "Nobody is here right now",
  busy: "We are very busy right now",
};

/** What is asked before the end. */
interface Question {
  button: string;
  title: string;
  body: string;
  confirm: string;
  cancel: string;
}

const endOf: Record<Stage, Question> = {
  chat: {
    button: "End chat",
    title: "End this chat?",
    body: "The conversation will be closed for you and for the agent.",
    confirm: "End chat",
    cancel: "Keep chatting",
  },
  form: {
    button: "Cancel",
    title: "Leave no message?",
    body: "You have not left a message. Nobody will get back to you.",
    confirm: "Leave no message",
    cancel: "Go back",
  },
  left: {
    button: "Withdraw",
    title: "Withdraw your message?",
    body: "It has not been answered yet, and will not be if you withdraw it.",
    confirm: "Withdraw message",
    cancel: "Keep it",
  },
};

const DEFAULTS = {
  chat: "Chat",
  loading: "Loading…",
  unknownSite: "This chat is not available.",
  unreachable: "The chat cannot be reached right now. We keep trying…",

  nameLabel: "Your name",
  nameMissing: "Please enter your name.",
  nameTooLong: (most: number) => `Please use at most ${number.format(most)} characters.`,
  start: "Start chat",
  starting: "Starting…",
  queues: "What is it about?",
  queueClosed: "closed now",
  startForm: "Leave a message",
  startStruggling: "The chat cannot be reached right now. We keep trying…",
  chatLost: "Your earlier chat is no longer available. You can start a new one.",
  startFailed: "The chat could not be started. Please try again.",
  forbidden: "The chat is not available on this page.",

  connecting: "Connecting…",
  reconnecting: "Reconnecting…",
  waiting: "Waiting for an agent.",
  waitingAt: (position: number) => `You are number ${number.format(position)}.`,
  waitAbout: (minutes: string) => `About ${minutes} minutes.`,
  waitLess: (minutes: number) =>
    minutes === 1 ? "Less than a minute." : `Less than ${number.format(minutes)} minutes.`,
  waitMore: (minutes: number) =>
    minutes === 1 ? "More than a minute." : `More than ${number.format(minutes)} minutes.`,
  waitUnknown: "This may take a while.",
  asked: "Leave us a message",
  unanswered: "Your message waits for an answer",
  here: (names: string[]) => (names.length === 1 ? `${list(names)} is here` : `${list(names)} are here`),
  connected: "An agent is here",
  ending: "Ending the chat…",

  queued: "Thank you! Someone will be with you soon.",
  requeued: "You are back in the queue, at your old place.",
  joined: (name: string) => `${name} has joined the chat`,
  left: (name: string) => `${name} has left the chat`,
  messageLeft:
    "We have your message and will answer here. You can close this page and come back to it on this device.",
  ended,
  endedHint,
  withdrawn: "You have withdrawn your message",
  notLeft: "You have left no message",

  formTitle,
  formHint: "Leave us a message, and we will answer here as soon as we can.",
  formName: "Your name (optional)",
  formEmail: "E-mail (optional)",
  formEmailHint: "In case we should answer by e-mail.",
  formEmailBad: "This does not look like an e-mail address. Correct it, or leave the field empty.",
  formMessage: "Your message",
  formMissing: "Please write your message.",
  formSend: "Leave message",
  formSending: "Sending…",

  conversation: "Conversation",
  youSaid: "You:",
  agentSaid: (name: string) => `${name}:`,
  sending: "Sending",
  accepted: "Sent",
  delivered: "Delivered",
  seen: "Seen",
  failed,
  retry: "Try again",
  edited: "edited",
  removed: "This message was removed.",
  actions: (of: string) => `Actions for the message “${of}”`,
  reply: "Reply",
  edit: "Edit",
  remove: "Delete",
  removeSure: "Delete for everyone",
  keep: "Keep",
  react: (emoji: string) => `React with ${emoji}`,
  reactedWith: (emoji: string) => `Reactions ${emoji}:`,
  reactedBy: (names: string[]) => list(names),
  you: "you",
  answers: (whom: string) => `In reply to ${whom}`,
  yourself: "You",
  replyingTo: (whom: string) => `Reply to ${whom}`,
  editing: "Edit message",
  cancel: "Cancel",
  save: "Save",
  typing: (names: string[]) => `${list(names)} ${names.length === 1 ? "is" : "are"} typing…`,
  newMessages: (count: number) => (count === 1 ? "1 new message" : `${number.format(count)} new messages`),
  today: "Today",
  yesterday: "Yesterday",
  opensElsewhere: "opens in a new tab",

  attach: "Attach files",
  files: "Files to send",
  fileFault,
  fileWaits: "Waiting for the connection",
  removeFile: (name: string) => `Remove ${name}`,
  tooManyFiles: "At most five files with one message.",
  openPicture: (about: string) => `Picture ${about}, opens in a new tab`,
  downloadFile: (about: string) => `Download ${about}`,

  message: "Your message",
  write: "Write a message…",
  send: "Send",
  charactersLeft: (left: number) => `About ${number.format(left)} characters left`,
  tooLong: (over: number) =>
    `The message is too long. Please remove about ${number.format(over)} characters, or send it in parts.`,

  minimise: "Minimise chat",
  endOf,
  startNew: "Start a new chat",
  download: "Download conversation",
  downloadFailed: "The conversation could not be downloaded. Please try again.",
};

type Texts = typeof DEFAULTS;

/** The words in use: a site's own, and those above where it has none. */
export let TEXTS: Texts = DEFAULTS;

/**
 * Puts a site's own words in place of the widget's, and takes earlier ones back. A word within a
 * table has a key like `ended.agent`. In a text that tells of something, `{}` stands for that.
 */
export function setOwnTexts(own: Record<string, string>): void {
  TEXTS = merged(DEFAULTS, own, "");
}

function merged<T extends object>(table: T, own: Record<string, string>, prefix: string): T {
  const entries = Object.entries(table).map(([name, word]: [string, unknown]) => {
    const key = prefix + name;
    if (typeof word === "object" && word !== null) return [name, merged(word, own, `${key}.`)];
    const other: unknown = Object.hasOwn(own, key) ? own[key] : undefined;
    if (typeof other !== "string" || other === "") return [name, word];
    return [
      name,
      typeof word === "function" ? (told: Told) => other.replaceAll("{}", () => shown(told)) : other,
    ];
  });
  return Object.fromEntries(entries) as T;
}

/** What a text can tell of. */
type Told = number | string | string[];

function shown(told: Told): string {
  if (typeof told === "number") return number.format(told);
  return typeof told === "string" ? told : list(told);
}
