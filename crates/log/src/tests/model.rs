//! Random operations against a list, among them: reopening, a full disk, a power cut.

use proptest::prelude::*;

use super::*;
use crate::faulty::Left;

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
    /// So many bytes can still be written, until the disk has space again.
    Full(u16),
    Space,
    /// What wasn't synced survives in part, by this seed.
    PowerCut(u64),
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        8 => prop::collection::vec(0..300u16, 1..5).prop_map(Operation::Append),
        4 => Just(Operation::Commit),
        3 => (any::<prop::sample::Index>(), 1..8u8).prop_map(|(at, count)| Operation::Read(at, count)),
        1 => any::<prop::sample::Index>().prop_map(Operation::Remove),
        1 => any::<bool>().prop_map(|restart| Operation::Reopen { restart }),
        1 => (0..1_500u16).prop_map(Operation::Full),
        1 => Just(Operation::Space),
        1 => any::<u64>().prop_map(Operation::PowerCut),
    ]
}

/// A frame that should be there.
#[derive(Debug, Clone, PartialEq)]
struct Frame {
    at: Location,
    payload: Vec<u8>,
    position: Position,
    /// It was promised to survive a power cut.
    safe: bool,
}

fn durability() -> impl Strategy<Value = Durability> {
    prop_oneof![Just(Durability::Memory), Just(Durability::Process), Just(Durability::Power)]
}

/// A log and what should be in it.
struct Subject {
    durability: Durability,
    disk: FaultyDisk,
    log: Log,
    frames: Vec<Frame>,
    committed: Position,
    /// A write may have failed since the log was opened: a start may find an end that is torn, or more than was committed.
    failed: bool,
}

impl Subject {
    fn new(durability: Durability) -> Self {
        let disk = FaultyDisk::default();
        let (log, ..) = open(&disk, durability).unwrap();
        Self { durability, disk, log, frames: Vec::new(), committed: Position::default(), failed: false }
    }

    fn append(&mut self, sizes: &[u16], fill: u8) {
        let payloads: Vec<Vec<u8>> = sizes.iter().map(|size| vec![fill; *size as usize]).collect();
        let slices: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
        match self.log.append(&slices) {
            Ok(Appended { first, position }) => {
                let frames = locations(first, slices.iter().copied()).zip(&payloads);
                let frame =
                    |(at, payload): (Location, &Vec<u8>)| Frame { at, payload: payload.clone(), position, safe: false };
                self.frames.extend(frames.map(frame));
            }
            Err(error) => assert!(self.failed && matches!(error, LogError::Unavailable { .. }), "{error}"),
        }
    }

    fn commit(&mut self) {
        let position = self.log.position();
        match commit(&self.log, position) {
            Ok(()) => self.is_durable(position, self.durability == Durability::Power),
            Err(error) => assert!(self.failed && matches!(error, LogError::Write { .. }), "{error}"),
        }
    }

    fn is_durable(&mut self, position: Position, safe: bool) {
        self.committed = position;
        self.frames.iter_mut().for_each(|frame| frame.safe |= safe);
    }

    fn read(&self, at: prop::sample::Index, count: usize) {
        let there: Vec<&Frame> = self.frames.iter().filter(|frame| frame.position <= self.committed).collect();
        if there.is_empty() {
            return;
        }
        let from = at.index(there.len());
        let wanted = &there[from..(from + count).min(there.len())];
        let places: Vec<Location> = wanted.iter().rev().map(|frame| frame.at).collect();
        let payloads: Vec<&Vec<u8>> = wanted.iter().rev().map(|frame| &frame.payload).collect();
        assert_eq!(read(&self.log, &places).unwrap(), payloads);
        assert_eq!(&self.log.read(wanted[0].at).unwrap(), &wanted[0].payload);
    }

    fn remove(&mut self, which: prop::sample::Index) {
        let segments = self.log.segments();
        let (victim, _) = segments[which.index(segments.len())];
        let position = self.log.position();
        match self.log.remove(victim) {
            Ok(()) => {
                assert_ne!(victim, segments[segments.len() - 1].0);
                self.is_durable(position, self.durability != Durability::Memory);
                self.frames.retain(|frame| frame.at.segment != victim);
            }
            Err(LogError::Unsealed(_)) => assert_eq!(victim, self.log.tail()),
            Err(error) => assert!(self.failed, "{error}"),
        }
    }

    /// Opens what is left: a prefix of what was appended, with all that `kept` says at least.
    fn reopen(self, disk: FaultyDisk, kept: impl Fn(&Frame) -> bool, may_be_torn: bool) -> Self {
        let Self { durability, log, mut frames, .. } = self;
        drop(log);
        disk.with(|state| state.space = None);
        let (log, recovery, replayed) = open(&disk, durability).unwrap();
        let expected: Vec<_> = frames.iter().map(|frame| (frame.at, frame.payload.clone())).collect();
        assert_eq!(replayed, expected[..replayed.len().min(expected.len())]);
        assert!(
            frames[replayed.len()..].iter().all(|frame| !kept(frame)),
            "lost: {frames:?} but for {}",
            replayed.len()
        );
        assert!(may_be_torn || recovery.cuts.is_empty(), "{recovery:?}");
        let whole = frames.get(replayed.len()).zip(replayed.len().checked_sub(1));
        assert!(
            whole.is_none_or(|(next, last)| next.position != frames[last].position || next.position == Position(0))
        );
        frames.truncate(replayed.len());
        let safe = durability == Durability::Power;
        for frame in &mut frames {
            (frame.position, frame.safe) = (Position::default(), frame.safe || safe);
        }
        Self { durability, disk, log, frames, committed: Position::default(), failed: false }
    }
}

/// More of them with PROPTEST_CASES.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(96)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn the_log_behaves_as_a_list(durability in durability(), operations in prop::collection::vec(operation(), 1..80)) {
        let mut it = Subject::new(durability);
        for (number, operation) in operations.into_iter().enumerate() {
            match operation {
                Operation::Append(sizes) => it.append(&sizes, number as u8),
                Operation::Commit => it.commit(),
                Operation::Read(at, count) => it.read(at, count.into()),
                Operation::Remove(which) => it.remove(which),
                Operation::Full(space) => {
                    it.disk.with(|state| state.space = Some(space.into()));
                    it.failed = true;
                }
                Operation::Space => it.disk.with(|state| state.space = None),
                Operation::Reopen { restart } => {
                    let (disk, committed, failed) = (it.disk.clone(), it.committed, it.failed);
                    if restart {
                        disk.restart();
                    }
                    it = it.reopen(disk, |frame| frame.position <= committed, failed);
                }
                // In memory nothing is promised, not even that a start will understand what is left.
                Operation::PowerCut(seed) if durability != Durability::Memory => {
                    let disk = it.disk.after_power_cut(Left::Some(seed));
                    it = it.reopen(disk, |frame| frame.safe, true);
                }
                Operation::PowerCut(_) => {}
            }
        }
    }
}
