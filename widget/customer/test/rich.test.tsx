// @vitest-environment happy-dom
import type { RichText } from "@switchboard/shared/wire";
import { render } from "preact";
import { beforeEach, describe, expect, it } from "vitest";
import { plainText, Rich, safeHref } from "../src/view/rich";

let box: HTMLElement;

beforeEach(() => {
  box = document.createElement("div");
});

function show(...content: RichText[]): HTMLElement {
  render(<Rich content={content} />, box);
  return box;
}

const text = (value: string): RichText => ({ type: "text", text: value });

describe("an agent's text", () => {
  it("becomes the elements of its tree", () => {
    show(
      {
        type: "span",
        style: "paragraph",
        children: [text("a "), { type: "span", style: "strong", children: [text("b")] }],
      },
      { type: "break" },
      {
        type: "span",
        style: "bullet_list",
        children: [{ type: "span", style: "list_item", children: [text("c")] }],
      },
      { type: "span", style: "heading", children: [text("d")] },
    );
    const names = [...box.querySelectorAll("*")].map((element) => element.localName);
    expect(names).toEqual(["p", "strong", "br", "ul", "li", "p"]);
    expect(box.textContent).toBe("a bcd");
  });

  it.each([
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "&lt;b&gt; &amp; \"'",
    "</div><svg/onload=alert(1)>",
    "javascript:alert(1)",
  ])("is only ever text: %s", (attack) => {
    show(text(attack), { type: "span", style: "code", children: [text(attack)] });
    expect(box.textContent).toBe(attack + attack);
    expect(box.querySelectorAll("script, img, svg, [onerror], [onload]")).toHaveLength(0);
    expect(box.children).toHaveLength(1);
  });

  it("links to addresses that cannot run anything, in a new tab", () => {
    show({ type: "link", href: "https://example.org/a?b=c", children: [text("here")] });
    const link = box.querySelector("a");
    expect(link?.getAttribute("href")).toBe("https://example.org/a?b=c");
    expect(link?.getAttribute("target")).toBe("_blank");
    expect(link?.getAttribute("rel")).toBe("noopener noreferrer");
  });

  it.each([
    "javascript:alert(1)",
    " JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "blob:https://example.org/1",
    "file:///etc/passwd",
    "//example.org",
    "/relative",
    "",
  ])("does not link to %j", (href) => {
    expect(safeHref(href)).toBeNull();
    show({ type: "link", href, children: [text("click me")] });
    expect(box.querySelector("a")).toBeNull();
    expect(box.textContent).toBe("click me");
  });

  it("of a newer bridge shows what is known of it", () => {
    show(
      { type: "span", style: "constructor" as "code", children: [text("a")] },
      { type: "span", style: "script" as "code", children: [text("b")] },
      { type: "video" as "break" },
      { type: "text", text: { type: "b", props: {}, key: null } as unknown as string },
    );
    expect(box.textContent).toContain("ab");
    expect([...box.querySelectorAll("*")].map((element) => element.localName)).toEqual(["span", "span"]);
  });

  it("nested without end is shown without its elements from some depth on", () => {
    let node = text("deep");
    for (let i = 0; i < 100; i += 1) node = { type: "span", style: "quote", children: [node] };
    show(node);
    expect(box.textContent).toBe("deep");
    expect(box.querySelectorAll("blockquote").length).toBeLessThan(30);
    expect(plainText([node])).toBe("deep");
  });
});
