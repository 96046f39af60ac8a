//! What `publish --help` says at its end: examples, the forms of a load, and lines of a file.

use crate::traffic::load::NAMED;

const EXAMPLES: &str = "Examples:
  messaging publish                              every 5 s, until Ctrl-C
  messaging publish --rate 200/s --for 10m       a steady load
  messaging publish --load 50/s:1m,50/s..500/s:30s,500/s:1m
  messaging publish --load black-friday --report run.html
  messaging publish --load black-friday --size 500B..64KiB
  messaging publish --count 1000 --rate max      as fast as the answers come
  messaging publish --kind order,payment --every 500ms
  messaging publish --seed 42 --count 20 --json  the same events each time
  messaging publish --file events.jsonl          your own events, in order
  messaging publish --file events.jsonl --attribute kind=order --rate 20/s
";

const FORMS: &str = "
A profile of --load is pieces, joined by commas:
  100/s:60s                      a step: 100 a second for a minute
  100/s..1000/s:60s              a ramp
  sine(500/s,400/s,30s):5m       a wave: mean, amplitude, period
  burst(2000/s,1s,every 10s):2m  bursts, and nothing between
  60s:100                        as k6: a ramp to that rate, first from nothing
  100:60                         as PerfTest: a rate a second, and seconds; a
                                 text of only such repeats from the start
@loop at its end repeats it for ever; --count and --for end it. In a shell what
has brackets wants quotes.
@load.csv is a file of points, like 60,1000: 1000/s at 60 s.
Names stand for:
";

const LINES: &str = "
Three lines of a --file:
  {\"order\": 7, \"total\": 149.90}
  {\"message\": {\"order\": 8}, \"attributes\": {\"kind\": \"order\", \"amount\": 149.90}}
  {\"message\": \"for a FIFO topic\", \"group\": \"customer-1\", \"dedup\": \"order-9\"}
An attribute is a text, a number, a list (String.Array), or like
{\"type\": \"Number\", \"value\": \"7\"}.

The topic is the first of: --topic-arn; TOPIC_ARN or ARN in the environment; the
same in .env; the output TopicArn of the stack.";

/// What stands below the flags.
pub(super) fn help() -> String {
    let names: String = NAMED.iter().map(|it| format!("  {}\n    {}\n", it.name, it.text)).collect();
    [EXAMPLES, FORMS, &names, LINES].concat()
}
