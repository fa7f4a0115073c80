/** The words of the launcher. */
export const TEXTS = {
  open: "Open chat",
  close: "Close chat",
  unread: (count: number) => (count === 1 ? "1 new message" : `${String(count)} new messages`),
  frame: "Chat",
  loading: "Loading…",
  unreachable: "The chat cannot be loaded. Please close it and try again.",
};
