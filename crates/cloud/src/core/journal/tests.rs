//! The rings forget the oldest and nothing else.

use super::*;

fn journal(messages: usize, bytes: u64) -> Journal {
    Journal::new(History { messages, bytes })
}

#[test]
fn the_oldest_are_forgotten_first_and_their_copies_with_them() {
    let mut journal = journal(3, 64 << 20);
    // Numbers have gaps: small objects take some.
    for seq in [1, 2, 5, 6, 9] {
        journal.records.push(seq, seq * 10, 2, &[seq as u8; 100]);
        journal.live(seq, 1, Moment { what: What::Received, at: seq, data: 7, extra: 0 });
    }
    let seqs: Vec<_> = journal.before(Seq::MAX, 10).map(|(it, record)| (it.seq, record[0])).collect();
    assert_eq!(seqs, [(9, 9), (6, 6), (5, 5)]);
    assert_eq!(journal.before(6, 10).map(|(it, _)| it.seq).collect::<Vec<_>>(), [5]);
    assert_eq!(journal.after(5, 1).map(|(it, _)| it.seq).collect::<Vec<_>>(), [6]);
    assert!(journal.has_forgotten() && journal.record(2).is_none() && journal.life(2, 1).0.is_empty());
    assert_eq!(journal.life(9, 1).0.iter().map(|it| it.at).collect::<Vec<_>>(), [9]);
    assert!(journal.life(9, 0).0.is_empty() && journal.last(9, 2).is_none());
}

#[test]
fn bytes_are_bounded_and_moments_of_their_own() {
    let mut journal = journal(1_000_000, 8 << 20);
    for seq in 1..=20_000 {
        journal.records.push(seq, 0, 1, &[0; 1_000]);
        for at in 0..20 {
            journal.live(seq, 0, Moment { what: What::Received, at, data: 0, extra: 0 });
        }
    }
    assert!(journal.bytes() <= 8 << 20 && journal.len() > 4_000, "{} of {}", journal.bytes(), journal.len());
    let (life, forgotten) = journal.life(20_000, 0);
    assert!(life.len() == 20 && !forgotten);
    let oldest = journal.before(Seq::MAX, usize::MAX).last().map(|(it, _)| it.seq).unwrap();
    assert!(journal.life(oldest, 0).0.len() < 20);
}

/// With `--history 1MiB` nothing was remembered: the first chunk was larger than that.
#[test]
fn a_small_history_remembers_what_fits() {
    let mut journal = journal(1_000_000, 1 << 20);
    for seq in 1..=2_000 {
        journal.records.push(seq, 0, 1, &[0; 1_000]);
    }
    assert!(journal.bytes() <= 1 << 20 && journal.len() > 500, "{} of {}", journal.bytes(), journal.len());
}

#[test]
fn without_a_history_only_counts_are_kept() {
    let mut journal = journal(0, 64 << 20);
    journal.records.push(1, 1, 1, b"x");
    journal.counts.of(7).came += 1;
    assert_eq!((journal.len(), journal.bytes(), journal.counts.get(7).came), (0, 0, 1));
    assert_eq!((journal.counts.take_changed(), journal.counts.take_changed()), (vec![7], vec![]));
}
