//! Characters that XML has no place for: every answer can be read, whatever a client wrote.

use aws_sdk_s3::primitives::ByteStream;
use serde_json::json;

use crate::helpers::accounts::{Caller, OWNER};
use crate::helpers::cloud::TestCloud;
use crate::helpers::raw::{ask, encoded, form, status};

const BAD: &str = "x\u{1b}y\u{1}\u{fffe}z\rw";

/// The body of a good answer. It must be text that XML can hold, without references to what it can't.
fn readable(answer: &str) -> &str {
    assert_eq!(status(answer), "200", "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let is_char = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
    assert!(body.chars().all(is_char) && !body.contains("&#x1"), "{body}");
    body
}

/// A stack's output held U+001B: no client could read the list of its account's stacks any more.
#[tokio::test]
async fn a_stacks_texts_leave_its_accounts_answers_readable() {
    let cloud = TestCloud::start().await;
    let template = json!({
        "Description": BAD,
        "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Metadata": {"note": BAD}}},
        "Outputs": {"O": {"Value": BAD, "Export": {"Name": format!("e{BAD}")}}},
    });
    let call = |rest: &str| format!("Version=2010-05-15&Action={rest}");
    let template = encoded(&template.to_string());
    let create =
        call(&format!("CreateChangeSet&ChangeSetType=CREATE&StackName=s&ChangeSetName=c&TemplateBody={template}"));
    readable(&form(&cloud, &create).await);
    readable(&form(&cloud, &call("DescribeChangeSet&StackName=s&ChangeSetName=c&IncludePropertyValues=true")).await);
    readable(&form(&cloud, &call(&format!("GetTemplateSummary&TemplateBody={template}"))).await);
    readable(&form(&cloud, &call("ExecuteChangeSet&StackName=s&ChangeSetName=c")).await);
    crate::helpers::stacks::rest(&cloud.cloudformation(), "s").await;
    let answer = form(&cloud, &call("DescribeStacks")).await;
    assert!(readable(&answer).contains("<OutputValue>x\u{fffd}y\u{fffd}\u{fffd}z&#xD;w</OutputValue>"), "{answer}");
    for more in
        ["ListExports", "DescribeStackEvents&StackName=s", "DescribeStackResource&StackName=s&LogicalResourceId=Q"]
    {
        readable(&form(&cloud, &call(more)).await);
    }
    let refused = form(&cloud, &call("DescribeStacks&StackName=a%1b")).await;
    assert!(status(&refused) == "400" && refused.contains("a\u{fffd}"), "{refused}");
}

/// The list of a bucket held a key's bare U+001B, and the answer about its upload as well.
#[tokio::test]
async fn keys_leave_a_buckets_lists_readable() {
    let cloud = TestCloud::start().await;
    let s3 = cloud.s3();
    s3.create_bucket().bucket("bbb").send().await.unwrap();
    // What it holds stays as it is, also where it says that it is XML.
    let put = s3.put_object().bucket("bbb").key(BAD).content_type("application/xml");
    put.body(ByteStream::from_static(b"<a>\x1b\r</a>")).send().await.unwrap();
    let got = s3.get_object().bucket("bbb").key(BAD).send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"<a>\x1b\r</a>");
    s3.create_multipart_upload().bucket("bbb").key(BAD).send().await.unwrap();
    for list in ["/bbb?list-type=2", "/bbb", "/bbb?versions", "/bbb?uploads"] {
        let answer = ask(&cloud, "localhost", list).await;
        assert!(readable(&answer).contains("<Key>x\u{fffd}y\u{fffd}\u{fffd}z&#xD;w</Key>"), "{list}: {answer}");
    }
    // "ListObjectsV2", encoding-type: so encoded, nothing is lost.
    let answer = ask(&cloud, "localhost", "/bbb?list-type=2&encoding-type=url").await;
    assert!(readable(&answer).contains("<Key>x%1By%01%EF%BF%BEz%0Dw</Key>"), "{answer}");
    let absent = ask(&cloud, "localhost", "/bbb/no%1bkey").await;
    assert!(status(&absent) == "404" && absent.contains("<Key>no\u{fffd}key</Key>"), "{absent}");
}

/// "Tag", "Role" (AWS Identity and Access Management API Reference): these texts have patterns.
#[tokio::test]
async fn iam_refuses_what_its_patterns_do_not_have() {
    let cloud = TestCloud::start().await;
    let owner = Caller::new(&cloud, OWNER);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let long_dash = trust.replacen('{', "{\"Id\":\"\u{2014}\",", 1);
    let role = |document, more: &'static [(&'static str, &'static str)]| {
        let parameters = [&[("RoleName", "r"), ("AssumeRolePolicyDocument", document)][..], more].concat();
        async move { owner.form("iam", "CreateRole", &parameters).await }
    };
    for (answer, told) in [
        (role(trust, &[("Description", "a\u{1b}")]).await, "'description'"),
        (role(trust, &[("Description", "\u{2014}")]).await, "'description'"),
        (role(trust, &[("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "a\u{1b}")]).await, "'tags.1.member.value'"),
        (role(trust, &[("Tags.member.1.Key", "k*"), ("Tags.member.1.Value", "")]).await, "'tags.1.member.key'"),
        (role(&long_dash, &[]).await, "'assumeRolePolicyDocument'"),
    ] {
        assert_eq!(answer.code(), "ValidationError", "{}", answer.1);
        let expected =
            format!("at {told} failed to satisfy constraint: Member must satisfy regular expression pattern: ");
        assert!(answer.1.replace("&apos;", "'").contains(&expected), "{}", answer.1);
    }
    let fine =
        &[("Description", "gr\u{f6}\u{df}e\n"), ("Tags.member.1.Key", "\u{4e2d} k"), ("Tags.member.1.Value", "a/b@c")];
    role(trust, fine).await.ok();
}
