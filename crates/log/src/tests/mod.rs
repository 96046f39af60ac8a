//! Tests of the log as a whole.

mod basic;
mod damage;
mod failing;
mod model;
mod power;

use std::sync::Arc;

use bytes::Bytes;

use super::faulty::FaultyDisk;
use super::*;

/// A log, what its start found, and the frames that it replayed.
type Opened = (Log, Recovery, Vec<(Location, Vec<u8>)>);

/// A log on `disk` with small segments.
fn open(disk: &FaultyDisk, durability: Durability) -> Result<Opened, LogError> {
    let mut replayed = Vec::new();
    let options = Options { durability, segment_bytes: 400 };
    let (log, recovery) = Log::open(Arc::new(disk.clone()), options, &mut |location, payload| {
        replayed.push((location, payload.to_vec()));
        Ok(())
    })?;
    Ok((log, recovery, replayed))
}

/// The frames of transaction `id`: each says which it is of how many, so that a torn transaction shows.
fn transaction(id: u32) -> Vec<Vec<u8>> {
    let frames = 1 + id % 3;
    (0..frames)
        .map(|frame| {
            let mut payload = format!("{id} {frame} {frames} ").into_bytes();
            payload.resize(payload.len() + (id as usize * 7) % 60, b'x');
            payload
        })
        .collect()
}

/// The transactions in a replay; panics when one isn't whole.
fn ids(replayed: &[(Location, Vec<u8>)]) -> Vec<u32> {
    let mut ids = Vec::new();
    let mut rest = replayed.iter();
    while let Some((_, payload)) = rest.next() {
        let id = std::str::from_utf8(payload).unwrap().split(' ').next().unwrap().parse().unwrap();
        let whole = transaction(id);
        assert_eq!(*payload, whole[0]);
        for frame in &whole[1..] {
            assert_eq!(&rest.next().expect("a whole transaction").1, frame);
        }
        ids.push(id);
    }
    ids
}

fn append(log: &Log, id: u32) -> Result<Appended, LogError> {
    let frames = transaction(id);
    let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    log.append(&frames)
}

/// Commits without a reactor: the log needs none.
fn commit(log: &Log, position: Position) -> Result<(), LogError> {
    futures::executor::block_on(log.commit(position))
}

fn append_and_commit(log: &Log, id: u32) -> Result<Appended, LogError> {
    let appended = append(log, id)?;
    commit(log, appended.position)?;
    Ok(appended)
}

fn read(log: &Log, places: &[Location]) -> Result<Vec<Bytes>, LogError> {
    let opened = |place: &Location| log.open_segment(place.segment).map(|segment| (segment, place.offset));
    read_many(&places.iter().map(opened).collect::<Vec<_>>())
}
