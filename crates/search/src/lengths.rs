//! How much a look-behind may look back by, as Java reckons it: in numbers of 32 bits that overflow, and with no bound where it
//! sees none.

use crate::node::{Greed, Node};

/// What is known of a piece of a pattern.
#[derive(Debug, Clone, Copy)]
struct Known {
    min: i32,
    max: i32,
    /// Whether there is a greatest length.
    bounded: bool,
    /// Whether it matches in one way only.
    single: bool,
}

const NOTHING: Known = Known { min: 0, max: 0, bounded: true, single: true };

/// What comes after a piece.
type Rest<'r> = &'r dyn Fn(&mut Known);

/// How many characters a look-behind looks back by, at least and at most; nothing if Java sees no bound. Where its sum
/// overflows it looks at the whole text, or at none.
pub(crate) fn of_look_behind(body: &Node) -> Option<(usize, usize)> {
    let mut known = NOTHING;
    study(body, &mut known, &|_| {});
    if !known.bounded {
        return None;
    }
    let least = usize::try_from(known.min).unwrap_or(usize::MAX);
    Some(match usize::try_from(known.max) {
        Ok(most) => (least, most),
        Err(_) if known.max.unsigned_abs() > i32::MAX.unsigned_abs() - 8_192 => (least, usize::MAX),
        Err(_) => (1, 0),
    })
}

/// Whether a piece matches in one way only, as far as Java sees.
pub(crate) fn is_single(node: &Node) -> bool {
    let mut known = NOTHING;
    study(node, &mut known, &|_| {});
    known.single
}

fn study(node: &Node, known: &mut Known, rest: Rest<'_>) {
    match node {
        Node::Empty | Node::Keep | Node::At(_) | Node::Ahead { .. } | Node::Behind { .. } => rest(known),
        Node::One(_) => {
            add(known, 1, 1);
            rest(known);
        }
        Node::LineEnd => {
            add(known, 1, 2);
            rest(known);
        }
        // Java takes it for nothing, so that it never ends where a look-behind wants it to.
        Node::Cluster => {
            known.single = false;
            rest(known);
        }
        Node::Again(..) => {
            known.bounded = false;
            rest(known);
        }
        Node::Group(body, _) | Node::Atomic(body) => study(body, known, rest),
        Node::Sequence(nodes) => sequence(nodes, known, rest),
        Node::Either(nodes) => {
            let nodes: Vec<Option<&Node>> = nodes.iter().map(Some).collect();
            branch(&nodes, known, rest);
        }
        Node::Repeat { body, min, max, greed, counted } => {
            let group = matches!(**body, Node::Group(..) | Node::Sequence(_) | Node::Either(_));
            match (max, *counted) {
                (Some(1), false) if group && *greed != Greed::Possessive => branch(&[Some(body), None], known, rest),
                (Some(1), false) => {
                    let least = known.min;
                    study(body, known, &|_| {});
                    (known.min, known.single) = (least, false);
                    rest(known);
                }
                (None, _) if matches!(**body, Node::One(_)) && *greed == Greed::Greedy => {
                    add(known, *min as i32, i32::MAX);
                    known.single = false;
                    rest(known);
                }
                _ if group && *greed != Greed::Possessive && !is_single(body) => {
                    (known.bounded, known.single) = (false, false);
                }
                _ => {
                    repeated(body, *min as i32, max.map_or(i32::MAX, |max| max as i32), known);
                    rest(known);
                }
            }
        }
    }
}

fn add(known: &mut Known, min: i32, max: i32) {
    known.min = known.min.wrapping_add(min);
    known.max = known.max.wrapping_add(max);
}

fn sequence(nodes: &[Node], known: &mut Known, rest: Rest<'_>) {
    match nodes.split_first() {
        Some((first, others)) => study(first, known, &|known| sequence(others, known, rest)),
        None => rest(known),
    }
}

/// Alternatives, of which one may be nothing at all.
fn branch(nodes: &[Option<&Node>], known: &mut Known, rest: Rest<'_>) {
    let before = *known;
    let (mut min, mut max, mut bounded) = (i32::MAX, -1, before.bounded);
    for node in nodes {
        let mut one = NOTHING;
        if let Some(node) = node {
            study(node, &mut one, &|_| {});
        }
        min = min.min(one.min);
        max = max.max(one.max);
        bounded &= one.bounded;
    }
    let mut after = NOTHING;
    rest(&mut after);
    *known = Known {
        min: after.min.wrapping_add(before.min.wrapping_add(min)),
        max: after.max.wrapping_add(before.max.wrapping_add(max)),
        bounded: after.bounded && bounded,
        single: false,
    };
}

fn repeated(body: &Node, min: i32, max: i32, known: &mut Known) {
    let before = *known;
    let mut one = NOTHING;
    study(body, &mut one, &|_| {});
    let least = one.min.wrapping_mul(min).wrapping_add(before.min);
    known.min = if least < before.min { 0x0FFF_FFFF } else { least };
    known.bounded = before.bounded && one.bounded;
    known.max = one.max;
    if known.bounded {
        known.max = one.max.wrapping_mul(max).wrapping_add(before.max);
        known.bounded = known.max >= before.max;
    }
    known.single = one.single && min == max && before.single;
}
