//! Two accounts and their requests: without credentials a 12-digit access key is the account, so that two of them are two
//! strangers.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::cloud::TestCloud;

pub(crate) const OWNER: &str = "222222222222";
pub(crate) const STRANGER: &str = "111111111111";
pub(crate) const REGION: &str = "us-east-1";

/// Who asks, and for which region.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'c> {
    pub cloud: &'c TestCloud,
    pub account: &'c str,
    pub region: &'c str,
}

/// A status and a body.
#[derive(Debug)]
pub(crate) struct Answer(pub u16, pub String);

impl Answer {
    /// The error's code; `OK` of an answer that is none.
    pub(crate) fn code(&self) -> &str {
        let between = |from: &str, to: &str| self.1.split_once(from)?.1.split_once(to).map(|(code, _)| code);
        match self.0 {
            200..300 => "OK",
            _ => between("<Code>", "</Code>").or_else(|| between("\"__type\":\"", "\"")).unwrap_or("no code"),
        }
    }

    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code(), "OK", "{} {}", self.0, self.1);
        self.1
    }

    pub(crate) fn element(&self, name: &str) -> String {
        let found = self.1.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once("</"));
        found.unwrap_or_else(|| panic!("{name}: {}", self.1)).0.to_owned()
    }
}

impl<'c> Caller<'c> {
    pub(crate) fn new(cloud: &'c TestCloud, account: &'c str) -> Self {
        Self { cloud, account, region: REGION }
    }

    pub(crate) async fn send(&self, head: &str, service: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let address = self.cloud.endpoint.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (Self { account, region, .. }, length) = (self, body.len());
        let request = format!(
            "{head} HTTP/1.1\r\nHost: {address}\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential={account}/20260314/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0\r\n\
             {lines}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        Answer(status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// An operation of the query protocol.
    pub(crate) async fn form(&self, service: &str, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let mut body = format!("Action={action}");
        parameters.iter().for_each(|(name, value)| body += &format!("&{}={}", encode(name), encode(value)));
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        self.send("POST /", service, &[kind], &body).await
    }

    /// An operation of a service that speaks JSON.
    pub(crate) async fn json(&self, target: &str, body: Value) -> Answer {
        let service = match target.split(['_', '.']).next() {
            Some("AmazonSQS") => "sqs",
            Some("Logs") => "logs",
            Some("AmazonSSM") => "ssm",
            Some("AmazonEC2ContainerRegistry") => "ecr",
            Some("TrentService") => "kms",
            _ => "firehose",
        };
        let headers = [("X-Amz-Target", target), ("Content-Type", "application/x-amz-json-1.1")];
        self.send("POST /", service, &headers, &body.to_string()).await
    }

    pub(crate) async fn s3(&self, request: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send(request, "s3", headers, body).await
    }

    /// Creates a stream that lands in a bucket, every 60 s.
    pub(crate) async fn stream(&self, name: &str, role: &str, bucket: &str) -> Answer {
        let destination = json!({
            "RoleARN": role,
            "BucketARN": format!("arn:aws:s3:::{bucket}"),
            "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 1},
        });
        let stream = json!({"DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": destination});
        self.json("Firehose_20150804.CreateDeliveryStream", stream).await
    }

    pub(crate) async fn put_record(&self, stream: &str) {
        let record = json!({"DeliveryStreamName": stream, "Record": {"Data": "eA=="}});
        self.json("Firehose_20150804.PutRecord", record).await.ok();
    }

    /// How many objects lie in a bucket of the caller's.
    pub(crate) async fn objects(&self, bucket: &str) -> usize {
        let listed = self.s3(&format!("GET /{bucket}?list-type=2"), &[], "").await.ok();
        listed.matches("<Contents>").count()
    }

    /// A role that trusts a service and may do an action.
    pub(crate) async fn role(&self, name: &str, service: &str, action: &str) {
        let trust = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}},
        ]});
        let may =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]});
        let (trust, may) = (trust.to_string(), may.to_string());
        self.form("iam", "CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", &trust)]).await.ok();
        let policy = [("RoleName", name), ("PolicyName", "p"), ("PolicyDocument", &may)];
        self.form("iam", "PutRolePolicy", &policy).await.ok();
    }
}

pub(crate) fn role_of(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

/// A policy that lets somebody do something.
pub(crate) fn allow(principal: Value, action: &str, resource: &str) -> String {
    let statement = json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

pub(crate) const TEMPLATE: &str = "Resources: {T: {Type: 'AWS::SNS::Topic'}}";
