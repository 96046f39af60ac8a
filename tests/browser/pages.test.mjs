// The console's pages whose content comes about by itself: what failed, what was noted over time, what is told as it comes, what a stack is made of;
// and the actions that are of no resource's page alone.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { close, DESKTOP, does, fitsItsWidth, isAccessible, PHONE, serving, textsAreReadable, withPage } from "./browser.mjs";

const READY = /Ready on (http:\/\/[\d.]+:\d+),/;
const PLACE = "us-east-1:000000000000";
const LONG = "service-of-a-team-with-a-long-name-that-consumes-everything";
let folder, server, base;

/** An operation of a service with JSON. */
async function json(target, input) {
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": target };
  const answer = await fetch(base, { method: "POST", headers, body: JSON.stringify(input) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}
const firehose = (operation, input) => json(`Firehose_20150804.${operation}`, input);
/** An operation of SNS or SQS. */
async function query(version, action, parameters) {
  const body = new URLSearchParams({ Action: action, Version: version, ...parameters });
  const answer = await fetch(base, { method: "POST", body, headers: { accept: "application/json" } });
  assert.equal(answer.status, 200, await answer.clone().text());
}
const sqs = (action, parameters) => query("2012-11-05", action, parameters);
const sns = (action, parameters) => query("2010-03-31", action, parameters);
const at = (path) => `${base}/_messaging/console${path}`;
const put = (data) => firehose("PutRecord", { DeliveryStreamName: "sorted", Record: { Data: btoa(data) } });

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "console-"));
  await writeFile(join(folder, "stack.yaml"), "Resources:\n  Jobs: {Type: 'AWS::SQS::Queue', Properties: {QueueName: jobs}}\nOutputs:\n  Url: {Value: !Ref Jobs}\n");
  const args = ["local", "--port", "0", "--durability", "memory", "--clock", "frozen", "--template", "stack.yaml"];
  server = await serving(args, READY, { cwd: folder });
  base = server.match[1];
  for (const bucket of ["landed", "messaging-landingbucket-7gdtay4s2m5r"]) await fetch(`${base}/${bucket}`, { method: "PUT" });
  const extraction = [
    { ParameterName: "MetadataExtractionQuery", ParameterValue: "{kind: .kind}" },
    { ParameterName: "JsonParsingEngine", ParameterValue: "JQ-1.6" },
  ];
  await firehose("CreateDeliveryStream", {
    DeliveryStreamName: "sorted",
    ExtendedS3DestinationConfiguration: {
      RoleARN: "arn:aws:iam::000000000000:role/any",
      BucketARN: "arn:aws:s3:::landed",
      Prefix: "kind=!{partitionKeyFromQuery:kind}/",
      ErrorOutputPrefix: "errors/",
      BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 },
      DynamicPartitioningConfiguration: { Enabled: true },
      ProcessingConfiguration: { Enabled: true, Processors: [{ Type: "MetadataExtraction", Parameters: extraction }] },
    },
  });
  // A topic whose queue is gone, and queues whose names differ at their end alone.
  await sns("CreateTopic", { Name: "news" });
  for (const name of [LONG, `${LONG}-dlq`]) await sqs("CreateQueue", { QueueName: name });
  const redrive = JSON.stringify({ deadLetterTargetArn: `arn:aws:sqs:${PLACE}:${LONG}-dlq`, maxReceiveCount: 3 });
  await sqs("SetQueueAttributes", { QueueUrl: LONG, "Attribute.1.Name": "RedrivePolicy", "Attribute.1.Value": redrive });
  for (const name of ["gone", LONG]) {
    await sns("Subscribe", { TopicArn: `arn:aws:sns:${PLACE}:news`, Protocol: "sqs", Endpoint: `arn:aws:sqs:${PLACE}:${name}` });
  }
});
after(async () => {
  await close();
  await server?.stop("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

withPage("a stream tells how many records failed, and leads to where they lie and to why", DESKTOP, async (page) => {
  await page.goto(at("/streams/sorted"));
  await page.locator("#figures", { hasText: "No record has failed" }).waitFor();
  for (const data of ['{"kind": "a"}', "no json"]) await put(data);
  assert.match(await does(page, "Land what is buffered now"), /Done/);
  await page.locator("#figures", { hasText: "1 record failed" }).waitFor();
  await isAccessible(page);
  await page.locator("#figures").getByRole("link", { name: "the notices say why" }).click();
  await page.getByRole("heading", { name: "Notices" }).waitFor();
  await page.goto(at("/streams/sorted"));
  await page.locator("#figures a", { hasText: "errors/" }).click();
  await page.locator("h2", { hasText: "What is in it" }).waitFor();
  assert.match(await page.locator("main").innerText(), /"rawData"[^]*bm8ganNvbg==/);
  assert.deepEqual(page.complaints, []);
});

withPage("a link to an object is made for an hour, and none to what isn't there", DESKTOP, async (page) => {
  await fetch(`${base}/landed/by-hand.txt`, { method: "PUT", body: "by hand" });
  await page.goto(at("/buckets/landed/object?key=by-hand.txt"));
  const presign = (key) =>
    page.evaluate(async (key) => {
      const asked = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ bucket: "landed", key }) };
      return (await fetch("/_messaging/api/v1/actions/presign", asked)).json();
    }, key);
  const { result, cli } = await presign("by-hand.txt");
  assert.match(cli, /s3 presign s3:\/\/landed\/by-hand.txt --expires-in 3600/);
  assert.equal(await (await fetch(result.url)).text(), "by hand");
  assert.match(result.url, /X-Amz-Expires=3600/);
  assert.equal((await presign("nothing")).error.code, "NoSuchKey");
  assert.deepEqual(page.complaints.filter((it) => !it.includes("404")), []);
});

withPage("a clock that stands still is moved, and what was due is done", DESKTOP, async (page) => {
  await sqs("SendMessage", { QueueUrl: "jobs", MessageBody: "later", DelaySeconds: "600" });
  await page.goto(at("/queues/jobs"));
  await page.locator("#lying tbody tr", { hasText: "delayed" }).waitFor();
  await page.goto(at("/chaos"));
  const forms = page.locator("form.act[action$='/clock']");
  const label = await forms.first().getAttribute("aria-label");
  assert.match(await does(page, label, { by: "10m" }), /Done/);
  await page.goto(at("/queues/jobs"));
  assert.match(await page.locator("#lying tbody tr").first().innerText(), /visible/);
  assert.deepEqual(page.complaints, []);
});

withPage("all rules of chaos are taken away at once", DESKTOP, async (page) => {
  await page.goto(at("/chaos"));
  for (const delay of [1, 2]) {
    await does(page, "Put a rule in force", { rules: JSON.stringify({ service: "sqs", operation: "ListQueues", latency: delay }) });
  }
  await page.goto(at("/chaos"));
  assert.equal(await page.locator("#rules tbody tr").count(), 2);
  assert.match(await does(page, "Take all rules away"), /Done/);
  await page.locator("#rules", { hasText: "No rule is in force" }).waitFor();
});

withPage("a notice is seen as it comes, on its page and on every other", PHONE, async (page) => {
  await page.goto(at("/topics"));
  await page.locator("#live[data-state=live]").waitFor();
  await sns("Publish", { TopicArn: `arn:aws:sns:${PLACE}:news`, Message: "to nobody" });
  await page.locator("#news", { hasText: "new" }).waitFor();
  await page.getByRole("link", { name: /Notices/ }).click();
  await page.locator("#notices li", { hasText: "gone" }).first().waitFor();
  await page.locator("#live[data-state=live]").waitFor();
  const told = await page.locator("#notices li").count();
  await sns("Subscribe", { TopicArn: `arn:aws:sns:${PLACE}:news`, Protocol: "sqs", Endpoint: `arn:aws:sqs:${PLACE}:gone-too` });
  await sns("Publish", { TopicArn: `arn:aws:sns:${PLACE}:news`, Message: "to nobody" });
  await page.waitForFunction((told) => document.querySelectorAll("#notices li").length > told, told);
  await fitsItsWidth(page);
  // Numbers of two digits and more stood outside of the page.
  const list = await page.evaluate(() => parseFloat(getComputedStyle(document.querySelector("#notices ol")).paddingLeft));
  assert.ok(list > 40, `${list}`);
});

withPage("a stack leads to its resources, and on a phone tells of each in a box", PHONE, async (page) => {
  await page.goto(at("/stacks/messaging"));
  await fitsItsWidth(page);
  // The status stood beyond the edge, behind a table's other columns.
  for (const part of ["#state", "#events"]) {
    const status = await page.locator(`${part} tbody tr`).first().getByText(/_COMPLETE/).boundingBox();
    assert.ok(status.x >= 0 && status.x + status.width <= PHONE.width, `${part}: ${JSON.stringify(status)}`);
  }
  await page.locator("summary", { hasText: "Show it" }).click();
  assert.match(await page.locator("details pre").innerText(), /AWS::SQS::Queue/);
  await isAccessible(page);
  await page.locator("#state").getByRole("link", { name: /jobs/ }).click();
  await page.getByRole("heading", { name: "Queue jobs" }).waitFor();
});

withPage("why a subscription didn't deliver is read on a phone without scrolling", PHONE, async (page) => {
  const body = `for the phone ${Date.now()}`;
  await sns("Publish", { TopicArn: `arn:aws:sns:${PLACE}:news`, Message: body });
  await page.goto(`${at("/messages")}?text=${encodeURIComponent(body)}`);
  await page.locator("#list tbody a").first().click();
  const why = page.locator("#story tbody tr", { hasText: "refused" }).first().locator("td.why");
  const box = await why.boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= PHONE.width, JSON.stringify(box));
  assert.match(await why.innerText(), /\w+/);
  await isAccessible(page);
});

withPage("the map keeps names apart that differ at their end", { ...DESKTOP, dark: true }, async (page) => {
  await page.goto(at(""));
  const shown = await page.locator(".map .queue .name").allTextContents();
  const long = shown.filter((it) => it.includes("…"));
  assert.ok(long.length >= 2 && new Set(shown).size === shown.length, shown.join(", "));
  await textsAreReadable(page, ".map svg");
  await isAccessible(page);
  // The name of a bucket of a stack was wider than its box.
  const beyond = await page.locator(".map rect").evaluateAll((boxes) =>
    boxes.flatMap((box) => {
      const right = box.getBoundingClientRect().right;
      return [...box.parentElement.querySelectorAll("text")].filter((it) => it.getBoundingClientRect().right > right).map((it) => it.textContent);
    }),
  );
  assert.deepEqual(beyond, []);
});

withPage("charts are of the busiest or of one, for as long as is chosen", DESKTOP, async (page) => {
  await sqs("SendMessage", { QueueUrl: "jobs", MessageBody: "counted" });
  await page.goto(at(`/charts?of=${encodeURIComponent(`arn:aws:sqs:${PLACE}:jobs`)}`));
  await page.locator("#charts svg").first().waitFor();
  await textsAreReadable(page, "svg.chart");
  await page.locator("nav[aria-label='For how long'] a", { hasText: "1h" }).click();
  await page.waitForURL(/span=1h/);
  await page.locator("summary", { hasText: "Charts of another resource" }).click();
  await page.getByRole("link", { name: "the busiest of this account" }).click();
  await page.locator("main", { hasText: "The busiest of this account" }).waitFor();
  assert.deepEqual(page.complaints, []);
});
