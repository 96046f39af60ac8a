//! What `messaging local` tells on stderr, for people and for programs, and how much of it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc::{Sender, channel};

use serde_json::Value;

use crate::helpers::binary::{Local, folder, messaging, signal, wait};
use crate::helpers::cloud::config;
use crate::helpers::queues::{queue, send};

/// All that a server of these flags told on stderr, once it was used and has ended; and its ready line.
async fn told(flags: &[&str]) -> (String, String) {
    let dir = folder();
    let local = Local::start(dir.path(), flags);
    let config = config(&local.endpoint);
    let sqs = aws_sdk_sqs::Client::new(&config);
    let url = queue(&sqs, "orders", &[]).await;
    send(&sqs, &url, "x").await;
    sqs.get_queue_url().queue_name("none").send().await.unwrap_err();
    let sns = aws_sdk_sns::Client::new(&config);
    let topic = sns.create_topic().name("t").send().await.unwrap().topic_arn.unwrap();
    sns.publish().topic_arn(&topic).message("m").send().await.unwrap();
    let ready = local.ready.clone();
    assert_eq!(local.signal("TERM").code(), Some(0));
    (ready, std::fs::read_to_string(dir.path().join("stderr")).unwrap())
}

/// Programs get a record for each line, the log of requests among them; the ready line names the console.
#[tokio::test]
async fn programs_get_records_of_what_goes_on() {
    let (ready, stderr) = told(&["--log-format", "json", "--log-requests", "--explain"]).await;
    let endpoint = ready["Ready on ".len()..].split(',').next().unwrap();
    assert!(ready.contains(&format!(", console at {endpoint}/_messaging/, ")), "{ready}");
    let records: Vec<Value> =
        stderr.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{stderr}"))).collect();
    let with = |name: &str, value: &str| records.iter().filter(|it| it[name] == value).collect::<Vec<_>>();
    assert!(with("record", "note").iter().any(|it| it["message"] == "Ctrl-C stops it." && it["level"] == "info"));
    let sent = with("operation", "SendMessage");
    assert_eq!(
        (&sent[0]["service"], &sent[0]["resource"], &sent[0]["status"]),
        (&"sqs".into(), &"orders".into(), &200.into())
    );
    assert!(sent[0]["ms"].as_f64().is_some() && sent[0]["time"].is_string(), "{sent:#?}");
    let refused = with("operation", "GetQueueUrl");
    assert_eq!((&refused[0]["status"], refused[0]["error"].is_string()), (&400.into(), true), "{refused:#?}");
    assert_eq!(with("record", "explain").len(), 1, "{stderr}");
}

#[tokio::test]
async fn a_level_leaves_out_what_is_less() {
    let (ready, stderr) = told(&["--log-level", "warn"]).await;
    assert!(ready.starts_with("Ready on http://") && !stderr.contains("Ctrl-C stops it"), "{stderr}");
    let (_, all) = told(&[]).await;
    assert!(all.contains("Ctrl-C stops it"), "{all}");
}

/// It said `PutObject: not answered before the stop`: words of the request that it is sent as.
#[test]
fn what_is_asked_for_is_told_in_the_words_of_the_command() {
    let dir = folder();
    std::fs::write(dir.path().join("state"), "x").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (asked, is_asked) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let asked = asked.clone();
            std::thread::spawn(move || answer(stream, &asked));
        }
    });
    let mut loading = messaging(dir.path());
    loading.args(["state", "load", "state", "--endpoint-url", &endpoint]).stdin(Stdio::null()).stderr(Stdio::piped());
    let mut loading = loading.spawn().unwrap();
    is_asked.recv().unwrap();
    signal(&loading, "INT");
    assert_eq!(wait(&mut loading).code(), Some(130));
    let mut told = String::new();
    loading.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(told.contains("loading the state: not answered before the stop") && !told.contains("PutObject"), "{told}");
}

/// Answers what is asked about the clock, and nothing else.
fn answer(mut stream: TcpStream, asked: &Sender<()>) {
    let mut head = Vec::new();
    let mut byte = [0];
    loop {
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read_exact(&mut byte).is_err() {
                return;
            }
            head.push(byte[0]);
        }
        if !String::from_utf8_lossy(&head).contains("/_messaging/clock") {
            _ = asked.send(());
            // Until it hangs up.
            _ = stream.read_to_end(&mut Vec::new());
            return;
        }
        head.clear();
        let page = r#"{"page":"clock","version":1,"mode":"wall","now":"","millis":0}"#;
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len()).unwrap();
    }
}
