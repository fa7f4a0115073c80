/** Fails the build when what a visitor has to download is larger than we promise. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const kB = 1000;
const assets = readdirSync(join(dist, "assets")).map((name) => join("assets", name));

const budgets = [
  { what: "loader.js, on every page of the site", files: ["loader.js"], limit: 3 * kB },
  { what: "the iframe's first load", files: ["index.html", ...assets], limit: 40 * kB },
];

/** The size of one file as it travels. */
function gzipped(file) {
  return gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;
}

/** A number of bytes, for people. */
function show(bytes) {
  return `${(bytes / kB).toFixed(2)} kB`;
}

let exceeded = false;
for (const { what, files, limit } of budgets) {
  let total = 0;
  for (const file of files) {
    const size = gzipped(file);
    total += size;
    console.log(`  ${show(size).padStart(9)}  ${file}`);
  }
  const verdict = total <= limit ? "ok" : "TOO LARGE";
  console.log(`${show(total)} of ${show(limit)} gzip: ${what}: ${verdict}`);
  exceeded ||= total > limit;
}
process.exitCode = exceeded ? 1 : 0;
