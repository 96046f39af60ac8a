//! Clients that hold what they can: bodies that never end, of whoever reaches the port.

use futures::future::select_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::helpers::cloud::PATIENCE;
use crate::helpers::signed::{A, Ask, Guarded, status};

/// A body of SQS's longest, but for its last byte.
const LONG: usize = (8 << 20) - 1;

/// Three hundred connections, none with a key, held 2.6 GB by bodies of which the last byte never came.
#[tokio::test]
async fn bodies_that_never_end_share_a_bound() {
    let cloud = Guarded::start().await;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.SendMessage\r\nContent-Length: {}\r\n\r\n",
        LONG + 1
    );
    let request = [head.as_bytes(), &vec![b' '; LONG]].concat();
    let mut streams = Vec::new();
    for _ in 0..36 {
        let mut stream = TcpStream::connect(&cloud.address).await.unwrap();
        timeout(PATIENCE, stream.write_all(&request)).await.unwrap().unwrap();
        streams.push(stream);
    }
    // The first to be answered is one that there was no room for.
    let answers = streams.iter_mut().map(|stream| {
        Box::pin(async {
            let mut answer = vec![0; 4_096];
            let read = stream.read(&mut answer).await.unwrap_or_default();
            String::from_utf8_lossy(&answer[..read]).into_owned()
        })
    });
    let (answer, _, _) = timeout(PATIENCE, select_all(answers)).await.unwrap();
    assert!(status(&answer) == "503" && answer.contains("ServiceUnavailable"), "{answer}");
    // Whoever sends little is served meanwhile, and so is everybody once they are gone.
    let call = |action: &str| Ask::form(&format!("Action={action}&Version=2012-11-05"));
    assert_eq!(status(&cloud.signed(&call("CreateQueue&QueueName=q"), A, "sqs").await), "200");
    let notices = cloud.signed(&Ask::new("GET", "/_messaging/notices"), A, "sqs").await;
    assert!(notices.contains("requests and answers are refused: 256 MiB of them are in memory"), "{notices}");
    drop(streams);
    let send = call(&format!("SendMessage&QueueUrl=q&MessageBody={}", "x".repeat(1 << 20)));
    let served = crate::helpers::cloud::eventually(async || {
        (status(&cloud.signed(&send, A, "sqs").await) == "200").then_some(())
    });
    assert!(served.await.is_some());
}
