/** Builds the page in the iframe: `dist/index.html` and its assets. Also holds the settings of the tests. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "/widget/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    assetsDir: "assets",
    // No image or font is worth a data: address here; the policy allows none but pictures.
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    environment: "node",
    restoreMocks: true,
  },
});
