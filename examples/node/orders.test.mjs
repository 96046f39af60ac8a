// A worker of a queue, tested: what it can't handle comes again after the visibility timeout, and not before.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient,
} from "@aws-sdk/client-sqs";
import { advance, config } from "./cloud.mjs";

const sqs = new SQSClient(config);

/** What is tested. */
async function work(QueueUrl, handle) {
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  for (const { Body, ReceiptHandle } of Messages) {
    if (handle(Body)) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
}

async function orders(...bodies) {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "orders" }));
  for (const MessageBody of bodies) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  return QueueUrl;
}

test("what is handled is gone", async () => {
  const [queue, handled] = [await orders("two books"), []];
  for (let round = 0; round < 2; round++) {
    await work(queue, (body) => handled.push(body));
    await advance("1h");
  }
  assert.deepEqual(handled, ["two books"]);
});

test("what cannot be handled comes again", async () => {
  const [queue, tries] = [await orders("no books"), []];
  const fails = (body) => { tries.push(body); };
  await work(queue, fails);
  await advance("29s");
  await work(queue, fails);
  assert.equal(tries.length, 1);
  await advance("1s");
  await work(queue, fails);
  assert.deepEqual(tries, ["no books", "no books"]);
});
