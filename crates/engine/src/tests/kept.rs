//! Bytes that lie in the log alone.

use super::*;

/// Bytes of small objects lie in the log alone: neither a compaction nor a replay may forget them, or bring them back.
#[test]
fn kept_bytes_outlive_their_segment_until_they_are_let_go() {
    let mut kept = Kept::new();
    let (stays, goes) = (kept.engine.next_seq(), kept.engine.next_seq() + 1);
    kept.apply(&Change::Kept { seq: stays, data: b"stays" });
    kept.apply(&Change::Kept { seq: goes, data: b"goes" });
    kept.apply(&Change::LetGo { seqs: vec![goes] });
    for round in 0..3 {
        if round == 1 {
            kept.replay();
        }
        assert_eq!(kept.engine.payload(goes), None);
        let place = kept.engine.payload(stays).unwrap();
        let record = &kept.segments[place.segment as usize][place.offset as usize];
        assert!(matches!(postcard::from_bytes(record).unwrap(), Change::Kept { data: b"stays", .. }), "{round}");
        assert_eq!(kept.engine.live_bytes(), record.len() as u64);
        assert_eq!(kept.engine.next_seq(), goes + 1);
        kept.compact();
    }
    kept.apply(&Change::LetGo { seqs: vec![stays] });
    kept.replay();
    assert_eq!((kept.engine.payload(stays), kept.engine.live_bytes()), (None, 0));
}

/// A segment in which all is dead was read to its end before it went, record by record.
#[test]
fn a_segment_without_anything_alive_is_known() {
    let mut kept = Kept::new();
    let queue = kept.queue("orders", &[]);
    let seq = kept.engine.next_seq();
    kept.apply(&Change::Kept { seq, data: b"stays for now" });
    kept.apply(&Change::Doc { key: "key", value: b"first" });
    assert!(!kept.engine.needs_nothing_of(0));
    kept.roll();
    kept.apply(&Change::Doc { key: "key", value: b"second" });
    assert!(!kept.engine.needs_nothing_of(0), "the payload is alive");
    kept.apply(&Change::LetGo { seqs: vec![seq] });
    assert!(kept.engine.needs_nothing_of(0) && !kept.engine.needs_nothing_of(1));
    kept.replay();
    assert!(kept.engine.needs_nothing_of(0) && !kept.engine.needs_nothing_of(1));
    kept.apply(&Change::DocGone { key: "key" });
    assert!(kept.engine.needs_nothing_of(1));
    assert!(kept.engine.queue(queue).is_some(), "declarations are in every segment");
}
