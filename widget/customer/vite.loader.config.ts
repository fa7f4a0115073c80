/** Builds the script for the site's own page: `dist/loader.js`, one classic script without imports. */
import { defineConfig } from "vite";

/** Lines are for those who read the style sheet, not for those who download it. */
const unfold = {
  name: "unfold-styles",
  transform: (code: string, id: string) =>
    id.endsWith("/loader/styles.ts") ? code.replace(/\n/g, "") : null,
};

export default defineConfig({
  plugins: [unfold],
  build: {
    target: "es2020",
    emptyOutDir: false,
    copyPublicDir: false,
    reportCompressedSize: false,
    lib: {
      entry: "src/loader/main.ts",
      formats: ["iife"],
      // Required, but unused: the script exports nothing.
      name: "switchboardLoader",
      fileName: () => "loader.js",
    },
  },
});
