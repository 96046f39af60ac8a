//! Who may import whom. Each table is ordered from the top down.

/// What each of our crates may depend on.
pub(super) const CRATES: &[(&str, &[&str])] = &[
    ("messaging", &["cloud", "filter", "log", "text"]),
    ("cloud", &["directory", "engine", "filter", "jq", "log", "template", "text", "wire"]),
    ("template", &["text"]),
    ("jq", &["text"]),
    ("wire", &["text"]),
    ("engine", &["filter", "text"]),
    ("filter", &["text"]),
    ("log", &["directory"]),
    ("directory", &[]),
    ("text", &[]),
];

/// What each part of the program may import.
pub(super) const PROGRAM: &[(&str, &[&str])] = &[
    ("cli", &["command", "config", "exit", "stop", "ui"]),
    (
        "command",
        &[
            "aws", "clock", "config", "deploy", "embedded", "event", "exit", "report", "stack", "stop", "traffic",
            "ui", "units",
        ],
    ),
    ("embedded", &["exit", "ui"]),
    ("deploy", &["aws", "clock", "config", "exit", "stack", "stop", "ui", "units"]),
    ("report", &["event", "traffic", "ui", "units"]),
    ("stack", &["aws", "config", "exit"]),
    ("traffic", &["aws", "clock", "event", "stop", "units"]),
    ("aws", &["config", "exit", "stop"]),
    ("event", &[]),
    ("config", &["exit"]),
    ("stop", &["exit", "ui"]),
    ("exit", &["ui"]),
    ("ui", &[]),
    ("units", &[]),
    ("clock", &[]),
];

/// What each room of the cloud may import.
pub(super) const CLOUD: &[(&str, &[&str])] = &[
    (
        "server",
        &[
            "blobs",
            "cloudformation",
            "core",
            "firehose",
            "folder",
            "gateway",
            "http",
            "maintenance",
            "s3",
            "services",
            "sns",
            "sqs",
        ],
    ),
    ("maintenance", &["core", "kms", "logs", "s3"]),
    ("gateway", &["cloudformation", "core", "http", "request", "s3", "services", "sigv4", "sns", "sqs", "sts"]),
    ("services", &["cloudformation", "ecr", "firehose", "iam", "kms", "logs", "request", "sns", "sqs", "ssm", "sts"]),
    ("cloudformation", &["core", "notification", "request", "s3", "sns"]),
    ("firehose", &["core", "logs", "request", "s3"]),
    ("s3", &["blobs", "core", "folder", "http", "request", "sigv4", "sns"]),
    ("sns", &["core", "notification", "request"]),
    ("sqs", &["core", "notification", "request"]),
    ("iam", &["core", "request"]),
    ("ssm", &["core", "request"]),
    ("ecr", &["core", "request"]),
    ("kms", &["core", "request"]),
    ("sts", &["core", "request", "sigv4"]),
    ("logs", &["core", "request"]),
    ("sigv4", &["request"]),
    ("http", &[]),
    ("request", &["core"]),
    ("core", &["authority", "blobs", "folder", "notification"]),
    ("authority", &["notification"]),
    ("notification", &[]),
    ("blobs", &[]),
    ("folder", &[]),
];

/// Where each crate, each test and each bench begins.
pub(super) const TREES: &[&str] = &[
    "src/lib.rs",
    "crates/cloud/src/lib.rs",
    "crates/template/src/lib.rs",
    "crates/jq/src/lib.rs",
    "crates/wire/src/lib.rs",
    "crates/engine/src/lib.rs",
    "crates/filter/src/lib.rs",
    "crates/log/src/lib.rs",
    "crates/directory/src/lib.rs",
    "crates/text/src/lib.rs",
    "crates/wire/benches/wire.rs",
    "crates/engine/benches/engine.rs",
    "crates/log/benches/log.rs",
    "tests/it/main.rs",
    "tests/crash/main.rs",
    "benches/fanout/main.rs",
];
