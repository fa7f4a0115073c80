/** All words that the customer reads in the iframe. One table, so that it can be translated. */
import type { EndedBy } from "@switchboard/shared/wire";
import type { FailReason } from "./client/outbox";

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
  too_fast: "Not sent: too many messages in a short time.",
  too_many: "Not sent: too many messages are waiting for an agent.",
  ended: "Not sent: the chat had already ended.",
  undeliverable: "This message did not reach the agent.",
  unavailable: "Not sent: the service was not available.",
  rejected: "Not sent: the service could not read it.",
};

export const TEXTS = {
  chat: "Chat",
  loading: "Loading…",
  unknownSite: "This chat is not available.",
  unreachable: "The chat cannot be reached right now. We keep trying…",

  nameLabel: "Your name",
  nameMissing: "Please enter your name.",
  nameTooLong: (most: number) => `Please use at most ${number.format(most)} characters.`,
  start: "Start chat",
  starting: "Starting…",
  startStruggling: "The chat cannot be reached right now. We keep trying…",
  chatLost: "Your earlier chat is no longer available. You can start a new one.",
  startFailed: "The chat could not be started. Please try again.",
  forbidden: "The chat is not available on this page.",

  connecting: "Connecting…",
  reconnecting: "Reconnecting…",
  waiting: "Waiting for an agent",
  waitingAt: (position: number) => `Waiting – you are number ${number.format(position)}`,
  here: (names: string[]) => (names.length === 1 ? `${list(names)} is here` : `${list(names)} are here`),
  connected: "An agent is here",
  ending: "Ending the chat…",

  queued: "Thank you! Someone will be with you soon.",
  requeued: "You are back in the queue, at your old place.",
  joined: (name: string) => `${name} has joined the chat`,
  left: (name: string) => `${name} has left the chat`,
  ended,
  endedHint,

  conversation: "Conversation",
  youSaid: "You:",
  agentSaid: (name: string) => `${name}:`,
  sending: "Sending",
  accepted: "Sent",
  delivered: "Delivered",
  seen: "Seen",
  failed,
  retry: "Try again",
  typing: (names: string[]) => `${list(names)} ${names.length === 1 ? "is" : "are"} typing…`,
  newMessages: (count: number) => (count === 1 ? "1 new message" : `${number.format(count)} new messages`),
  today: "Today",
  yesterday: "Yesterday",
  opensElsewhere: "opens in a new tab",

  message: "Your message",
  write: "Write a message…",
  send: "Send",
  charactersLeft: (left: number) => `About ${number.format(left)} characters left`,
  tooLong: (over: number) =>
    `The message is too long. Please remove about ${number.format(over)} characters, or send it in parts.`,

  minimise: "Minimise chat",
  end: "End chat",
  endTitle: "End this chat?",
  endBody: "The conversation will be closed for you and for the agent.",
  endConfirm: "End chat",
  endCancel: "Keep chatting",
  startNew: "Start a new chat",
};
