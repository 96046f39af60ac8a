// The console's pages of queues, streams and buckets that hold something: what is found, held up, moved and opened on them.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { gzipSync } from "node:zlib";
import { close, DESKTOP, does, fitsItsWidth, isAccessible, PHONE, serving, withPage } from "./browser.mjs";

const READY = /Ready on (http:\/\/[\d.]+:\d+),/;
let folder, server, base;

/** An operation of SQS in a region, by a client that says who it is. */
async function sqs(action, parameters, { region = "us-east-1", agent = "orders-worker/1.0" } = {}) {
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/sqs/aws4_request, SignedHeaders=host, Signature=0`;
  const headers = { accept: "application/json", "user-agent": agent, authorization };
  const body = new URLSearchParams({ Action: action, Version: "2012-11-05", ...parameters });
  const answer = await fetch(base, { method: "POST", body, headers });
  assert.equal(answer.status, 200, await answer.clone().text());
}
const attributes = (all) =>
  Object.fromEntries(Object.entries(all).flatMap(([name, value], n) => [[`Attribute.${n + 1}.Name`, name], [`Attribute.${n + 1}.Value`, value]]));
const queue = (name, all = {}, options) => sqs("CreateQueue", { QueueName: name, ...attributes(all) }, options);
const send = (name, body, more = {}) => sqs("SendMessage", { QueueUrl: name, MessageBody: body, ...more });
const put = async (path, body) => assert.equal((await fetch(`${base}/${path}`, { method: "PUT", body })).status, 200);
const at = (path) => `${base}/_messaging/console${path}`;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "console-"));
  server = await serving(["local", "--port", "0", "--durability", "memory"], READY, { cwd: folder });
  base = server.match[1];
  await queue("billing.fifo", { FifoQueue: "true", ContentBasedDeduplication: "true", VisibilityTimeout: "600" });
  for (const n of [1, 2, 3]) await send("billing.fifo", `{"invoice": ${n}}`, { MessageGroupId: n === 3 ? "other" : "customer" });
  await sqs("ReceiveMessage", { QueueUrl: "billing.fifo", MaxNumberOfMessages: "1" });
  await queue("dead");
  const redrive = JSON.stringify({ deadLetterTargetArn: "arn:aws:sqs:us-east-1:000000000000:dead", maxReceiveCount: 1 });
  await queue("work", { RedrivePolicy: redrive, VisibilityTimeout: "0" });
  for (let n = 0; n < 40; n += 1) await send("work", `{"n": ${n}, "deep": {"list": [{"is": "number ${n}"}]}}`);
  for (let n = 0; n < 16; n += 1) await sqs("ReceiveMessage", { QueueUrl: "work", MaxNumberOfMessages: "10" });
  await queue("only-in-europe", {}, { region: "eu-west-1" });
  await put("opened", undefined);
  await put("opened/lines.ndjson", '{"line": 1}\n{"line": 2}\n');
  await put("opened/one.json", '{"a":{"b":[1,2]}}');
  await put("opened/packed.gz", gzipSync('{"packed": "yes"}\n{"packed": "too"}\n'));
  await put("opened/picture.png", new Uint8Array([137, 80, 78, 71, 0, 255, 254]));
});
after(async () => {
  await close();
  await server?.stop("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

withPage("a queue is found by its name, and all are there again", DESKTOP, async (page) => {
  await page.goto(at("/queues"));
  await page.getByLabel("Part of the name").fill("BILL");
  await page.keyboard.press("Enter");
  await page.locator("#list", { hasText: "1 of 1 queues" }).waitFor();
  assert.deepEqual(await page.locator("#list tbody th a").allInnerTexts(), ["billing.fifo"]);
  await isAccessible(page);
  await page.getByRole("link", { name: "all queues" }).click();
  await page.locator("#list tbody th a", { hasText: "work" }).waitFor();
  await page.goto(at("/queues?name=nothing-like-it"));
  await page.locator("#list", { hasText: "None of the queues" }).waitFor();
  assert.deepEqual(page.complaints, []);
});

withPage("a message in flight holds up its group, and the time until it is seen again runs down", DESKTOP, async (page) => {
  await page.goto(at("/queues/billing.fifo"));
  const held = page.locator("#lying tr", { hasText: "held up by" });
  assert.match(await held.innerText(), /^customer[^]*2[^]*held up by [0-9a-f-]{36} for (9 min|10 min|600 s)/);
  const until = page.locator("#lying [data-until]").first();
  const text = await until.innerText();
  await page.evaluate(() => { for (const it of document.querySelectorAll("[data-until]")) it.dataset.until -= 500_000; });
  await page.waitForFunction(([text]) => document.querySelector("#lying [data-until]").textContent !== text, [text]);
  await page.locator("#lying tr", { hasText: "held up by" }).getByRole("link").click();
  await page.locator("main", { hasText: "received by orders-worker/1.0" }).waitFor();
  assert.deepEqual(page.complaints, []);
});

withPage("messages are found by a text and by a place in their JSON", DESKTOP, async (page) => {
  await page.goto(at("/queues/dead"));
  await page.getByLabel("Text in the body").fill('"n": 33');
  await page.getByRole("button", { name: "Find" }).click();
  await page.waitForURL(/text=/);
  assert.equal(await page.locator("#lying tbody").first().locator("tr").count(), 1);
  await page.getByLabel("Text in the body").fill("");
  await page.getByLabel("JSON path, as a.b[0]=value").fill("deep.list[0].is=number 35");
  await page.getByRole("button", { name: "Find" }).click();
  await page.waitForURL(/path=deep/);
  assert.match(await page.locator("#lying tbody").first().innerText(), /number 35/);
  await page.goto(`${at("/queues/dead")}?path=half`);
  await page.locator("main", { hasText: "The parameter path" }).waitFor();
});

withPage("dead letters are moved back at a rate, which is seen, and stopped", DESKTOP, async (page) => {
  await page.goto(at("/queues/dead"));
  assert.match(await does(page, "Redrive: move all messages back to where they came from", { rate: "1" }), /--max-number-of-messages-per-second 1/);
  const moves = page.locator("#moves tbody tr");
  await moves.waitFor();
  assert.match(await moves.innerText(), /of \d\d/);
  await page.waitForFunction(() => Number(document.querySelector("#moves progress").value) > 0);
  // What is shown anew would else take the button away from under the mouse.
  await page.locator("#pause").click();
  assert.match(await does(page, "Stop this move"), /cancel-message-move-task/);
  await page.locator("#moves", { hasText: /CANCEL/ }).waitFor();
  await isAccessible(page);
  assert.deepEqual(page.complaints, []);
});

withPage("objects are opened in place, and had by a link", DESKTOP, async (page) => {
  for (const [key, shown] of [
    ["lines.ndjson", /"line": 2/],
    ["one.json", /"b": \[\s+1,\s+2\s+\]/],
    ["packed.gz", /opened: gzip[^]*"packed": "too"/],
    ["picture.png", /isn't text/],
  ]) {
    await page.goto(at("/buckets/opened"));
    await page.getByRole("link", { name: key }).click();
    await page.getByRole("heading", { name: `Object ${key}` }).waitFor();
    assert.match(await page.locator("main").innerText(), shown, key);
    const link = (await page.locator(".cli pre").first().innerText()).trim();
    assert.equal((await fetch(link)).status, 200, link);
  }
  assert.deepEqual(page.complaints, []);
});

withPage("account and region are chosen, and stay chosen", DESKTOP, async (page) => {
  await page.goto(at("/queues"));
  await page.locator("#list", { hasText: "only-in-europe" }).waitFor();
  await page.locator("select[name=region]").selectOption("eu-west-1");
  await page.getByRole("button", { name: "Show" }).click();
  await page.waitForURL(/region=eu-west-1/);
  assert.deepEqual(await page.locator("#list tbody th a").allInnerTexts(), ["only-in-europe"]);
  await page.getByRole("link", { name: "only-in-europe" }).click();
  assert.match(await does(page, "Send a message", { body: "there" }), /--region eu-west-1/);
  await page.getByRole("link", { name: "Overview" }).click();
  await page.waitForURL(/region=eu-west-1/);
  await page.goto(at("/queues?account=111111111111"));
  await page.locator("main", { hasText: "There is no queue yet" }).waitFor();
  assert.deepEqual(page.complaints, []);
});

withPage("on a phone a message is a box with its body in it", { ...PHONE, dark: true }, async (page) => {
  await page.goto(at("/queues/dead"));
  await fitsItsWidth(page);
  const body = await page.locator("#lying tbody tr").first().locator("td.text").boundingBox();
  assert.ok(body.x >= 0 && body.x + body.width <= PHONE.width, JSON.stringify(body));
  await isAccessible(page);
});
