//! Clients that ask for much and read none of it.

use aws_sdk_s3::primitives::ByteStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::helpers::cloud::{TestCloud, eventually};
use crate::helpers::raw::{form, send, status};

const LARGE: usize = 3 << 20;
/// So many have all the room there is for what is unread: each has two pieces of an object, of 256 KiB.
const SHARES: usize = 512;

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").into_bytes()
}

/// A client that has asked for something, and reads nothing.
async fn deaf(cloud: &TestCloud, path: &str) -> DuplexStream {
    let mut stream = cloud.connect_within();
    stream.write_all(&get(path)).await.unwrap();
    stream
}

/// Five hundred clients that asked for an object and read nothing had 320 MB, however many they were.
#[tokio::test]
async fn unread_objects_share_a_bound_beyond_which_their_pieces_are_short() {
    let cloud = TestCloud::start().await;
    let url = crate::helpers::queues::queue(&cloud.sqs(), "q", &[]).await;
    cloud.sqs().send_message().queue_url(&url).message_body("m".repeat(200_000)).send().await.unwrap();
    let whole: Vec<u8> = (0..LARGE).map(|n| (n / 1_000) as u8).collect();
    cloud.s3().create_bucket().bucket("bkt").send().await.unwrap();
    let put = async |key: &str, bytes: &[u8]| {
        let put = cloud.s3().put_object().bucket("bkt").key(key).body(ByteStream::from(bytes.to_vec()));
        put.send().await.unwrap();
    };
    put("large", &whole).await;
    put("whole", &whole[..1 << 20]).await;
    let mut clients = Vec::new();
    for _ in 0..SHARES {
        clients.push(deaf(&cloud, "/bkt/large").await);
    }
    // Whole answers are refused once there is no room.
    let receive = format!("Action=ReceiveMessage&Version=2012-11-05&QueueUrl={url}&VisibilityTimeout=0");
    let answers = async |expected: &str| {
        let seen = eventually(async || (status(&form(&cloud, &receive).await) == expected).then_some(()));
        seen.await.unwrap_or_else(|| panic!("no answer is {expected}"));
    };
    answers("503").await;
    let part = b"GET /bkt/whole HTTP/1.1\r\nHost: localhost\r\nRange: bytes=1-1000000\r\nConnection: close\r\n\r\n";
    let refused = send(&cloud, part).await;
    assert!(status(&refused) == "503" && refused.contains("<Code>ServiceUnavailable</Code>"), "{refused}");
    // Large objects go on, to whoever reads them and to whoever had no share.
    let last = deaf(&cloud, "/bkt/large").await;
    for range in [None, Some("bytes=1000-2999999")] {
        let got = cloud.s3().get_object().bucket("bkt").key("large").set_range(range.map(str::to_owned));
        let got = got.send().await.unwrap().body.collect().await.unwrap().to_vec();
        let expected = if range.is_some() { &whole[1_000..3_000_000] } else { &whole };
        assert!(got == expected, "{range:?}: {} bytes", got.len());
    }
    for mut client in [clients.remove(0), last] {
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert!(answer.ends_with(&whole), "{} bytes", answer.len());
    }
    drop(clients);
    answers("200").await;
    assert_eq!(status(&send(&cloud, part).await), "206");
}

/// Each that was saved and not read was in memory once more, and kept one of the threads that read files.
#[tokio::test]
async fn one_state_is_saved_at_a_time() {
    let cloud = TestCloud::start().await;
    cloud.s3().create_bucket().bucket("bkt").send().await.unwrap();
    cloud.s3().put_object().bucket("bkt").key("k").body(vec![7; LARGE].into()).send().await.unwrap();
    let mut client = deaf(&cloud, "/_messaging/state").await;
    let mut begins = [0; 12];
    client.read_exact(&mut begins).await.unwrap();
    assert_eq!(&begins, b"HTTP/1.1 200");
    let refused = send(&cloud, &get("/_messaging/state")).await;
    assert!(status(&refused) == "409" && refused.contains("OperationInProgress"), "{refused}");
    drop(client);
    let saved = eventually(async || (status(&send(&cloud, &get("/_messaging/state")).await) == "200").then_some(()));
    assert!(saved.await.is_some());
}
