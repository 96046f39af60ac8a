//! Random operations against a list, reopening being one of them.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Operation {
    Append(Vec<u16>),
    Commit,
    Read(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    /// Kill the process and start again; perhaps the machine, too.
    Reopen {
        restart: bool,
    },
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        8 => prop::collection::vec(0..300u16, 1..5).prop_map(Operation::Append),
        4 => Just(Operation::Commit),
        3 => (any::<prop::sample::Index>(), 1..8u8).prop_map(|(at, count)| Operation::Read(at, count)),
        1 => any::<prop::sample::Index>().prop_map(Operation::Remove),
        1 => any::<bool>().prop_map(|restart| Operation::Reopen { restart }),
    ]
}

/// A frame that should be there.
#[derive(Debug, Clone, PartialEq)]
struct Frame {
    at: Location,
    payload: Vec<u8>,
    position: Position,
}

fn durability() -> impl Strategy<Value = Durability> {
    prop_oneof![Just(Durability::Memory), Just(Durability::Process), Just(Durability::Power)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_log_behaves_as_a_list(durability in durability(), operations in prop::collection::vec(operation(), 1..80)) {
        let disk = FaultyDisk::default();
        let (mut log, ..) = open(&disk, durability).unwrap();
        let mut frames: Vec<Frame> = Vec::new();
        let mut committed = Position::default();
        for (number, operation) in operations.into_iter().enumerate() {
            match operation {
                Operation::Append(sizes) => {
                    let payloads: Vec<Vec<u8>> = sizes.iter().map(|size| vec![number as u8; *size as usize]).collect();
                    let slices: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
                    let Appended { first, position } = log.append(&slices).unwrap();
                    let places = locations(first, &slices);
                    frames.extend(places.zip(&payloads).map(|(at, payload)| Frame { at, payload: payload.clone(), position }));
                }
                Operation::Commit => {
                    committed = log.position();
                    commit(&log, committed).unwrap();
                }
                Operation::Read(at, count) => {
                    let there: Vec<&Frame> = frames.iter().filter(|frame| frame.position <= committed).collect();
                    if there.is_empty() {
                        continue;
                    }
                    let from = at.index(there.len());
                    let wanted = &there[from..(from + count as usize).min(there.len())];
                    let places: Vec<Location> = wanted.iter().rev().map(|frame| frame.at).collect();
                    let payloads: Vec<&Vec<u8>> = wanted.iter().rev().map(|frame| &frame.payload).collect();
                    prop_assert_eq!(log.read_many(&places).unwrap(), payloads);
                    prop_assert_eq!(&log.read(wanted[0].at).unwrap(), &wanted[0].payload);
                }
                Operation::Remove(which) => {
                    let segments = log.segments();
                    let (victim, _) = segments[which.index(segments.len())];
                    if victim == log.tail() {
                        prop_assert!(log.remove(victim).is_err());
                    } else {
                        committed = log.position();
                        log.remove(victim).unwrap();
                        frames.retain(|frame| frame.at.segment != victim);
                    }
                }
                Operation::Reopen { restart } => {
                    drop(log);
                    if restart {
                        disk.restart();
                    }
                    frames.retain(|frame| frame.position <= committed);
                    let (again, recovery, replayed) = open(&disk, durability).unwrap();
                    log = again;
                    let expected: Vec<_> = frames.iter().map(|frame| (frame.at, frame.payload.clone())).collect();
                    prop_assert_eq!(replayed, expected);
                    prop_assert_eq!(recovery.cuts, []);
                    committed = Position::default();
                    frames.iter_mut().for_each(|frame| frame.position = committed);
                }
            }
        }
    }
}
