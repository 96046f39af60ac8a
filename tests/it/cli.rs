//! The command line: what it refuses, what it says, how it exits.

use std::net::TcpListener;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

use crate::helpers::binary::{self, folder};

const OK: i32 = 0;
const FAILED: i32 = 1;
const USAGE: i32 = 2;
const UNREACHABLE: i32 = 4;

/// The program in a folder, as [`binary::messaging`] starts it.
fn messaging(dir: &Path) -> Command {
    Command::from_std(binary::messaging(dir))
}

/// An address at which nothing listens.
fn silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn help_tells_every_command_and_every_exit_code() {
    let dir = folder();
    let all = ["local", "deploy", "publish", "consume", "simulate", "completions", "man", "Exit codes", "130"];
    let help = messaging(dir.path()).arg("--help").assert().code(OK).get_output().stdout.clone();
    let help = String::from_utf8(help).unwrap();
    assert!(all.iter().all(|word| help.contains(word)), "{help}");
    for command in ["local", "deploy", "publish", "consume", "simulate", "completions", "man"] {
        messaging(dir.path()).args([command, "--help"]).assert().code(OK).stdout(contains("Examples:"));
    }
    messaging(dir.path()).assert().code(USAGE).stderr(contains("Usage: messaging"));
}

#[test]
fn completions_for_every_shell() {
    let dir = folder();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        messaging(dir.path()).args(["completions", shell]).assert().code(OK).stdout(contains("simulate"));
    }
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let dir = folder();
    messaging(dir.path()).arg("man").assert().code(OK).stdout(contains(".TH").and(contains("Exit codes")));
    messaging(dir.path()).args(["man", "simulate"]).assert().code(OK).stdout(contains("buffering\\-seconds"));
    messaging(dir.path()).args(["man", "simulat"]).assert().code(USAGE).stderr(contains("deploy, publish"));
    messaging(dir.path()).args(["man", "--dir", "new/man1"]).assert().code(OK);
    for page in ["messaging.1", "messaging-local.1", "messaging-simulate.1"] {
        assert!(dir.path().join("new/man1").join(page).exists(), "{page}");
    }
    messaging(dir.path()).arg("--version").assert().code(OK).stdout(contains("messaging 0."));
}

/// Examples were longer than 80 columns, and broken at the edge.
#[test]
fn examples_in_help_fit_into_80_columns() {
    let mut command = <messaging::Cli as clap::CommandFactory>::command();
    command.build();
    let named = ["deploy", "simulate", "man"].map(|name| command.find_subcommand(name).unwrap());
    let all = std::iter::once(&command).chain(named);
    let mut lines = 0;
    for command in all {
        for help in [command.get_after_long_help(), command.get_after_help()].into_iter().flatten() {
            for line in help.to_string().lines() {
                lines += 1;
                assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
            }
        }
    }
    assert!(lines > 35, "only {lines} lines");
}

#[test]
fn values_that_make_no_sense_are_refused_with_an_example() {
    let dir = folder();
    for (args, says) in [
        (&["publish", "--every", "often"][..], "20ms, 5s, 10m"),
        (&["consume", "--work", "20"], "20ms or 20s"),
        (&["consume", "--visibility-timeout", "13h"], "twelve hours"),
        (&["publish", "--every", "0s"], "--rate max"),
        (&["publish", "--rate", "fast"], "200/s"),
        (&["publish", "--rate", "1/s", "--every", "1s"], "cannot be used with"),
        (&["publish", "--batch", "11"], "from 1 to 10"),
        (&["publish", "--count", "0"], "at least 1"),
        (&["publish", "--count", "1x"], "500, 1k or 2M"),
        (&["publish", "--file", "x", "--seed", "1"], "cannot be used with"),
        (&["publish", "--file", "x", "--field", "a=b"], "cannot be used with"),
        (&["publish", "--kind", "refund"], "consumer, order, payment"),
        (&["consume", "--fail-rate", "2"], "between 0 and 1"),
        (&["consume", "--api", "stock"], "orders, payments, all"),
        (&["deploy", "--parameter", "Name"], "Key=Value"),
        (&["deploy", "--empty-bucket"], "--delete"),
        (&["deploy", "--target", "azure"], "local, aws"),
        (&["publish", "--endpoint-url", "localhost:4566"], "http://127.0.0.1:4566"),
        (&["simulate", "--buffering-seconds", "901"], "from 0 to 900"),
        (&["publish", "--region", "../x"], "a region like us-east-1"),
        (&["publish", "--region", "us-east1"], "isn't the name of a region; us-east-1 is"),
    ] {
        messaging(dir.path()).args(args).assert().code(USAGE).stderr(contains(says));
    }
}

#[test]
fn nothing_answers_says_how_to_start_it() {
    let dir = folder();
    let endpoint = silent();
    for command in ["deploy", "publish", "consume", "simulate"] {
        messaging(dir.path())
            .args([command, "--endpoint-url", &endpoint])
            .assert()
            .code(UNREACHABLE)
            .stdout("")
            .stderr(contains(format!("Nothing answers at {endpoint}")).and(contains("messaging local")));
    }
}

#[test]
fn local_is_never_aws() {
    let dir = folder();
    messaging(dir.path())
        .arg("publish")
        .env("AWS_ENDPOINT_URL", "https://sns.us-east-1.amazonaws.com")
        .assert()
        .code(USAGE)
        .stderr(contains("is AWS, but the target is local"));
}

#[test]
fn aws_without_region_or_keys_says_what_is_missing() {
    let dir = folder();
    let publish = || {
        let mut command = messaging(dir.path());
        command.args(["publish", "--target", "aws"]);
        command
    };
    publish().assert().code(USAGE).stderr(contains("No AWS region is set"));
    publish().env("AWS_REGION", "eu-west-1").assert().code(USAGE).stderr(contains("No AWS credentials were found"));
    // An address was made of it that nobody has. Other clouds have regions of one word.
    publish().env("AWS_REGION", "mars").assert().code(USAGE).stderr(contains("AWS has no region \"mars\""));
    let elsewhere = publish().env("AWS_REGION", "mars").args(["--endpoint-url", "http://127.0.0.1:1"]).assert();
    elsewhere.code(USAGE).stderr(contains("No AWS credentials were found"));
    std::fs::write(dir.path().join(".env"), "AWS_REGION=eu-west-1\nACCESS_KEY=a\n").unwrap();
    publish().assert().code(USAGE).stderr(contains("SECRET_KEY is missing"));
}

#[test]
fn a_malformed_env_file_is_named_by_line_without_its_secrets() {
    let dir = folder();
    std::fs::write(dir.path().join(".env"), "# keys\n\nSECRET_KEY=abc def\n").unwrap();
    messaging(dir.path())
        .arg("publish")
        .assert()
        .code(USAGE)
        .stderr(contains(".env line 3").and(contains("abc").not()));
    // Help is there whatever the file says.
    messaging(dir.path()).arg("--help").assert().code(OK);
}

#[test]
fn the_environment_wins_over_the_env_file_and_a_flag_over_both() {
    let dir = folder();
    let (file, environment, flag) = (silent(), silent(), silent());
    std::fs::write(dir.path().join(".env"), format!("AWS_ENDPOINT_URL={file}\n")).unwrap();
    messaging(dir.path()).arg("publish").assert().code(UNREACHABLE).stderr(contains(&file));
    let with_environment = |args: &[&str]| {
        let mut command = messaging(dir.path());
        command.args(args).env("AWS_ENDPOINT_URL", &environment);
        command
    };
    with_environment(&["publish"]).assert().code(UNREACHABLE).stderr(contains(&environment));
    with_environment(&["publish", "--endpoint-url", &flag]).assert().code(UNREACHABLE).stderr(contains(&flag));
    // An empty variable is as good as none.
    messaging(dir.path()).arg("publish").env("AWS_ENDPOINT_URL", "").assert().stderr(contains(&file));
}

#[test]
fn a_template_that_cant_be_is_refused_before_anything_is_asked() {
    let dir = folder();
    let large = dir.path().join("large.yaml");
    std::fs::write(&large, " ".repeat(51_201)).unwrap();
    for (template, says) in [(large.as_path(), "too large"), (Path::new("missing.yaml"), "Can't read the template")] {
        messaging(dir.path())
            .args(["deploy", "--endpoint-url", &silent(), "--template"])
            .arg(template)
            .assert()
            .code(USAGE)
            .stderr(contains(says));
    }
}

#[test]
fn an_address_in_use_is_said() {
    let dir = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    messaging(dir.path())
        .args(["local", "--addr", &address])
        .assert()
        .code(FAILED)
        .stderr(contains("Can't listen on").and(contains("--addr")));
}

/// Other machines are served only by a server that knows who asks, or when told outright.
#[test]
fn an_open_door_has_to_be_asked_for() {
    let dir = folder();
    messaging(dir.path())
        .args(["local", "--addr", "0.0.0.0:0"])
        .assert()
        .code(USAGE)
        .stderr(contains("can be reached from other machines").and(contains("--open-to-all")));
}
