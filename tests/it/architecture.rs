//! `messaging simulate` of templates that aren't the fan-out's: what is found in them, and what the ledger says of it.

use std::path::Path;

use serde_json::{Value, json};

use crate::helpers::binary::{Ended, folder, run};

/// Who may send to whom, and a stream with its role.
const COMMON: &str = "
  May:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Packing, !Ref Audit]
      PolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: sns.amazonaws.com}, Action: 'sqs:SendMessage', Resource: '*'}
  Lake: {Type: 'AWS::S3::Bucket'}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: [firehose.amazonaws.com, sns.amazonaws.com]}, Action: 'sts:AssumeRole'}
      Policies:
        - PolicyName: land
          PolicyDocument: {Statement: [{Effect: Allow, Action: ['s3:*', 'firehose:*'], Resource: '*'}]}
  Stream:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      DeliveryStreamName: to-lake
      ExtendedS3DestinationConfiguration:
        BucketARN: !GetAtt Lake.Arn
        RoleARN: !GetAtt Role.Arn
        Prefix: raw/
        ErrorOutputPrefix: failed/
        CompressionFormat: GZIP
        BufferingHints: {IntervalInSeconds: 0, SizeInMBs: 1}
";

/// Two topics and one that only mails; a queue of one and a queue of both, bodies with and without envelope, filters of attributes and
/// of bodies, one dead-letter queue for all, and a stream that compresses envelopes without a delimiter.
const SHOP: &str = "
Resources:
  Shop: {Type: 'AWS::SNS::Topic', Properties: {TopicName: shop}}
  Returns: {Type: 'AWS::SNS::Topic', Properties: {TopicName: returns}}
  Pager:
    Type: AWS::SNS::Topic
    Properties: {TopicName: pager, Subscription: [{Protocol: email, Endpoint: duty@example.com}]}
  Unsent: {Type: 'AWS::SQS::Queue', Properties: {QueueName: unsent}}
  Nobodys: {Type: 'AWS::SQS::Queue'}
  Packing:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: packing
      VisibilityTimeout: 1
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Unsent.Arn, maxReceiveCount: 1}
  Audit: {Type: 'AWS::SQS::Queue', Properties: {QueueName: audit}}
  ShopToPacking:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Shop
      Protocol: sqs
      Endpoint: !GetAtt Packing.Arn
      RawMessageDelivery: true
      FilterPolicy: {kind: [{anything-but: [payment]}]}
  ShopToAudit:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Shop
      Protocol: sqs
      Endpoint: !GetAtt Audit.Arn
      FilterPolicyScope: MessageBody
      FilterPolicy: {type: [{prefix: 'order.'}, {prefix: 'consumer.'}]}
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Unsent.Arn}
  ReturnsToAudit:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Returns, Protocol: sqs, Endpoint: !GetAtt Audit.Arn}
  ShopToLake:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Shop
      Protocol: firehose
      Endpoint: !GetAtt Stream.Arn
      SubscriptionRoleArn: !GetAtt Role.Arn
";

fn simulate(dir: &Path, template: &str, args: &[&str]) -> Ended {
    std::fs::write(dir.join("t.yaml"), template).unwrap();
    let fixed = ["simulate", "--template", "t.yaml", "--rate", "max", "--seed", "1", "--json"];
    run(dir, [&fixed[..], args].concat())
}

fn report(ended: &Ended) -> Value {
    serde_json::from_str(ended.stdout.lines().last().unwrap_or_else(|| panic!("{ended:#?}"))).unwrap()
}

/// A queue of a report by its name.
fn queue<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["queues"].as_array().unwrap().iter().find(|queue| queue["api"] == name).unwrap()
}

/// It insisted on four outputs and on two APIs.
#[test]
fn any_architecture_is_found_and_each_leg_gets_what_its_subscription_says() {
    let dir = folder();
    let ended = simulate(dir.path(), &format!("{SHOP}{COMMON}"), &["--count", "60", "--concurrency", "2"]);
    let report = self::report(&ended);
    assert_eq!((ended.code, &report["verdict"]), (Some(0), &json!("nothing_lost")), "{ended:#?}");
    let (packing, audit, lake) = (queue(&report, "packing"), queue(&report, "audit"), &report["landed"]);
    let of = |leg: &Value, what: &str| leg[what].as_u64().unwrap_or_else(|| panic!("{what}: {leg:#}"));
    // Thirty to each topic: those of the other one are no business of a leg.
    // Where the machine has no time a message is hidden too shortly, and one receive is the most: it is dead then, and not lost.
    let packed = of(packing, "received") + of(packing, "filtered") + packing["dead"].as_u64().unwrap_or(0);
    assert_eq!((of(lake, "received"), packed), (30, 30), "{report:#}");
    assert_eq!(of(audit, "received") + of(audit, "filtered"), 60, "{report:#}");
    assert!(of(packing, "filtered") > 0 && of(packing, "filtered") == of(audit, "filtered"), "{report:#}");
    assert_eq!((of(packing, "wrongly_delivered"), of(audit, "wrongly_delivered")), (0, 0));
    assert_eq!((&lake["leg"], report["queues"].as_array().unwrap().len()), (&json!("to-lake"), 2));
    let evidence = report["evidence"].as_str().unwrap();
    assert!(evidence.contains("audit all of") && evidence.contains("to-lake all of 30"), "{evidence}");
    let not_followed = report["not_followed"].to_string();
    assert!(not_followed.contains("duty@example.com") && not_followed.contains("the topic pager"), "{not_followed}");
    assert!(ended.stderr.contains("each event goes to one of them"), "{ended:#?}");

    // One topic alone, by its name; and what nobody can handle lies in the dead-letter queue, with its reason.
    let args = ["--count", "30", "--concurrency", "1", "--topic", "shop", "--poison", "20%"];
    let args = [&args[..], &["--data-dir", "other"]].concat();
    let report = self::report(&simulate(dir.path(), &format!("{SHOP}{COMMON}"), &args));
    assert_eq!(report["verdict"], "nothing_lost", "{report:#}");
    assert!(report["published"]["topic_arn"].as_str().unwrap().ends_with(":shop"), "{report:#}");
    assert!(queue(&report, "packing")["poison"].as_u64() > Some(0), "{report:#}");
}

const FIFO: &str = "
Resources:
  Ledger: {Type: 'AWS::SNS::Topic', Properties: {TopicName: ledger.fifo, FifoTopic: true}}
  Book: {Type: 'AWS::SQS::Queue', Properties: {QueueName: book.fifo, FifoQueue: true}}
  May:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Book]
      PolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: sns.amazonaws.com}, Action: 'sqs:SendMessage', Resource: '*'}
  ToBook:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Ledger, Protocol: sqs, Endpoint: !GetAtt Book.Arn, FILTER}
";

/// Of a group of a FIFO dead-letter queue nobody can read more than ten without deleting them: the rest was told as lost.
#[test]
fn what_no_one_can_read_of_a_fifo_dead_letter_queue_is_not_told_as_lost() {
    let dead = "  Dead: {Type: 'AWS::SQS::Queue', Properties: {QueueName: dead.fifo, FifoQueue: true}}\n";
    let redrive = "FifoQueue: true, VisibilityTimeout: 1, \
                   RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 1}}}";
    let template = FIFO.replace(", FILTER", "").replace("FifoQueue: true}}", redrive) + dead;
    let dir = folder();
    let simulate = |count: &str, code: i32, verdict: &str| {
        let args = ["--count", count, "--groups", "1", "--fail-rate", "60%", "--clock", "frozen"];
        let ended = simulate(dir.path(), &template, &args);
        let report = self::report(&ended);
        assert_eq!((ended.code, &report["verdict"]), (Some(code), &json!(verdict)), "{ended:#?}");
        report
    };
    assert!(queue(&simulate("10", 0, "nothing_lost"), "book.fifo")["dead"].as_u64() > Some(0));
    let many = simulate("60", 5, "unknown");
    let evidence = many["evidence"].as_str().unwrap();
    assert!(evidence.contains("dead letters in arn:") && evidence.contains("can't be read"), "{evidence}");
}

/// Three verdicts: nothing was lost, something was, and nobody can say.
#[test]
fn what_nobody_can_say_is_told_apart() {
    let dir = folder();
    let fifo = FIFO.replace(", FILTER", "");
    let ended = simulate(dir.path(), &fifo, &["--count", "40", "--batch", "10"]);
    let report = self::report(&ended);
    assert_eq!((ended.code, &report["verdict"]), (Some(0), &json!("nothing_lost")), "{ended:#?}");
    assert_eq!(queue(&report, "book.fifo")["order_broken"], 0, "{report:#}");
    assert!(report["landed"].is_null() && !ended.stderr.contains("lands a batch"), "{ended:#?}");

    // A filter that lets nothing through proves nothing, and of one with an operator that isn't judged nobody knows.
    for (filter, says) in [
        ("FilterPolicy: {kind: [refund]}", "nothing was to come to book.fifo"),
        ("FilterPolicyScope: MessageBody, FilterPolicy: {type: [{wildcard: '*.nothing'}]}", "can't be judged"),
    ] {
        let args = ["--count", "10", "--patience", "1s", "--data-dir", "other"];
        let ended = simulate(dir.path(), &FIFO.replace("FILTER", filter), &args);
        let report = self::report(&ended);
        assert_eq!((ended.code, &report["verdict"]), (Some(5), &json!("unknown")), "{ended:#?}");
        assert!(report["evidence"].as_str().unwrap().contains(says), "{report:#}");
        std::fs::remove_dir_all(dir.path().join("other")).unwrap();
        // A merged report says the same.
        std::fs::write(dir.path().join("r.json"), &ended.stdout).unwrap();
        let merged = run(dir.path(), ["report", "r.json"]);
        assert_eq!(merged.code, Some(5), "{merged:#?}");
        assert!(merged.stdout.contains("? Unknown:") && merged.stdout.contains(says), "{merged:#?}");
        let compared = run(dir.path(), ["report", "--compare", "r.json", "r.json", "--max-lost", "0"]);
        assert_eq!(compared.code, Some(1), "{compared:#?}");
    }
}
