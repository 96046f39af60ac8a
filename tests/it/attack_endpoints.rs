//! HTTP endpoints of SNS: the server can't be made to attack its machine, nor itself.

use cloud::Access;
use cloud::Clock;
use cloud::Cloud;
use cloud::Credentials;
use cloud::{Options, Server};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::helpers::cloud::{LATE_EVENING, TestCloud, eventually};
use crate::helpers::signed::{A, Ask, D, Guarded, KEYS, element, send, status};

const TOPIC: &str = "Action=CreateTopic&Version=2010-03-31&Name=t";
const PUBLISH: &str =
    "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3At&Message=m";

fn subscribe(account: &str, endpoint: &str) -> Ask {
    let protocol = endpoint.split(':').next().unwrap();
    let endpoint = crate::helpers::raw::encoded(endpoint);
    Ask::form(&format!(
        "Action=Subscribe&Version=2010-03-31&TopicArn=arn:aws:sns:us-east-1:{account}:t&Protocol={protocol}&Endpoint={endpoint}\
         &ReturnSubscriptionArn=true"
    ))
}

fn keys() -> Option<Credentials> {
    Some(Credentials::parse(KEYS).unwrap())
}

/// Who had a key had the server post to any port of its machine's loopback, and read in the notices which are open.
#[tokio::test]
async fn strangers_have_nothing_posted_on_this_machine() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/admin?do=harm", listener.local_addr().unwrap());
    let server = Guarded::start().await;
    assert_eq!(status(&server.signed(&Ask::form(TOPIC), A, "sns").await), "200");
    for endpoint in [&*endpoint, "https://localhost:1/", "http://[::1]:22/", "http://example.com/"] {
        let answer = server.signed(&subscribe("111111111111", endpoint), A, "sns").await;
        assert_eq!((status(&answer), element(&answer, "Code")), ("400", "InvalidParameter"), "{answer}");
        assert!(answer.contains("--deliver-to-loopback"), "{answer}");
    }
    let template = format!(
        r#"{{"Resources":{{"T":{{"Type":"AWS::SNS::Topic","Properties":{{"Subscription":[{{"Protocol":"http","Endpoint":"{endpoint}"}}]}}}}}}}}"#
    );
    let call = |action: &str, more: &str| Ask::form(&format!("Action={action}&Version=2010-05-15&StackName=s{more}"));
    let create = call("CreateStack", &format!("&TemplateBody={}", crate::helpers::raw::encoded(&template)));
    assert_eq!(status(&server.signed(&create, A, "cloudformation").await), "200");
    let failed = eventually(async || {
        let events = server.signed(&call("DescribeStackEvents", ""), A, "cloudformation").await;
        events.contains("--deliver-to-loopback").then_some(())
    });
    assert!(failed.await.is_some());
    let list = server.signed(&Ask::form("Action=ListSubscriptions&Version=2010-03-31"), A, "sns").await;
    assert!(status(&list) == "200" && !list.contains("<member>"), "{list}");
}

/// With the flag they have, but what came of it isn't told to all who read the notices.
#[tokio::test]
async fn an_operator_can_let_them() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = format!("http://{}/here", listener.local_addr().unwrap());
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let access = Access { credentials: keys(), deliver_to_loopback: true, ..Access::default() };
    let server = Guarded::with(access).await;
    assert_eq!(status(&server.signed(&Ask::form(TOPIC), A, "sns").await), "200");
    let never = r#"{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":1,"numRetries":0}}"#;
    let policy = format!(
        "&Attributes.entry.1.key=DeliveryPolicy&Attributes.entry.1.value={}",
        crate::helpers::raw::encoded(never)
    );
    let mut quiet = subscribe("111111111111", &format!("http://{closed}/"));
    quiet.body.extend_from_slice(policy.as_bytes());
    for ask in [subscribe("111111111111", &open), quiet] {
        let answer = server.signed(&ask, A, "sns").await;
        assert_eq!(status(&answer), "200", "{answer}");
    }
    listener.accept().await.unwrap();
    let notices = eventually(async || {
        let notices = server.signed(&Ask::new("GET", "/_messaging/notices"), A, "sqs").await;
        notices.contains("no SubscriptionConfirmation was sent").then_some(notices)
    });
    let notices = notices.await.unwrap();
    assert!(notices.contains("did not take it") && !notices.contains("can't connect"), "{notices}");
}

/// One Publish went round for ever: the endpoint was the server's own Publish.
#[tokio::test]
async fn the_server_posts_nothing_to_itself() {
    let cloud = TestCloud::start().await;
    let address = cloud.endpoint.strip_prefix("http://").unwrap();
    let port = address.rsplit(':').next().unwrap();
    cloud.sns().create_topic().name("t").send().await.unwrap();
    for host in ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "a.localhost", "[::1]", "u:p@127.0.0.1"] {
        for scheme in ["http", "https"] {
            let ask = subscribe("000000000000", &format!("{scheme}://{host}:{port}/?{PUBLISH}"));
            let answer = send(address, &ask.bytes()).await;
            assert_eq!(element(&answer, "Code"), "InvalidParameter", "{answer}");
            assert!(answer.contains("this server itself"), "{answer}");
        }
    }
}

/// An endpoint that was subscribed while only this machine's users were served gets nothing once others are, and what had become
/// the server's own address nothing either.
#[tokio::test]
async fn endpoints_of_before_are_held_to_the_same() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/here", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let serve = async |listener: TcpListener, credentials| {
        let opened = eventually(async || {
            Cloud::open(
                Options { clock: Clock::manual(LATE_EVENING), ..Options::new(folder.path().join("data")) },
                |_| {},
            )
            .ok()
        })
        .await;
        let access = Access { credentials, ..Access::default() };
        Server::start(opened.unwrap().0, listener, access).unwrap()
    };
    let any = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = serve(any().await, None).await;
    let address = server.address.to_string();
    let plain = async |address: &str, ask: Ask| send(address, &ask.bytes()).await;
    assert_eq!(status(&plain(&address, Ask::form(TOPIC)).await), "200");
    assert_eq!(status(&plain(&address, subscribe("000000000000", &endpoint)).await), "200");
    let page = plain(&address, Ask::new("GET", "/_messaging/outbox")).await;
    let link = page.split('"').find(|text| text.contains("Action=ConfirmSubscription")).unwrap().to_owned();
    let link = link.split_once(&address).unwrap().1.to_owned();
    assert_eq!(status(&plain(&address, Ask::new("GET", &link)).await), "200");
    server.stop().await.unwrap();
    let told = async |server: &Server, why: &str| {
        let found = eventually(async || {
            let all = server.cloud.notices.all();
            all.iter().any(|(_, text)| text.contains("was not delivered") && text.contains(why)).then_some(())
        });
        assert!(found.await.is_some(), "{why}: {:?}", server.cloud.notices.all());
    };
    let credentials = Credentials::parse("[d]\naws_access_key_id=AKIAD\naws_secret_access_key=sd\n").unwrap();
    let server = serve(any().await, Some(credentials)).await;
    let publish = Ask::form(PUBLISH).signed(D, "us-east-1", "sns", false);
    let answer = send(&server.address.to_string(), &publish.bytes()).await;
    assert_eq!(status(&answer), "200", "{answer}");
    told(&server, "--deliver-to-loopback").await;
    server.stop().await.unwrap();
    // The server takes the endpoint's place.
    let server = serve(listener, None).await;
    let answer = plain(&server.address.to_string(), Ask::form(PUBLISH)).await;
    assert_eq!(status(&answer), "200", "{answer}");
    told(&server, "this server itself").await;
    server.stop().await.unwrap();
}

/// An endpoint that answered with heads of status 100 for ever kept a thread of the server, past its timeout and past SIGTERM.
#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    const MORE_THAN_LIES_ON_THE_WAY: usize = 64 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cloud = TestCloud::start().await;
    let topic = cloud.sns().create_topic().name("t").send().await.unwrap().topic_arn.unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    let subscribe = cloud.sns().subscribe().topic_arn(topic).protocol("http").endpoint(endpoint).send();
    let answer = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let heads = "HTTP/1.1 100 C\r\n\r\n".repeat(4_000);
        let mut written = 0;
        while written < MORE_THAN_LIES_ON_THE_WAY && stream.write_all(heads.as_bytes()).await.is_ok() {
            written += heads.len();
        }
        written
    };
    let (subscribed, written) = tokio::join!(subscribe, answer);
    assert!(subscribed.is_ok() && written < MORE_THAN_LIES_ON_THE_WAY, "{written}");
}
