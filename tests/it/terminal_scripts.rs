//! The commands that scripts and tests call: `env`, `wait`, `reset`, `redrive`, `objects`, `peek --text`, and names for the shell.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::{Value, json};

use crate::helpers::binary::{Ended, Local, folder, messaging, messaging_under, run, wait};
use crate::helpers::cloud::{config, eventually, s3};
use crate::helpers::queues::{arn, attribute, queue, receive, send};
use crate::helpers::signed::KEYS;

fn records(ended: &Ended) -> Vec<Value> {
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{ended:#?}"))).collect()
}

/// What a shell evaluates is enough for whatever it starts; a reset empties the cloud, and AWS is refused by name.
#[tokio::test]
async fn a_shell_gets_its_exports_and_the_cloud_is_emptied() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
    queue(&sqs, "q", &[]).await;
    // `$0` is the program: by the exports alone it finds the cloud, and the keys are there.
    let script = format!(
        r#"eval "$("$0" env --endpoint-url {} --shell sh)"; "$0" status --all; echo $AWS_ACCESS_KEY_ID $AWS_REGION
        eval "$("$0" env --unset --shell sh)"; echo gone:$AWS_ENDPOINT_URL$AWS_SECRET_ACCESS_KEY"#,
        local.endpoint
    );
    let told = messaging_under(dir.path(), &["sh", "-c", &script]).stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("\nq ") && told.contains("test us-east-1\n") && told.ends_with("gone:\n"), "{told}");
    let ask = |args: &[&str]| run(dir.path(), [args, &["--endpoint-url", &local.endpoint]].concat());
    let told = records(&ask(&["env", "--json"])).remove(0);
    assert_eq!(told["variables"]["AWS_ENDPOINT_URL"], local.endpoint);
    for command in ["env", "reset"] {
        let refused = run(dir.path(), [command, "--target", "aws", "--region", "us-east-1"]);
        assert!(refused.code == Some(2) && refused.stderr.contains("AWS"), "{refused:#?}");
    }
    assert_eq!(sqs.list_queues().send().await.unwrap().queue_urls().len(), 1);
    assert_eq!(records(&ask(&["reset", "--json"]))[0]["record"], "reset");
    assert!(sqs.list_queues().send().await.unwrap().queue_urls().is_empty());
}

/// It ended with the server's refusal of the key.
#[test]
fn a_server_that_checks_signatures_is_told_apart() {
    let dir = folder();
    std::fs::write(dir.path().join("keys"), KEYS).unwrap();
    let local = Local::start(dir.path(), &["--credentials", "keys"]);
    let told = run(dir.path(), ["env", "--endpoint-url", &local.endpoint]);
    assert!(told.code == Some(0) && told.stderr.contains("It checks signatures"), "{told:#?}");
    assert!(told.stdout.contains(&local.endpoint) && !told.stdout.contains("AWS_SECRET_ACCESS_KEY"), "{told:#?}");
}

/// What waits is done as soon as it is so, and says what is missing when it isn't.
#[tokio::test]
async fn waiting_ends_when_it_is_so_and_says_what_is_missing() {
    let dir = folder();
    // A port that nobody listens on yet.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{address}");
    let nobody = run(dir.path(), ["wait", "--timeout", "300ms", "--endpoint-url", &endpoint]);
    assert!(nobody.code == Some(4) && nobody.stderr.contains("Nothing answers"), "{nobody:#?}");
    let args = ["wait", "--queue", "q", "--messages", "2", "--json", "--endpoint-url", &endpoint];
    let mut waiting = messaging(dir.path()).args(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut server = messaging(dir.path());
    server.args(["local", "--addr", &address.to_string(), "--durability", "memory"]);
    let mut server = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let answering = run(dir.path(), ["wait", "--timeout", "30s", "--endpoint-url", &endpoint]);
    assert_eq!(answering.code, Some(0), "{answering:#?}");
    let sqs = aws_sdk_sqs::Client::new(&config(&endpoint));
    let url = queue(&sqs, "q", &[]).await;
    send(&sqs, &url, "one").await;
    assert!(waiting.try_wait().unwrap().is_none(), "one message isn't two");
    send(&sqs, &url, "two").await;
    assert_eq!(wait(&mut waiting).code(), Some(0));
    let full = run(dir.path(), ["wait", "--queue", "q", "--empty", "--timeout", "200ms", "--endpoint-url", &endpoint]);
    assert!(full.code == Some(1) && full.stderr.contains("2 visible messages"), "{full:#?}");
    let stack = json!({"Resources": {"B": {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": "none"}}}});
    let cloudformation = aws_sdk_cloudformation::Client::new(&config(&endpoint));
    cloudformation.create_stack().stack_name("bad").template_body(stack.to_string()).send().await.unwrap();
    let failed = run(dir.path(), ["wait", "--stack", "bad", "--timeout", "30s", "--endpoint-url", &endpoint]);
    assert!(failed.code == Some(1) && failed.stderr.contains("ROLLBACK"), "{failed:#?}");
    server.kill().unwrap();
    server.wait().unwrap();
}

/// A cloud with a queue `q`, its dead-letter queue `dead`, and so many dead letters.
async fn with_dead_letters(local: &Local, many: usize) -> (aws_sdk_sqs::Client, String, String) {
    let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
    let dead = queue(&sqs, "dead", &[]).await;
    let policy = json!({"deadLetterTargetArn": arn(&sqs, &dead).await, "maxReceiveCount": 1}).to_string();
    let settings = [(Attribute::RedrivePolicy, policy.as_str()), (Attribute::VisibilityTimeout, "0")];
    let url = queue(&sqs, "q", &settings).await;
    for n in 0..many {
        send(&sqs, &url, &format!("message {n}")).await;
    }
    let moved = eventually(async || {
        receive(&sqs, &url).await;
        (attribute(&sqs, &dead, Attribute::ApproximateNumberOfMessages).await == many.to_string()).then_some(())
    });
    moved.await.expect("they are dead letters");
    (sqs, url, dead)
}

/// Dead letters go back, by the name of either queue; a task is cancelled by a command and by Ctrl-C, and what hangs on nothing is
/// refused.
#[tokio::test]
async fn dead_letters_are_moved_back_and_a_task_is_cancelled() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let (sqs, url, dead) = with_dead_letters(&local, 12).await;
    let ask = |args: &[&str]| run(dir.path(), [args, &["--endpoint-url", &local.endpoint]].concat());
    // One a second: it runs until it is told to stop.
    let args = ["redrive", "dead", "--rate", "1", "--endpoint-url", &local.endpoint];
    let mut slow = messaging(dir.path());
    let slow = slow.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut slow = slow.spawn().unwrap();
    let runs = eventually(async || {
        let tasks = sqs.list_message_move_tasks().source_arn(arn(&sqs, &dead).await).send().await.unwrap();
        tasks.results().iter().any(|task| task.status() == Some("RUNNING")).then_some(())
    });
    runs.await.expect("the task runs");
    let second = ask(&["redrive", "q"]);
    assert!(second.code == Some(1) && second.stderr.contains("--cancel"), "{second:#?}");
    let cancelled = ask(&["redrive", "q", "--cancel"]);
    assert!(cancelled.code == Some(0) && cancelled.stdout.contains("Cancelled"), "{cancelled:#?}");
    assert_eq!(wait(&mut slow).code(), Some(130));
    let told = records(&ask(&["redrive", "q", "--json"]));
    assert_eq!(told.last().unwrap()["status"], "COMPLETED", "{told:#?}");
    assert_eq!(attribute(&sqs, &dead, Attribute::ApproximateNumberOfMessages).await, "0");
    assert_eq!(attribute(&sqs, &url, Attribute::ApproximateNumberOfMessages).await, "12");
    queue(&sqs, "alone", &[]).await;
    let alone = ask(&["redrive", "alone"]);
    assert!(alone.code == Some(2) && alone.stderr.contains("nothing to move back"), "{alone:#?}");
    // What was sent straight to a dead-letter queue came from nowhere: SQS's word for that alone was no help.
    send(&sqs, &dead, "straight").await;
    let stays = ask(&["redrive", "q"]);
    assert!(stays.code == Some(1) && stays.stderr.contains("--to says where it is to go"), "{stays:#?}");
    let moved = ask(&["redrive", "q", "--to", "alone"]);
    assert!(moved.code == Some(0) && moved.stdout.contains("1 message moved"), "{moved:#?}");
}

/// A folder that isn't there was told by the name of a file that nobody had asked for.
#[test]
fn a_state_that_cant_be_saved_is_told_by_its_folder() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let saved = run(dir.path(), ["state", "save", "nowhere/a.state", "--endpoint-url", &local.endpoint]);
    assert!(saved.code == Some(1) && saved.stderr.contains("the folder nowhere"), "{saved:#?}");
    assert!(!saved.stderr.contains(".tmp"), "{saved:#?}");
}

/// What landed is listed newest first and opened; a message is found by its text; nothing is received.
#[tokio::test]
async fn what_landed_and_what_lies_there_is_found() {
    let dir = folder();
    let local = Local::start(dir.path(), &[]);
    let ask = |args: &[&str]| run(dir.path(), [args, &["--endpoint-url", &local.endpoint]].concat());
    let s3 = s3(&local.endpoint);
    s3.create_bucket().bucket("landing").send().await.unwrap();
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut zip, b"{\"n\":1}\nplain\n").unwrap();
    s3.put_object().bucket("landing").key("b/old").body(zip.finish().unwrap().into()).send().await.unwrap();
    s3.put_object().bucket("landing").key("a/new").body(b"{\"n\":2}\n".to_vec().into()).send().await.unwrap();
    let keys =
        |ended: &Ended| records(ended).iter().map(|it| it["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(keys(&ask(&["objects", "landing", "--json", "--max", "2"])).len(), 2);
    let lines = records(&ask(&["objects", "s3://landing/b/", "--cat", "--json"]));
    assert_eq!((&lines[0]["line"]["n"], &lines[1]["line"]), (&1.into(), &"plain".into()), "{lines:#?}");
    let none = ask(&["objects"]);
    assert!(none.code == Some(2) && none.stderr.contains("there is no stack"), "{none:#?}");
    let followed = ask(&["tail", "landing", "--cat", "--max", "2"]);
    assert!(followed.code == Some(0) && followed.stdout.contains("{\"n\":2}"), "{followed:#?}");

    let sqs = aws_sdk_sqs::Client::new(&config(&local.endpoint));
    let url = queue(&sqs, "q", &[]).await;
    for n in 0..150 {
        send(&sqs, &url, &format!("Number {n}")).await;
    }
    let found = ask(&["peek", "q", "--text", "number 149", "--json"]);
    assert_eq!((records(&found).len(), &records(&found)[0]["receives"]), (1, &0.into()));
    assert!(found.stderr.contains("of 150 messages"), "{found:#?}");
    let first = ask(&["peek", "q", "--text", "number 1", "--max", "3"]);
    assert!(first.stderr.contains("--max shows more"), "{first:#?}");
}

/// A shell completes what is in the cloud, and nothing where none runs; bash does by the script.
#[tokio::test]
async fn names_come_from_the_running_cloud() {
    let dir = folder();
    let nothing = run(dir.path(), ["completions", "--names", "peek", "--endpoint-url", "http://127.0.0.1:1", "q"]);
    assert_eq!((nothing.code, nothing.stdout.as_str(), nothing.stderr.as_str()), (Some(0), "", ""));
    let local = Local::start(dir.path(), &[]);
    let config = config(&local.endpoint);
    let sqs = aws_sdk_sqs::Client::new(&config);
    queue(&sqs, "orders-of-mine", &[]).await;
    aws_sdk_sns::Client::new(&config).create_topic().name("news").send().await.unwrap();
    s3(&local.endpoint).create_bucket().bucket("landing").send().await.unwrap();
    let names = |words: &[&str]| {
        let mut all = messaging(dir.path());
        all.env("AWS_ENDPOINT_URL", &local.endpoint).args(["completions", "--names"]).args(words);
        String::from_utf8(all.output().unwrap().stdout).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    for (words, offered) in [
        (&["peek", "--max", "3", "orders-of"][..], &["orders-of-mine"][..]),
        (&["tail", "--json", "n"], &["news"]),
        (&["objects", ""], &["landing"]),
        (&["redrive", "q", "--to", "orders-"], &["orders-dlq", "orders-of-mine"]),
    ] {
        // On a busy machine the cloud may take longer than somebody waits.
        let found = eventually(async || (names(words) == offered).then_some(())).await;
        assert!(found.is_some(), "{words:?}: {:?}", names(words));
    }
    for words in [&["peek", "--"][..], &["peek", "q", ""], &["publish", "q"], &["peek", "--target", "aws", ""], &[""]] {
        assert_eq!(names(words), Vec::<String>::new(), "{words:?}");
    }
    // The script asks by itself. COMP_WORDS is what bash makes of a line, whose last word is completed.
    let script = r#"source <("$0" completions bash); PATH=$(dirname "$0"):$PATH
        COMP_WORDS=(messaging peek orders-of); COMP_CWORD=2; _messaging_names messaging orders-of peek; echo "${COMPREPLY[@]}"
        COMP_WORDS=(messaging sta); COMP_CWORD=1; _messaging_names messaging sta messaging; echo "${COMPREPLY[@]}""#;
    let told = eventually(async || {
        let mut bash = messaging_under(dir.path(), &["bash", "-c", script]);
        let told = bash.env("AWS_ENDPOINT_URL", &local.endpoint).output().unwrap();
        (told.stdout == b"orders-of-mine\nstatus state\n").then_some(())
    });
    assert!(told.await.is_some(), "the script completes names, and commands");
    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let began = Instant::now();
    let none = run(dir.path(), ["completions", "--names", "tail", "--endpoint-url", &endpoint, ""]);
    assert!(none.code == Some(0) && none.stdout.is_empty() && none.stderr.is_empty(), "{none:#?}");
    assert!(began.elapsed() < Duration::from_secs(5), "it waited: {:?}", began.elapsed());
}
