// Whether the checks used each page and each action of the console: what their browsers asked for, against the routes in its source.
// usage: node all.mjs FOLDER      the console's source
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const source = (file) => readFile(join(process.argv[2], file), "utf8");
const used = join(process.env.SCRATCH, "used");
const files = await Promise.all((await readdir(used)).map((file) => readFile(join(used, file), "utf8")));
const seen = new Set(files.flatMap((file) => JSON.parse(file)));

const pages = [...(await source("page/room.rs")).matchAll(/^ {8}\[(.*)\] => /gm)].map(([, parts]) =>
  parts.split(", ").filter(Boolean).map((part) => `/${part.startsWith('"') ? part.slice(1, -1) : "NAME"}`).join(""),
);
// To try a filter policy is no action: nothing is another thing afterwards.
const actions = [...(await source("api/parameters.rs")).matchAll(/^ {8}"([a-z-]+)" => &\[/gm)].map(([, name]) => name).filter((it) => it !== "try");
assert.ok(pages.includes("/buckets/NAME/object") && actions.includes("presign"), `${pages}; ${actions}: the routes are written another way`);

const all = [...pages.map((page) => `page ${page}`), ...actions.map((action) => `action ${action}`)];
assert.deepEqual(all.filter((it) => !seen.has(it)), [], "no check uses these");
console.log(`All ${pages.length} pages and ${actions.length} actions of the console were used.`);
