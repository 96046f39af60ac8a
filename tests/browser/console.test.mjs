// The console, as a browser shows it: each page, each action, figures that move, and a server that goes and comes back.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { close, DESKTOP, does, fitsItsWidth, PHONE, serving, SCRATCH, textsAreReadable, withPage } from "./browser.mjs";

const HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>";
const READY = /Ready on (http:\/\/[\d.]+:(\d+)),/;
let folder, server, base, axe, names, story;

const start = (port) =>
  serving(["local", "--port", port, "--data-dir", join(folder, "data"), "--template", "infra.yaml"], READY);

/** An operation of SNS or SQS, as any client asks for it. */
async function call(version, action, parameters) {
  const body = new URLSearchParams({ Action: action, Version: version, ...parameters });
  const answer = await fetch(base, { method: "POST", body, headers: { accept: "application/json" } });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}
const sns = (action, parameters) => call("2010-03-31", action, parameters);
const sqs = (action, parameters) => call("2012-11-05", action, parameters);
const api = async (path) => (await fetch(`${base}/_messaging/api/v1${path}`)).json();
const at = (path) => `${base}/_messaging/console${path}`;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "console-"));
  axe = await readFile(join(SCRATCH, "node_modules/axe-core/axe.min.js"), "utf8");
  server = await start("0");
  base = server.match[1];
  const name = (list) => list.map((it) => it.name);
  names = {
    topic: (await api("/topics")).topics[0],
    queues: name((await api("/queues")).queues),
    stream: name((await api("/streams")).streams)[0],
    bucket: name((await api("/buckets")).buckets)[0],
  };
  names.dead = names.queues.find((it) => /dlq|dead/i.test(it));
  names.queue = names.queues.find((it) => it !== names.dead && !/dlq|dead/i.test(it));
  await sns("Publish", { TopicArn: names.topic.arn, Message: JSON.stringify({ hello: HOSTILE }), Subject: "first" });
  await sqs("SendMessage", { QueueUrl: names.dead, MessageBody: HOSTILE });
  story = (await api("/messages")).messages.find((it) => it.topic).id;
});
after(async () => {
  await close();
  await server?.stop("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

const pages = () => [
  "", "/topics", "/queues", "/streams", "/buckets", "/stacks", "/messages", "/charts", "/chaos", "/notices",
  `/topics/${names.topic.name}`, `/queues/${names.queue}`, `/queues/${names.dead}`, `/streams/${names.stream}`,
  `/buckets/${names.bucket}`, "/stacks/messaging", `/messages/${story}`, "/queues/nothing",
];

/** Nothing serious is in the way of who sees badly, or not at all. */
async function isAccessible(page, path) {
  await page.evaluate(`${axe}; 0`);
  const found = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
  const serious = found.violations.filter((it) => ["serious", "critical"].includes(it.impact));
  assert.deepEqual(serious.map((it) => `${path}: ${it.id}: ${it.nodes[0].html}`), []);
}

withPage("each page is whole, keeps its own rules, and has nothing serious in the way of anybody", DESKTOP, async (page) => {
  for (const path of pages()) {
    await page.goto(at(path));
    await page.locator("#live[data-state=live]").waitFor();
    await isAccessible(page, path);
    await textsAreReadable(page, "svg.chart");
    const missing = path.endsWith("/nothing");
    assert.deepEqual(page.complaints.splice(0).filter((it) => !(missing && it.includes("404"))), [], path);
    assert.ok(page.asked.splice(0).every((it) => it.startsWith(base) || it === "data:,"), path);
  }
});

withPage("in the dark every page can be read", { ...DESKTOP, dark: true }, async (page) => {
  for (const path of ["", `/queues/${names.dead}`, "/messages", "/stacks/messaging", "/chaos"]) {
    await page.goto(at(path));
    await isAccessible(page, path);
  }
});

withPage("on a phone nobody scrolls sideways", PHONE, async (page) => {
  for (const path of pages()) {
    await page.goto(at(path));
    await fitsItsWidth(page);
  }
});

withPage("figures move while one looks, and go on after the server was away", DESKTOP, async (page) => {
  await page.goto(at(""));
  await page.locator("#live[data-state=live]").waitFor();
  const figure = page.locator(`[data-id="${names.topic.arn}"] [data-figure=published]`).first();
  const published = Number(await figure.textContent());
  await sns("Publish", { TopicArn: names.topic.arn, Message: "{}" });
  await page.waitForFunction(
    ([id, n]) => document.querySelector(`[data-id="${id}"] [data-figure=published]`).textContent === String(n),
    [names.topic.arn, published + 1],
  );
  await page.locator("#pause").click();
  await page.locator("#live[data-state=paused]").waitFor();
  await page.locator("#pause").click();
  await page.locator("#live[data-state=live]").waitFor();
  await server.stop();
  await page.locator("#live[data-state=lost]").waitFor();
  server = await start(server.match[2]);
  await page.locator("#live[data-state=live]").waitFor();
  // Connections that were refused are what a restart looks like; nothing else was wrong.
  assert.deepEqual(page.complaints.filter((it) => !/ERR_|Failed to load resource/.test(it)), []);
});

withPage("a queue is looked into, filled, moved and emptied, and every action says how the CLI does it", DESKTOP, async (page) => {
  await page.goto(at(`/queues/${names.dead}`));
  const told = await does(page, "Send a message", { body: '{"n": 7}', attributes: "kind=test" });
  assert.match(told, /Done[^]*aws [^]*send-message/);
  await page.goto(`${at(`/queues/${names.dead}`)}?path=n%3D7`);
  assert.equal(await page.locator("#lying tbody tr").count(), 1);
  // To look is not to receive.
  const lying = (await api(`/queues/${names.dead}/messages`)).messages;
  assert.ok(lying.length >= 2 && lying.every((it) => it.receives === 0 && it.state === "visible"), JSON.stringify(lying));
  assert.match(await does(page, "Redrive: move all messages back to where they came from", {}), /start-message-move-task/);
  assert.match(await does(page, "Purge", { confirm: "another" }), /Not done/);
  assert.match(await does(page, "Purge", { confirm: names.dead }), /Done[^]*purge-queue/);
  assert.deepEqual(page.complaints.filter((it) => !it.includes("400")), []);
});

withPage("a message is published, followed, and lands where it is opened", DESKTOP, async (page) => {
  await page.goto(at(`/topics/${names.topic.name}`));
  const marker = `marker-${Date.now()}`;
  assert.match(await does(page, "Publish a message", { body: `{"marker": "${marker}"}` }), /Done[^]*sns publish/);
  await page.goto(`${at("/messages")}?text=${marker}`);
  await page.locator("#list tbody a").first().click();
  await page.locator("h2", { hasText: "What the subscriptions decided" }).waitFor();
  await page.goto(at(`/streams/${names.stream}`));
  assert.match(await does(page, "Land what is buffered now"), /Done/);
  await page.goto(at(`/streams/${names.stream}`));
  await page.locator("#figures a[href*='/object?']").first().click();
  await page.locator("h2", { hasText: "What is in it" }).waitFor();
  assert.match(await page.locator("main").innerText(), new RegExp(marker));
  const downloading = page.waitForEvent("download");
  await page.locator("a[download]").click();
  assert.equal(await (await downloading).failure(), null);
});

withPage("a filter policy is tried, and a rule of chaos comes and goes", DESKTOP, async (page) => {
  const policy = encodeURIComponent('{"kind": ["a"], "n": [{"numeric": [">", 5]}]}');
  await page.goto(`${at(`/topics/${names.topic.name}`)}?policy=${policy}&body=x&attributes=kind%3Da%0An%3ANumber%3D3`);
  assert.match(await page.locator("main").innerText(), /filtered out/);
  await page.goto(at("/chaos"));
  assert.match(await does(page, "Put a rule in force"), /Done/);
  await page.locator("#rules tbody tr").waitFor();
  assert.match(await does(page, "Take this rule away"), /Done/);
  await page.locator("#rules", { hasText: "No rule is in force" }).waitFor();
  assert.deepEqual(page.complaints, []);
});

withPage("without a script a form comes back with its result", { ...DESKTOP, script: false }, async (page) => {
  await page.goto(at(`/queues/${names.dead}`));
  await page.locator("summary", { hasText: "Send a message" }).click();
  await page.locator("form.act[aria-label='Send a message'] [name=body]").fill(HOSTILE);
  await page.locator("form.act[aria-label='Send a message'] button").click();
  assert.match(await page.locator("#result").innerText(), /Done/);
  assert.equal(await page.locator("h1").innerText(), `Queue ${names.dead}`);
});

withPage("where keys are wanted one signs in, and out again", DESKTOP, async (page) => {
  const keys = join(folder, "keys");
  await writeFile(keys, "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n");
  const closed = await serving(["local", "--port", "0", "--durability", "memory", "--credentials", keys], READY, { cwd: folder });
  try {
    await page.goto(`${closed.match[1]}/_messaging/`);
    await isAccessible(page, "sign in");
    const enter = async (secret) => {
      await page.getByLabel("Access key ID").fill("AKIDEXAMPLE");
      await page.getByLabel("Secret access key").fill(secret);
      await page.getByRole("button", { name: "Sign in" }).press("Enter");
    };
    await enter("wrong");
    await page.getByRole("alert").waitFor();
    await enter("secret");
    await page.locator("#live[data-state=live]").waitFor();
    assert.equal(await page.evaluate(() => document.cookie), "", "no script sees the session");
    await page.getByRole("link", { name: "Chaos and clock" }).click();
    assert.match(await does(page, "Put a rule in force"), /Done/);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.ok(page.asked.every((it) => !it.includes("secret")), "no secret stands in an address");
  } finally {
    await closed.stop("SIGKILL");
  }
});

withPage("by keyboard alone one gets past the head, and along the map", DESKTOP, async (page) => {
  await page.goto(at(""));
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  const reached = [];
  for (let n = 0; n < 25; n += 1) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement.closest(".node, a")?.querySelector(".name")?.textContent ?? ""));
  }
  assert.ok(reached.includes(names.topic.name), reached.join(", "));
});
