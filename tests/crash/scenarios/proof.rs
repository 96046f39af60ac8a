//! The proof that settling can fail: a short story with one thing wrong, and the fault that must come of it.

use super::ledger::{End, Fault, Findings, Ledger};

type Tale = fn(&Ledger, &mut Findings);

/// What must come of each story; nothing of the first.
const TALES: &[(Option<Fault>, Tale)] = &[
    (None, |ledger, findings| {
        let (known, unknown, _never) = (told(ledger, End::Done), ledger.ask(End::Done), ledger.ask(End::Done));
        let (dead, refused) = (told(ledger, End::Dead), ledger.ask(End::Done));
        ledger.refused(refused);
        findings.of(known).done = 1;
        findings.of(known).again = 1;
        findings.of(unknown).done = 1;
        findings.of(dead).dead.push("why".into());
    }),
    (Some(Fault::Lost), |ledger, _| {
        told(ledger, End::Done);
    }),
    (Some(Fault::Lost), |ledger, _| {
        told(ledger, End::Dead);
    }),
    (Some(Fault::Half), |ledger, findings| {
        let request = ledger.ask(End::Done);
        findings.of(request).half.push("an object without its message".into());
    }),
    (Some(Fault::Half), |ledger, findings| {
        let request = told(ledger, End::Done);
        findings.of(request).done = 1;
        findings.of(request).half.push("an object without its message".into());
    }),
    (Some(Fault::Twice), |ledger, findings| {
        let request = ledger.ask(End::Done);
        findings.of(request).done = 2;
    }),
    (Some(Fault::Twice), |ledger, findings| {
        let request = told(ledger, End::Done);
        findings.of(request).done = 1;
        findings.of(request).dead.push("why".into());
    }),
    (Some(Fault::Dead), |ledger, findings| {
        let request = told(ledger, End::Done);
        findings.of(request).dead.push("why".into());
    }),
    (Some(Fault::Reason), |ledger, findings| {
        let request = told(ledger, End::Dead);
        findings.of(request).dead.push(String::new());
    }),
    (Some(Fault::Wrong), |ledger, findings| {
        let request = told(ledger, End::Dead);
        findings.of(request).done = 1;
    }),
    (Some(Fault::Phantom), |ledger, findings| {
        let request = ledger.ask(End::Done);
        ledger.refused(request);
        findings.of(request).done = 1;
    }),
    (Some(Fault::Phantom), |_, findings| findings.of(7).done = 1),
    (Some(Fault::Order), |_, findings| findings.strange(Fault::Order, "2 before 1")),
    (Some(Fault::Refused), |ledger, _| ledger.saw(Fault::Refused, "400")),
];

/// A request that was acknowledged.
fn told(ledger: &Ledger, end: End) -> u64 {
    let number = ledger.ask(end);
    ledger.acknowledged(number);
    number
}

/// Tells every story; fails at the first that is not told apart.
pub(crate) fn check() -> Result<(), String> {
    for (number, (expected, tale)) in TALES.iter().enumerate() {
        let (ledger, mut findings) = (Ledger::default(), Findings::default());
        tale(&ledger, &mut findings);
        let tally = ledger.settle(&findings);
        let told = match expected {
            Some(fault) => tally.wrong() == 1 && tally.faults(*fault) == 1,
            None => tally.wrong() == 0,
        };
        if !told {
            return Err(format!("settling is broken, as story {number} shows: {expected:?} is {}", tally.summary()));
        }
    }
    Ok(())
}
