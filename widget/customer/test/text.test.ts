import { describe, expect, it } from "vitest";
import { messageKey, startKey } from "../src/client/keys";
import { byteLength, charLength, measure, wellFormed } from "../src/client/text";
import { isColour, textOn } from "../src/embed/messages";
import { contrast, inkOn } from "../src/view/colour";
import { LIMITS } from "./fakes";

describe("lengths", () => {
  it("are counted as the bridge counts them", () => {
    expect(byteLength("aä€👍")).toBe(1 + 2 + 3 + 4);
    expect(charLength("aä€👍")).toBe(4);
  });

  it.each([
    ["a", 16_384],
    ["ä", 8_192],
    ["€", 5_461],
    ["👍", 4_096],
  ])("fit up to the very limit: %s", (char, most) => {
    expect(measure(char.repeat(most), LIMITS)).toMatchObject({ near: true, fits: true });
    expect(measure(char.repeat(most + 1), LIMITS)).toMatchObject({ fits: false, left: -1 });
    expect(measure(char.repeat(most / 4), LIMITS)).toMatchObject({ near: false, fits: true });
  });

  it("respect the frame, where quotes and line feeds take more room", () => {
    const small = { ...LIMITS, frame_bytes: 20_000 };
    expect(measure("\n".repeat(9_000), small).fits).toBe(true);
    expect(measure("\n".repeat(12_000), small).fits).toBe(false);
  });
});

describe("half surrogate pairs", () => {
  it("are replaced, and whole ones kept", () => {
    expect(wellFormed("a\ud83db\udc4dc👍")).toBe("a\ufffdb\ufffdc👍");
  });
});

describe("keys", () => {
  it("are of the bridge's alphabet and length, and differ", () => {
    expect(messageKey()).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
    expect(startKey()).toMatch(/^[A-Za-z0-9_-]{22,64}$/);
    expect(new Set(Array.from({ length: 100 }, messageKey)).size).toBe(100);
  });
});

describe("colours", () => {
  it.each(["#ffffff", "#000000", "#ffee00", "#1a56b0", "#7f7f7f", "#ff0000", "#0b6e4f"])(
    "%s can be read",
    (colour) => {
      expect(contrast(colour, textOn(colour))).toBeGreaterThanOrEqual(4.5);
      for (const surface of ["#f1f3f5", "#ffffff", "#17191c", "#272a2f"]) {
        expect(contrast(inkOn(surface, colour), surface)).toBeGreaterThanOrEqual(4.5);
      }
    },
  );

  it("are nothing but colours", () => {
    expect(isColour("#12abEF")).toBe(true);
    for (const bad of ["red", "#123", "#12345g", "#123456;", "url(x)", null, 7])
      expect(isColour(bad)).toBe(false);
  });
});
