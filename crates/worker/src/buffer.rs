//! What waits to be worked on, in lanes: of a lane one item at a time is out, and the others wait in order.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// What waits, and which lanes have an item out.
#[derive(Debug)]
pub(crate) struct Buffer<T> {
    lanes: HashMap<Arc<str>, Lane<T>>,
    /// Lanes that have something to give, in the order in which they got it. One may stand here without reason.
    ready: VecDeque<Arc<str>>,
}

#[derive(Debug)]
struct Lane<T> {
    waiting: VecDeque<T>,
    /// One of its items is out.
    busy: bool,
}

impl<T> Buffer<T> {
    pub(crate) fn new() -> Self {
        Self { lanes: HashMap::new(), ready: VecDeque::new() }
    }

    /// Puts an item behind the others of its lane.
    pub(crate) fn push(&mut self, lane: &Arc<str>, item: T) {
        let entry = self.lanes.entry(lane.clone()).or_insert_with(|| Lane { waiting: VecDeque::new(), busy: false });
        entry.waiting.push_back(item);
        if !entry.busy && entry.waiting.len() == 1 {
            self.ready.push_back(lane.clone());
        }
    }

    /// Takes the next item; its lane gives no other until it is [freed](Self::free).
    pub(crate) fn next(&mut self) -> Option<T> {
        while let Some(key) = self.ready.pop_front() {
            if let Some(lane) = self.lanes.get_mut(&key).filter(|lane| !lane.busy)
                && let Some(item) = lane.waiting.pop_front()
            {
                lane.busy = true;
                return Some(item);
            }
        }
        None
    }

    /// The item of a lane that was out is settled: the next one may come.
    pub(crate) fn free(&mut self, key: &Arc<str>) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        lane.busy = false;
        if lane.waiting.is_empty() {
            self.lanes.remove(key);
        } else {
            self.ready.push_back(key.clone());
        }
    }

    /// Takes what waits in a lane from the first item on that `begins`; the lane stays as busy as it is.
    pub(crate) fn cut(&mut self, key: &Arc<str>, begins: impl Fn(&T) -> bool) -> Vec<T> {
        let Some(lane) = self.lanes.get_mut(key) else { return Vec::new() };
        let Some(at) = lane.waiting.iter().position(begins) else { return Vec::new() };
        let cut = lane.waiting.split_off(at).into();
        if lane.waiting.is_empty() && !lane.busy {
            self.lanes.remove(key);
        }
        cut
    }

    /// Takes the next item of a busy lane if it is `like` the one that was settled; the lane stays busy for it.
    pub(crate) fn follow(&mut self, key: &Arc<str>, like: impl Fn(&T) -> bool) -> Option<T> {
        let waiting = &mut self.lanes.get_mut(key)?.waiting;
        if like(waiting.front()?) { waiting.pop_front() } else { None }
    }

    /// Whether anything waits in a lane.
    pub(crate) fn waits(&self, key: &Arc<str>) -> bool {
        self.lanes.get(key).is_some_and(|lane| !lane.waiting.is_empty())
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.lanes.values().all(|lane| lane.waiting.is_empty())
    }

    /// Takes all that waits.
    pub(crate) fn drain(&mut self) -> Vec<T> {
        self.ready.clear();
        let items = self.lanes.values_mut().flat_map(|lane| lane.waiting.drain(..)).collect();
        self.lanes.retain(|_, lane| lane.busy);
        items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(items: &[(&str, u32)]) -> Buffer<u32> {
        let mut buffer = Buffer::new();
        items.iter().for_each(|(lane, item)| buffer.push(&Arc::from(*lane), *item));
        buffer
    }

    #[test]
    fn of_a_lane_one_item_is_out_at_a_time_and_in_order() {
        let mut buffer = buffer(&[("a", 1), ("a", 2), ("b", 3), ("a", 4)]);
        let a = Arc::from("a");
        assert_eq!((buffer.next(), buffer.next(), buffer.next()), (Some(1), Some(3), None));
        assert!(buffer.waits(&a));
        buffer.free(&a);
        assert_eq!((buffer.next(), buffer.next()), (Some(2), None));
        buffer.push(&a, 5);
        buffer.free(&a);
        assert_eq!(buffer.next(), Some(4));
        buffer.free(&a);
        assert_eq!(buffer.next(), Some(5));
        buffer.free(&a);
        assert_eq!(buffer.next(), None);
        assert!(!buffer.waits(&a) && !buffer.lanes.contains_key(&a));
    }

    #[test]
    fn a_lane_is_cut_from_an_item_on() {
        let mut buffer = buffer(&[("a", 1), ("a", 2), ("a", 3), ("b", 4)]);
        let (a, b) = (Arc::from("a"), Arc::from("b"));
        assert_eq!(buffer.cut(&a, |item| *item == 2), [2, 3]);
        assert_eq!(buffer.cut(&a, |item| *item == 2), Vec::<u32>::new());
        assert_eq!(buffer.next(), Some(1));
        assert_eq!(buffer.cut(&b, |_| true), [4]);
        // Lane b stood among the ready ones, and gets an item anew: it gives that once.
        buffer.push(&b, 5);
        assert_eq!((buffer.next(), buffer.next()), (Some(5), None));
    }

    #[test]
    fn what_follows_is_taken_only_if_it_is_alike() {
        let mut buffer = buffer(&[("a", 1), ("a", 1), ("a", 2)]);
        let a = Arc::from("a");
        assert_eq!(buffer.next(), Some(1));
        assert_eq!(buffer.follow(&a, |item| *item == 1), Some(1));
        assert_eq!(buffer.follow(&a, |item| *item == 1), None);
        assert_eq!(buffer.drain(), [2]);
        buffer.free(&a);
        assert!(buffer.lanes.is_empty());
    }
}
