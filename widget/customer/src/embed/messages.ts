/**
 * What the site's page and the iframe say to each other. The only secret among it is the site's token,
 * which goes to the bridge's own origin and nowhere else.
 */

/** Who the customer is, as the page has it. */
export interface Identity {
  /** What the site's server has signed. */
  token: string | null;
  /** What the page knows, by name; nobody vouches for it. */
  variables: Record<string, string>;
}

/** What a page knows of its customer; nothing is said of what is null. */
export type Variables = Record<string, string | number | boolean | null | undefined>;

/** Who the customer is, as the page says it. */
export interface Said {
  /** The page's address. */
  page: string;
  token: string | null;
  variables?: Variables | undefined;
}

/** From the site's page. */
export type HostMessage =
  /** The first, which tells the iframe the page's origin. */
  | { switchboard: "hello"; open: boolean }
  | { switchboard: "open" }
  | { switchboard: "close" }
  /** The reply to `identify`. */
  | ({ switchboard: "identity"; id: number | undefined } & Said);

/** From the iframe. */
export type FrameMessage =
  /** The state that the launcher shows; also the reply to `hello`. */
  | { switchboard: "state"; unread: number; chat: boolean; colour: string | null }
  /** A chat starts: who is the customer? */
  | { switchboard: "identify"; id: number }
  /** The customer has asked, in the iframe, to close it. */
  | { switchboard: "close" };

/** Whether a colour can be put into a style: `#rrggbb` and nothing else. */
export function isColour(value: unknown): value is string {
  return typeof value === "string" && /^#[0-9a-f]{6}$/i.test(value);
}

/** Which of two text colours is easier to read on a colour: by relative luminance, as WCAG has it. */
export function textOn(colour: string): "#ffffff" | "#111111" {
  return luminance(colour) > 0.19 ? "#111111" : "#ffffff";
}

/** The relative luminance of `#rrggbb`, from 0 to 1. */
export function luminance(colour: string): number {
  const channel = (at: number) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
