// The JavaScript SDK publishes and receives. usage: node fanout.mjs ENDPOINT TOPIC_ARN QUEUE_URL
import { SNSClient, PublishCommand, PublishBatchCommand } from "@aws-sdk/client-sns";
import {
  SQSClient,
  ReceiveMessageCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
} from "@aws-sdk/client-sqs";

const [endpoint, topic, queue] = process.argv.slice(2);
const options = { endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } };
const sns = new SNSClient(options);
const sqs = new SQSClient({ ...options, useQueueUrlAsEndpoint: false });

const MessageAttributes = { event_type: { DataType: "String", StringValue: "order.placed" } };
const sent = ["one", "two", "three"];
await sns.send(new PublishCommand({ TopicArn: topic, Message: sent[0], MessageAttributes }));
const batch = await sns.send(
  new PublishBatchCommand({
    TopicArn: topic,
    PublishBatchRequestEntries: sent.slice(1).map((Message, i) => ({ Id: `m${i}`, Message, MessageAttributes })),
  }),
);
if (batch.Successful.length !== 2) throw new Error(`PublishBatch: ${JSON.stringify(batch)}`);

// The SDK checks the MD5 of every body and of every attribute that comes.
const got = [];
while (got.length < sent.length) {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queue,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 5,
      MessageAttributeNames: ["All"],
      MessageSystemAttributeNames: ["All"],
    }),
  );
  if (Messages.length === 0) throw new Error(`only ${got.length} of ${sent.length} came`);
  got.push(...Messages);
  const { Failed = [] } = await sqs.send(
    new DeleteMessageBatchCommand({
      QueueUrl: queue,
      Entries: Messages.map((m, i) => ({ Id: `m${i}`, ReceiptHandle: m.ReceiptHandle })),
    }),
  );
  if (Failed.length) throw new Error(`DeleteMessageBatch: ${JSON.stringify(Failed)}`);
}
const { Attributes } = await sqs.send(
  new GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: ["ApproximateNumberOfMessages"] }),
);
console.log(
  JSON.stringify({
    bodies: got.map((m) => m.Body).sort(),
    types: got.map((m) => m.MessageAttributes?.event_type?.StringValue),
    left: Attributes.ApproximateNumberOfMessages,
  }),
);
