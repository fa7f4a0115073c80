/** Shows an agent's text: a tree of known elements with text in them, and nothing else. */
import type { RichText, Style } from "@switchboard/shared/wire";
import type { ComponentChildren, JSX } from "preact";
import { TEXTS } from "../texts";

/** No honest message is nested deeper; the rest is shown without its elements. */
const DEEPEST = 24;

const SCHEMES = ["https:", "http:", "mailto:"];

const ELEMENTS: Record<
  Style,
  "p" | "strong" | "em" | "del" | "code" | "pre" | "blockquote" | "ul" | "ol" | "li"
> = {
  paragraph: "p",
  strong: "strong",
  emphasis: "em",
  deleted: "del",
  code: "code",
  preformatted: "pre",
  quote: "blockquote",
  bullet_list: "ul",
  numbered_list: "ol",
  list_item: "li",
  heading: "p",
};

/** The address, if it is absolute and of a kind that cannot run anything. */
export function safeHref(href: string): string | null {
  try {
    const url = new URL(href);
    return SCHEMES.includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** The text in a tree. */
export function plainText(nodes: RichText[], depth = 0): string {
  if (depth > 200) return "";
  return nodes
    .map((node) => {
      if (node.type === "text") return node.text;
      return node.type === "break" ? "\n" : plainText(node.children, depth + 1);
    })
    .join("");
}

function element(style: Style, children: ComponentChildren): JSX.Element {
  // Whatever the bridge says, only the table's own names become elements.
  const Name = Object.hasOwn(ELEMENTS, style) ? ELEMENTS[style] : "span";
  return style === "heading" ? <p class="heading">{children}</p> : <Name>{children}</Name>;
}

function show(node: RichText, depth: number): ComponentChildren {
  switch (node.type) {
    case "text":
      return node.text;
    case "break":
      return <br />;
    case "span":
      return element(node.style, showAll(node.children, depth + 1));
    case "link": {
      const href = safeHref(node.href);
      const children = showAll(node.children, depth + 1);
      if (href === null) return <span>{children}</span>;
      return (
        <a href={href} target="_blank" rel="noopener noreferrer" title={href}>
          {children}
          <span class="hidden"> ({TEXTS.opensElsewhere})</span>
        </a>
      );
    }
    default:
      return null;
  }
}

function showAll(nodes: RichText[], depth: number): ComponentChildren {
  return depth > DEEPEST ? plainText(nodes) : nodes.map((node) => show(node, depth));
}

/** An agent's text. */
export function Rich({ content }: { content: RichText[] }) {
  return <>{showAll(content, 0)}</>;
}
