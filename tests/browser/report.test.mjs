// The page of a run, as a browser shows it.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { close, contrast, DESKTOP, fitsItsWidth, isAccessible, messaging, PHONE, textsAreReadable, withPage } from "./browser.mjs";

const RULES = [
  { service: "sns", operation: "Publish", error: { statusCode: 503 }, count: 2 },
  { service: "sqs", operation: "ReceiveMessage", latency: "5ms" },
  { service: "sqs", operation: "DeleteMessageBatch", latency: "5ms" },
];

let folder;
const pages = {};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "report-"));
  await writeFile(join(folder, "rules.json"), JSON.stringify(RULES));
  const page = (name, args) => {
    pages[name] = `file://${join(folder, `${name}.html`)}`;
    return messaging(["simulate", ...args, "--report", `${name}.html`, "--data-dir", name], { cwd: folder });
  };
  await Promise.all([
    page("run", ["--load", "20/s..100/s:3s", "--chaos", "rules.json", "--buffering-seconds", "1"]),
    page("scenario", ["archive", "--count", "20"]),
  ]);
});
after(async () => {
  await close();
  await rm(folder, { recursive: true, force: true });
});

/** In every drawing something is drawn that can be seen. */
async function everyDrawingHasMarks(page) {
  const empty = await page.evaluate(() => {
    const marks = (svg) =>
      [...svg.querySelectorAll("path.line, .dot, .span")].filter((mark) => {
        const box = mark.getBoundingClientRect();
        // The dashes of the legend are no marks.
        return (mark.localName !== "path" || /L/.test(mark.getAttribute("d"))) && box.width + box.height > 1;
      });
    const drawings = [...document.querySelectorAll("figure svg")];
    if (drawings.length === 0) return ["the page"];
    return drawings.filter((svg) => marks(svg).length === 0).map((svg) => svg.getAttribute("aria-label"));
  });
  assert.deepEqual(empty, []);
}

const places = { "a desktop": DESKTOP, "a desktop in the dark": { ...DESKTOP, dark: true }, "a phone": PHONE, "a phone in the dark": { ...PHONE, dark: true } };
for (const [place, options] of Object.entries(places)) {
  for (const name of ["run", "scenario"]) {
    withPage(`on ${place} the page of a ${name} is whole, readable, and asks nobody for anything`, options, async (page) => {
      await page.goto(pages[name]);
      assert.deepEqual(page.asked, [pages[name]]);
      assert.deepEqual(page.complaints, []);
      assert.match(await page.title(), /Nothing lost/);
      const [first] = await page.locator("h1, h2, dt, svg, table").evaluateAll((all) =>
        all.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top).map((it) => it.textContent),
      );
      assert.equal(first, "✔ Nothing lost");
      await everyDrawingHasMarks(page);
      await fitsItsWidth(page);
      await textsAreReadable(page);
      await isAccessible(page);
      for (const text of ["h1", "dt", ".chart .title"]) {
        const ratio = await contrast(page, text);
        assert.ok(ratio >= 4.5, `${text}: a contrast of ${ratio.toFixed(1)}`);
      }
    });
  }
}

withPage("a report shows its faults, its costs, and the way of one event", DESKTOP, async (page) => {
  await page.goto(pages.run);
  const names = await page.locator("figure svg").evaluateAll((all) => all.map((svg) => svg.getAttribute("aria-label")));
  for (const name of ["Events a second", "Events so far", "Latency to S3", "Latency by quantile", "Publish delay", "Latency of publishing by rate"]) {
    assert.ok(names.includes(name), `${name}: ${names.join(", ")}`);
  }
  const way = page.locator("svg", { hasText: "The way of event" });
  for (const lane of ["publisher", "topic", "orders queue", "payments queue", "delivery stream", "bucket"]) {
    await way.getByText(lane, { exact: true }).waitFor();
  }
  // Each of three rules is named above the frame, and seen as a band in it.
  const chart = page.locator('svg[aria-label="Events a second"]');
  assert.equal(await chart.locator(".band").count(), 3);
  assert.equal(await chart.locator("text", { hasText: /^rule [123]: / }).count(), 3);
  await page.getByText(/^On AWS this would cost/).waitFor();
  assert.equal(await page.locator("li", { hasText: "a month" }).count(), 2);
  const data = JSON.parse(await page.locator("#data").textContent());
  assert.equal(data.report.verdict, "nothing_lost");
  assert.equal(data.report.faults.length, 3);
});

withPage("what can't be read is found", PHONE, async (page) => {
  const drawing = (texts) => `<svg width="100" height="100">${texts}</svg>`;
  const found = async (html, check, why) => {
    await page.setContent(html);
    await assert.rejects(check(page), why);
  };
  await found(drawing('<text x="5" y="20">one</text><text x="9" y="22">two</text>'), textsAreReadable, /"one" lies on "two"/);
  await found(drawing('<text x="90" y="20">far too long</text>'), textsAreReadable, /leaves its drawing/);
  await found('<p style="width: 900px">wide</p>', fitsItsWidth, /where 360 are/);
  await found("<figure><svg></svg></figure>", everyDrawingHasMarks, /null/);
});
