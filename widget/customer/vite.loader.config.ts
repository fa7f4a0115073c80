/** Builds the script for the site's own page: `dist/loader.js`, one classic script without imports. */
import { defineConfig } from "vite";

export default defineConfig({
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
