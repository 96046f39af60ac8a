// A browser for the checks of this folder: pages that note whatever they ask for and complain of, and what must hold on each of them.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

export const { MESSAGING, SCRATCH } = process.env;

/** How long a page may take for anything that is waited for. */
const PATIENCE = 10_000;
export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 360, height: 740 };

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let launched;

/** The pages of the console that were looked at, and its actions that were done: what `all.mjs` holds against all there are. */
const used = new Set();

function use(request) {
  const [, part, path] = new URL(request.url()).pathname.match(/^\/_messaging\/(console|api\/v1)(\/.*)?$/) ?? [];
  const [, first, ...rest] = (path ?? "").split("/");
  if (first === "actions") used.add(`action ${rest[0]}`);
  else if (part === "console" && request.isNavigationRequest()) {
    used.add(`page ${[first, ...rest.map((it, n) => (n === 0 ? "NAME" : it))].filter(Boolean).map((it) => `/${it}`).join("")}`);
  }
}

/** The browser of this file's checks, with a folder of its own. */
async function browser() {
  launched ??= (async () => {
    const folder = await mkdtemp(join(tmpdir(), "browser-"));
    const started = await chromium.launch({
      executablePath: process.env.CHROMIUM,
      headless: true,
      args: FLAGS,
      env: { ...process.env, HOME: folder },
    });
    return { started, folder };
  })();
  return (await launched).started;
}

/** Closes the browser: the last thing that a file does, by `after(close)`. */
export async function close() {
  if (!launched) return;
  await mkdir(join(SCRATCH, "used"), { recursive: true });
  await writeFile(join(SCRATCH, "used", `${process.pid}.json`), JSON.stringify([...used]));
  const { started, folder } = await launched;
  await started.close();
  await rm(folder, { recursive: true, force: true });
}

/**
 * A check with a page: `story` says what holds, `check` gets the page. `options` are a viewport, `dark`, and `script: false` for a
 * browser without scripts. What the page asked the network for and complained of stands in `page.asked` and `page.complaints`.
 */
export function withPage(story, options, check) {
  test(story, { timeout: 60_000 }, async () => {
    const { dark = false, script = true, ...viewport } = options;
    const context = await (await browser()).newContext({
      viewport: { ...DESKTOP, ...viewport },
      colorScheme: dark ? "dark" : "light",
      javaScriptEnabled: script,
      acceptDownloads: true,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.asked = [];
    page.complaints = [];
    page.on("request", (request) => page.asked.push(request.url()));
    page.on("request", use);
    page.on("pageerror", (error) => page.complaints.push(String(error)));
    // A violation of the page's own rules for content comes as an error of the console, too.
    page.on("console", (said) => {
      if (["error", "warning"].includes(said.type())) page.complaints.push(said.text());
    });
    try {
      await check(page);
    } catch (error) {
      await mkdir(join(SCRATCH, "failed"), { recursive: true });
      const path = join(SCRATCH, "failed", `${story.replaceAll(/\W+/g, "-").slice(0, 80)}.png`);
      await page.screenshot({ path, fullPage: true }).catch(() => {});
      error.message += `\nThe page as it was: ${path}`;
      throw error;
    } finally {
      await context.close();
    }
  });
}

/** Nobody has to scroll sideways, whatever the page holds. */
export async function fitsItsWidth(page) {
  const { wide, room, widest } = await page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    const beyond = [...document.body.querySelectorAll("*")].filter(
      (element) => element.getBoundingClientRect().right > room + 1,
    );
    return {
      wide: document.documentElement.scrollWidth,
      room,
      widest: beyond.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)),
    };
  });
  assert.ok(wide <= room, `${wide} pixels wide where ${room} are: ${widest.join("\n")}`);
}

/** No text of a drawing leaves it or lies on another. */
export async function textsAreReadable(page, drawings = "svg") {
  const bad = await page.evaluate((drawings) => {
    const found = [];
    for (const drawing of document.querySelectorAll(drawings)) {
      const frame = drawing.getBoundingClientRect();
      const texts = [...drawing.querySelectorAll("text")]
        .filter((text) => text.textContent.trim() !== "")
        .map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
      for (const { text, box } of texts) {
        const inside =
          box.left >= frame.left - 1 && box.right <= frame.right + 1 && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1;
        if (!inside) found.push(`"${text}" leaves its drawing`);
      }
      for (const [n, one] of texts.entries()) {
        for (const other of texts.slice(n + 1)) {
          const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
          const high = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
          // The boxes of letters are higher than what is seen of them.
          if (wide > 1 && high > one.box.height * 0.35) found.push(`"${one.text}" lies on "${other.text}"`);
        }
      }
    }
    return found;
  }, drawings);
  assert.deepEqual(bad, []);
}

/** Axe finds nothing serious: by keyboard, by ear, and for eyes that don't tell all colours. */
export async function isAccessible(page) {
  await page.evaluate(`${await readFile(join(SCRATCH, "node_modules/axe-core/axe.min.js"), "utf8")}; 0`);
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  const told = ({ id, impact, nodes }) => `${id} (${impact}): ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join("; ")}`;
  assert.deepEqual(violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(told), []);
}

/** Does what a form is for, and gives what is told of it. */
export async function does(page, form, fields = {}) {
  const found = page.locator(`form.act[aria-label="${form}"]`).first();
  const folded = page.locator("details", { has: found }).last();
  if (await folded.count()) await folded.evaluate((it) => { it.open = true; });
  for (const [name, value] of Object.entries(fields)) await found.locator(`[name=${name}]`).fill(value);
  await found.locator("button").click();
  const result = page.locator("#result .result");
  await result.waitFor();
  const told = await result.innerText();
  await page.evaluate(() => { document.getElementById("result").innerHTML = ""; });
  return told;
}

/** How far apart the lightness of text and paper are: the ratio of WCAG, which wants 4.5 for text. */
export async function contrast(page, selector) {
  return page.evaluate((selector) => {
    const light = (colour) => {
      const [r, g, b] = colour.match(/[\d.]+/g).map((part) => {
        const share = Number(part) / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const style = getComputedStyle(document.querySelector(selector));
    const ink = light(style.fill !== "rgb(0, 0, 0)" && style.fill !== "none" ? style.fill : style.color);
    const paper = light(getComputedStyle(document.body).backgroundColor);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  }, selector);
}

/** Runs a command of ours to its end. An exit code that isn't 0 throws, unless it is `wanted`. */
export async function messaging(args, { wanted = 0, ...options } = {}) {
  try {
    return (await promisify(execFile)(MESSAGING, args, { timeout: 60_000, ...options })).stdout;
  } catch (error) {
    if (error.code === wanted) return error.stdout;
    throw error;
  }
}

/** Starts a command of ours that serves, and waits for a line that `ready` finds something in. Gives that, and how to `stop` it. */
export async function serving(args, ready, options = {}) {
  const child = spawn(MESSAGING, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  const said = [];
  const found = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        const match = line.match(ready);
        if (match) resolve(match);
      });
    }
    gone.then((code) => reject(new Error(`it ended with ${code}:\n${said.join("\n")}`)));
    setTimeout(() => reject(new Error(`it never said ${ready}:\n${said.join("\n")}`)), PATIENCE).unref();
  });
  const stop = async (signal = "SIGINT") => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await gone;
  };
  return found.then(
    (match) => ({ match, stop, child }),
    async (error) => {
      await stop("SIGKILL");
      throw error;
    },
  );
}
