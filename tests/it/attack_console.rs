//! The console where keys are checked: what somebody else put into a bucket, signs in with, or listens to, reaches nobody's session.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::helpers::api::read;
use crate::helpers::cloud::{PATIENCE, TestCloud};
use crate::helpers::signed::{self, A, Ask, B, Guarded, element, send, status};

const API: &str = "/_messaging/api/v1";
const OWN: &str = "111111111111";
const OTHER: &str = "222222222222";

fn sign_in(key: &str, secret: &str) -> Ask {
    let ask = Ask::new("POST", "/_messaging/sign-in").header("content-type", "application/x-www-form-urlencoded");
    ask.body(&format!("access_key={key}&secret={secret}"))
}

/// The cookie of a session that begins.
async fn session(cloud: &Guarded, key: &str, secret: &str) -> String {
    let answer = cloud.send(&sign_in(key, secret)).await;
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: "));
    cookie.unwrap_or_else(|| panic!("{answer}")).split(';').next().unwrap().to_owned()
}

/// Whether a session is good.
async fn stands(cloud: &Guarded, cookie: &str) -> bool {
    status(&cloud.send(&Ask::new("GET", &format!("{API}/queues")).header("cookie", cookie)).await) == "200"
}

/// A page that another account put into a bucket had the console's origin: its script acted for whoever had signed in and opened it.
#[tokio::test]
async fn an_object_is_a_page_of_no_origin() {
    let cloud = Guarded::start().await;
    let s3 = async |ask: Ask| cloud.signed(&ask, B, "s3").await;
    assert_eq!(status(&s3(Ask::new("PUT", "/pages")).await), "200");
    for kind in ["text/html", "image/svg+xml", "x/y", "", "application/pdf, text/html", "application/pdf"] {
        let put = Ask::new("PUT", "/pages/k").header("content-type", kind).body("<script>alert(1)</script>");
        assert_eq!(status(&s3(put).await), "200");
        for method in ["GET", "HEAD"] {
            let answer = s3(Ask::new(method, "/pages/k")).await;
            let apart = answer.contains("content-security-policy: sandbox") && !answer.contains("allow-same-origin");
            assert_eq!(apart, kind != "application/pdf", "{method} {kind:?}: {answer}");
        }
        let answer = s3(Ask::new("GET", "/pages/k?response-content-type=text/html")).await;
        assert!(answer.contains("content-security-policy: sandbox"), "{answer}");
    }
    let refused = cloud.send(&Ask::new("GET", "/pages/k")).await;
    assert!(status(&refused) == "403" && refused.contains("content-security-policy: sandbox"), "{refused}");
    // The console's own pages have scripts, and an origin.
    let page = cloud.send(&Ask::new("GET", "/_messaging/").header("accept", "text/html")).await;
    assert!(page.contains("script-src 'self'") && !page.contains("sandbox"), "{page}");
    // Where a bucket's pages have the name, nobody signs in.
    let elsewhere = sign_in("AKIAA", "sa").host("pages.s3.localhost");
    assert_eq!(status(&cloud.send(&elsewhere).await), "403");
}

/// A page of another port signed out; one account's 256 sign-ins ended every other's session; each guess was a notice of its own.
#[tokio::test]
async fn nobody_signs_others_out() {
    let cloud = Guarded::start().await;
    let cookie = session(&cloud, "AKIAA", "sa").await;
    let sign_out = |origin: &str| {
        let out = Ask::new("POST", "/_messaging/sign-out").header("cookie", &cookie);
        out.header("origin", origin)
    };
    assert_eq!(status(&cloud.send(&sign_out("http://localhost:1")).await), "403");
    for _ in 0..257 {
        session(&cloud, "AKIAB", "sb").await;
    }
    assert!(stands(&cloud, &cookie).await);
    for guess in 0..30 {
        assert_eq!(status(&cloud.send(&sign_in(&format!("AKIA{guess}"), "x")).await), "403");
    }
    assert_eq!(status(&cloud.send(&sign_in("AKIAA", "guess")).await), "403");
    let notices = cloud.signed(&Ask::new("GET", "/_messaging/notices"), A, "sqs").await;
    let told = notices.matches("a sign-in with the access key ").count();
    assert!(told == 2 && notices.contains("key AKIAA was refused"), "{notices}");
    // A cookie that another server gave, or that was guessed, is none.
    for other in ["messaging-session=", "messaging-session=0", &cookie[..cookie.len() - 1], "Messaging-Session=x"] {
        assert!(!stands(&cloud, other).await, "{other}");
    }
    assert_eq!(status(&cloud.send(&sign_out("http://localhost")).await), "200");
    assert!(!stands(&cloud, &cookie).await);
}

/// Who published to a topic read in the message's story when another account's consumer received and deleted it.
#[tokio::test]
async fn what_becomes_of_a_copy_in_another_account_is_told_there_alone() {
    let cloud = Guarded::start().await;
    let topic = format!("arn:aws:sns:us-east-1:{OWN}:t");
    let sns = async |more: &str, key| {
        let answer = cloud.signed(&Ask::form(&format!("Version=2010-03-31&{more}")), key, "sns").await;
        assert_eq!(status(&answer), "200", "{more}: {answer}");
        answer
    };
    sns("Action=CreateTopic&Name=t", A).await;
    let open = format!("TopicArn={topic}&Label=l&AWSAccountId.member.1={OTHER}&ActionName.member.1=Subscribe");
    sns(&format!("Action=AddPermission&{open}"), A).await;
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
        "Action": "sqs:SendMessage", "Resource": "*"}]});
    let queue = json!({"QueueName": "q", "Attributes": {"Policy": policy.to_string()}}).to_string();
    let answer = cloud.signed(&Ask::json("AmazonSQS.CreateQueue", &queue), B, "sqs").await;
    assert_eq!(status(&answer), "200", "{answer}");
    let queue = format!("arn:aws:sqs:us-east-1:{OTHER}:q");
    sns(&format!("Action=Subscribe&TopicArn={topic}&Protocol=sqs&Endpoint={queue}"), B).await;
    let id = element(&sns(&format!("Action=Publish&TopicArn={topic}&Message=m"), A).await, "MessageId").to_owned();
    let receive = json!({"QueueUrl": format!("http://localhost/{OTHER}/q")}).to_string();
    let received = cloud.signed(&Ask::json("AmazonSQS.ReceiveMessage", &receive), B, "sqs").await;
    assert!(received.contains(&id), "{received}");
    let look = |path: &str| Ask::new("GET", &format!("{API}{path}"));
    let (_, story) = read(&cloud.signed(&look(&format!("/messages/{id}")), A, "sqs").await);
    let copy = &story["copies"][0];
    assert_eq!((&copy["to"], &copy["state"]), (&Value::from(queue), &"elsewhere".into()), "{story:#}");
    assert_eq!((&copy["receives"], &copy["life"], &copy["now_in"]), (&0.into(), &json!([]), &Value::Null), "{story:#}");
    let (_, list) = read(&cloud.signed(&look("/messages"), A, "sqs").await);
    assert_eq!(list["messages"][0]["waiting"], 0, "{list:#}");
    assert_eq!(status(&cloud.signed(&look(&format!("/messages/{id}")), B, "sqs").await), "404");
}

/// One key's 64 listeners left no event for any other.
#[tokio::test]
async fn listeners_of_one_account_leave_room_for_others() {
    let cloud = Guarded::start().await;
    let events = Ask::new("GET", &format!("{API}/events"));
    let listen = async |key| {
        let mut stream = TcpStream::connect(&cloud.address).await.unwrap();
        stream.write_all(&events.signed(key, "us-east-1", "sqs", false).bytes()).await.unwrap();
        let mut begin = [0; 12];
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut begin)).await.unwrap().unwrap();
        (String::from_utf8_lossy(&begin[9..]).into_owned(), stream)
    };
    let mut listeners = Vec::new();
    for _ in 0..64 {
        let (answer, stream) = listen(A).await;
        assert_eq!(answer, "200");
        listeners.push(stream);
    }
    assert_eq!(listen(A).await.0, "503");
    assert_eq!(listen(B).await.0, "200");
}

/// The line that fetches an object had its key as it was: whoever pasted it ran what a stranger had named the object.
#[tokio::test]
async fn lines_for_a_shell_run_nothing_that_a_key_says() {
    let cloud = TestCloud::start().await;
    let s3 = cloud.s3();
    s3.create_bucket().bucket("bkt").send().await.unwrap();
    for key in ["a;b $(touch x)/`id`", "it's"] {
        s3.put_object().bucket("bkt").key(key).body(b"x".to_vec().into()).send().await.unwrap();
    }
    let page = async |path: &str| {
        let ask = Ask::new("GET", &format!("/_messaging/console/buckets/bkt{path}")).header("accept", "text/html");
        signed::send(cloud.endpoint.strip_prefix("http://").unwrap(), &ask.bytes()).await
    };
    let object = page("/object?key=a%3Bb%20%24%28touch%20x%29%2F%60id%60").await;
    assert!(object.contains("s3 cp &#39;s3://bkt/a;b $(touch x)/`id`&#39; -"), "{object}");
    let object = page("/object?key=it%27s").await;
    assert!(object.contains(r"s3 cp &#39;s3://bkt/it&#39;\&#39;&#39;s&#39; -"), "{object}");
    let folder = page("?prefix=a%3Bb%20%24%28touch%20x%29%2F").await;
    assert!(folder.contains("s3 ls &#39;s3://bkt/a;b $(touch x)/&#39;"), "{folder}");
    let none = page("?prefix=%24%28id%29").await;
    assert!(none.contains("s3 cp FILE &#39;s3://bkt/$(id)&#39;"), "{none}");
    assert_eq!(
        status(&send(cloud.endpoint.strip_prefix("http://").unwrap(), &Ask::new("GET", "/health").bytes()).await),
        "200"
    );
}
