//! Servers and files that mean harm to the client's side: it says what it waits for, and writes only what is its own.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::helpers::binary::{folder, messaging, run, signal, wait};

/// Every command was silent for more than 45 s against a server that accepts and never answers.
#[test]
fn a_server_that_accepts_and_never_answers_is_told_of() {
    let dir = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let queue = format!("{endpoint}/000000000000/q");
    let commands: [&[&str]; 4] = [
        &["deploy"],
        &["publish", "--topic-arn", "arn:aws:sns:us-east-1:000000000000:t", "--rate", "max"],
        &["consume", "--api", "orders", "--orders-url", &queue],
        &["simulate"],
    ];
    let mut children = commands.map(|args| {
        let mut command = messaging(dir.path());
        command.args(args).args(["--endpoint-url", &endpoint]).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    });
    for (child, args) in children.iter_mut().zip(commands) {
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut told = Vec::new();
        let found = lines.inspect(|line| told.push(line.clone())).any(|line| line.contains("no answer within 9 s"));
        assert!(found, "{args:?}: {told:#?}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
    drop(listener);
}

/// A region went into the SDK, which told of an invalid field.
#[test]
fn a_region_from_anywhere_is_a_name() {
    let dir = folder();
    for (name, value) in [("AWS_REGION", "../x"), ("AWS_DEFAULT_REGION", "a b")] {
        let ended = messaging(dir.path()).args(["simulate", "--count", "1"]).env(name, value).output().unwrap();
        assert_eq!(ended.status.code(), Some(2), "{name}");
        let text = String::from_utf8(ended.stderr).unwrap();
        assert!(text.contains("a region like us-east-1"), "{text}");
    }
}

/// A terminal obeys what stands in a cloned folder's `.env`, unless that is escaped wherever it is shown.
#[test]
fn what_stands_in_an_env_file_is_escaped() {
    let dir = folder();
    let write = |text: &str| std::fs::write(dir.path().join(".env"), text).unwrap();
    for text in [
        "MESSAGING_TARGET='\x1b]0;x\x07'\n",
        "AWS_REGION='\u{9b}31m'\n",
        "TOPIC_ARN='\x1b[31m\u{202e}'\nAWS_ENDPOINT_URL=http://127.0.0.1:1\n",
        "MESSAGING_STACK='\x1b[31m'\nAWS_ENDPOINT_URL=http://127.0.0.1:1\n",
    ] {
        write(text);
        let ended = run(dir.path(), ["publish", "--count", "1"]);
        assert_ne!(ended.code, Some(0));
        let harmful = |text: &str| text.contains(|c| c != '\n' && messaging::escape::is_harmful(c));
        assert!(!harmful(&ended.stderr) && !harmful(&ended.stdout), "{text:?}: {ended:#?}");
    }
}

/// An address at which somebody listens; nobody accepts, and nobody may have come.
fn stranger() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    (listener, endpoint)
}

/// A cloned folder's `.env` named a file of the SDK's configuration, and that a program to run.
#[cfg(unix)]
#[test]
fn an_env_file_runs_no_program() {
    let dir = folder();
    let (listener, endpoint) = stranger();
    let config = "[default]\nregion = us-east-1\ncredential_process = sh -c \"touch PWNED\"\n[profile evil]\n\
                  credential_process = sh -c \"touch PWNED\"\n";
    std::fs::write(dir.path().join("e.cfg"), config).unwrap();
    let names = "AWS_CONFIG_FILE=e.cfg\nAWS_SHARED_CREDENTIALS_FILE=e.cfg\nAWS_PROFILE=evil\nLD_PRELOAD=./e.cfg\n";
    let env = format!("{names}MESSAGING_TARGET=aws\nAWS_REGION=us-east-1\nAWS_ENDPOINT_URL={endpoint}\n");
    std::fs::write(dir.path().join(".env"), env).unwrap();
    for command in ["publish", "consume", "deploy", "simulate"] {
        let mut messaging = messaging(dir.path());
        messaging.env_remove("AWS_CONFIG_FILE").env_remove("AWS_SHARED_CREDENTIALS_FILE");
        let ended = messaging.args([command, "--endpoint-url", &endpoint]).output().unwrap();
        let text = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{text}");
        for name in ["AWS_CONFIG_FILE", "AWS_PROFILE", "LD_PRELOAD", "No AWS credentials were found"] {
            assert!(text.contains(name), "{name} isn't named: {text}");
        }
        assert!(!dir.path().join("PWNED").exists(), "{command}");
    }
    assert!(listener.accept().is_err());
}

/// The user's session token went to whatever address a cloned folder's `.env` named.
#[test]
fn an_address_of_an_env_file_gets_no_keys_of_the_user() {
    let dir = folder();
    let (listener, endpoint) = stranger();
    let publish = |env: &str, more: &[(&str, &str)]| {
        std::fs::write(dir.path().join(".env"), format!("AWS_REGION=us-east-1\nAWS_ENDPOINT_URL={endpoint}\n{env}"))
            .unwrap();
        let mut command = messaging(dir.path());
        let topic = "arn:aws:sns:us-east-1:000000000000:t";
        command.args(["publish", "--count", "1", "--topic-arn", topic]).envs(more.iter().copied());
        command
    };
    let users = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_SESSION_TOKEN", "token")];
    for (env, more) in [
        ("MESSAGING_TARGET=aws\n", &users[..]),
        ("MESSAGING_TARGET=aws\nACCESS_KEY=a\n", &[("SECRET_KEY", "s")]),
        ("MESSAGING_TARGET=aws\n", &[("ACCESS_KEY", "a"), ("SECRET_KEY", "s")]),
        ("ACCESS_KEY=a\nSECRET_KEY=b\n", &[users[0], users[1], ("MESSAGING_TARGET", "aws")]),
    ] {
        let ended = publish(env, more).output().unwrap();
        let text = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{text}");
        assert!(text.contains("Your AWS keys aren't sent to") && text.contains("--endpoint-url"), "{text}");
        assert!(listener.accept().is_err(), "somebody came");
    }
    // The address that the user names himself, and the keys of the file that names it.
    let named = [users[0], users[1], users[2], ("AWS_ENDPOINT_URL", &endpoint)];
    for (env, more) in
        [("MESSAGING_TARGET=aws\n", &named[..]), ("MESSAGING_TARGET=aws\nACCESS_KEY=a\nSECRET_KEY=b\n", &[])]
    {
        let mut child = publish(env, more).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        listener.set_nonblocking(false).unwrap();
        drop(listener.accept().unwrap());
        listener.set_nonblocking(true).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        while listener.accept().is_ok() {}
    }
}

/// A key of the environment stood in the address that a cloned folder's `.env` names.
#[test]
fn an_env_file_takes_nothing_from_the_environment() {
    let dir = folder();
    let (listener, endpoint) = stranger();
    std::fs::write(dir.path().join(".env"), format!("AWS_ENDPOINT_URL={endpoint}/${{AWS_SECRET_ACCESS_KEY}}\n"))
        .unwrap();
    let ended = messaging(dir.path()).arg("publish").env("AWS_SECRET_ACCESS_KEY", "s3cr3t").output().unwrap();
    let text = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{text}");
    assert!(
        text.contains(".env line 1 makes AWS_ENDPOINT_URL of the environment") && !text.contains("s3cr3t"),
        "{text}"
    );
    assert!(listener.accept().is_err());
}

/// A pipe was waited for, deaf to signals, and a device read until there was no memory left: whatever reads a file.
#[cfg(unix)]
#[test]
fn only_regular_files_are_read() {
    let dir = folder();
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for file in [&pipe, Path::new("/dev/zero"), dir.path()] {
        let named = file.to_str().unwrap();
        for args in [
            &["deploy", "--template", named][..],
            &["local", "--addr", "127.0.0.1:0", "--credentials", named],
            &["local", "--addr", "127.0.0.1:0", "--template", named],
        ] {
            let ended = run(dir.path(), args);
            assert_eq!(ended.code, Some(2), "{args:?}: {ended:#?}");
            assert!(ended.stderr.contains("it is no regular file"), "{ended:#?}");
        }
        for name in [".env", "infra.yaml"] {
            let path = dir.path().join(name);
            std::os::unix::fs::symlink(file, &path).unwrap();
            let ended = run(dir.path(), ["deploy"]);
            assert_eq!(ended.code, Some(2), "{ended:#?}");
            assert!(ended.stderr.contains(name) && ended.stderr.contains("it is no regular file"), "{ended:#?}");
            // Help is there whatever the file is.
            assert_eq!(run(dir.path(), ["--help"]).code, Some(0));
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// A panic showed the value.
#[test]
fn a_nul_in_an_env_file_is_refused() {
    let dir = folder();
    std::fs::write(dir.path().join(".env"), "A=1\nSECRET_KEY=abc\0def\n").unwrap();
    let ended = run(dir.path(), ["publish"]);
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    assert!(ended.stderr.contains(".env line 2 holds a NUL") && !ended.stderr.contains("abc"), "{ended:#?}");
}

/// No file that is read whole is read without end.
#[test]
fn a_file_that_is_too_large_is_refused() {
    let dir = folder();
    let large = dir.path().join("large");
    // Nothing of it takes room on the disk.
    std::fs::File::create(&large).unwrap().set_len(1 << 40).unwrap();
    let ended = run(dir.path(), ["local", "--addr", "127.0.0.1:0", "--credentials", large.to_str().unwrap()]);
    assert!(ended.code == Some(2) && ended.stderr.contains("more than 1048576"), "{ended:#?}");
    let ended = run(dir.path(), ["deploy", "--template", large.to_str().unwrap()]);
    assert!(ended.code == Some(2) && ended.stderr.contains("too large"), "{ended:#?}");
    std::fs::rename(&large, dir.path().join(".env")).unwrap();
    let ended = run(dir.path(), ["deploy"]);
    assert!(ended.code == Some(2) && ended.stderr.contains("more than 1048576"), "{ended:#?}");
}

/// A server that gives every request the same answer, or with an empty one none; each request is told of.
fn answering(answer: &'static str) -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (asked, requests) = channel();
    let serve = move |mut stream: TcpStream, asked: std::sync::mpsc::Sender<()>| {
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        // The body stays unread.
        for _ in lines.filter(|line| line.is_empty()) {
            _ = stream.write_all(answer.as_bytes());
            // The test may have ended.
            _ = asked.send(());
            if !answer.is_empty() {
                return;
            }
        }
    };
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let asked = asked.clone();
            std::thread::spawn(move || serve(stream, asked));
        }
    });
    (endpoint, requests)
}

/// The first Ctrl-C was heard after 50 s when the server was silent, and never when it said how long to wait. One that said
/// so without a code that the SDK knows ended the program of a debug build with a panic.
#[cfg(unix)]
#[test]
fn the_first_ctrl_c_ends_what_waits_for_a_bad_server() {
    const THROTTLES: &str = "HTTP/1.1 503 X\r\nx-amz-retry-after: 99999999\r\nConnection: close\r\nContent-Type: text/xml\r\n\
        Content-Length: 120\r\n\r\n<ErrorResponse><Error><Type>Sender</Type><Code>ThrottlingException</Code>\
        <Message>slow</Message></Error></ErrorResponse>";
    const BARE: &str =
        "HTTP/1.1 429 X\r\nx-amz-retry-after: 99999999\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let dir = folder();
    let topic = ["publish", "--topic-arn", "arn:aws:sns:us-east-1:000000000000:t"];
    let mut running = Vec::new();
    for answer in ["", THROTTLES, BARE] {
        for args in [&["deploy"][..], &["deploy", "--delete"], &["publish"], &topic, &["consume"], &["simulate"]] {
            let (endpoint, requests) = answering(answer);
            let mut command = messaging(dir.path());
            command.args(args).args(["--endpoint-url", &endpoint]).stdin(Stdio::null());
            let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            running.push((child, requests, args, answer));
        }
    }
    for (child, requests, ..) in &running {
        requests.recv().unwrap();
        signal(child, "INT");
    }
    let told = Instant::now();
    for (child, requests, args, answer) in &mut running {
        let status = wait(child);
        let said = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        assert_eq!(status.code(), Some(130), "{args:?} {answer}: {said}");
        // An attempt may have begun before the signal came; a whole round of five would be more.
        assert!(requests.try_iter().count() <= 2, "{args:?} {answer}: {said}");
    }
    // What is under way gets 3 s; an attempt has 10, and five of them 50.
    assert!(told.elapsed() < Duration::from_secs(9), "{:?}", told.elapsed());
}

/// An answer that never ended filled the memory of every command, a gigabyte in three seconds.
#[test]
fn an_answer_that_never_ends_is_not_read_to_its_end() {
    let dir = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || never_ends(stream));
        }
    });
    let commands: [&[&str]; 3] = [&["top", "--once"], &["peek", "q"], &["status"]];
    for args in commands {
        let ended = messaging(dir.path()).args(args).args(["--endpoint-url", &endpoint]).output().unwrap();
        let told = String::from_utf8(ended.stderr).unwrap();
        assert!(told.contains("longer than 128 MiB") && !ended.status.success(), "{args:?}: {told}");
    }
}

/// Answers one request, until the client hangs up.
fn never_ends(mut stream: TcpStream) {
    let mut head = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    _ = head.find(String::is_empty);
    let begin = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[\"\r\n";
    let piece = [b"100000\r\n", &vec![b'x'; 1 << 20][..], b"\r\n"].concat();
    let mut sent = stream.write_all(begin);
    while sent.is_ok() {
        sent = stream.write_all(&piece);
    }
}
