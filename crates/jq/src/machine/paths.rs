//! Indexing and iterating; in `path(..)` each step is written down.

use std::rc::Rc;

use super::frame::{Choice, Next, Spot, Track};
use super::{Machine, Step};
use crate::error::{Stop, fail};
use crate::functions::paths;
use crate::value::{Val, described, identical, shortened};

impl<'q> Machine<'q> {
    /// What lies at an index.
    pub(super) fn index(&mut self, spot: Spot, index: &Val, optional: bool) -> Result<Spot, Stop> {
        if let Some(track) = &spot.track
            && !identical(&spot.value, &track.at)
        {
            return fail(format!(
                "Invalid path expression near attempt to access element {} of {}",
                shortened(index, 15),
                shortened(&spot.value, 30)
            ));
        }
        match paths::get(&mut self.budget, &spot.value, index) {
            Ok(value) => {
                self.budget.pay(spot.track.as_ref().map_or(0, |track| track.path.len() / 8))?;
                Ok(Self::tracked(&spot.track, index.clone(), value))
            }
            Err(Stop::Error(_)) if optional => Err(Stop::Nothing),
            Err(stop) => Err(stop),
        }
    }

    /// `.[]`
    pub(super) fn iterate(&mut self, spot: Spot, optional: bool, next: Next<'q>) -> Result<Step<'q>, Stop> {
        if let Some(track) = &spot.track
            && !identical(&spot.value, &track.at)
        {
            let text = shortened(&spot.value, 15);
            return fail(format!("Invalid path expression near attempt to iterate through {text}"));
        }
        match &spot.value {
            Val::List(_) | Val::Object(_) => {
                self.choices.push(Choice::Items { of: spot, from: 0, next });
                Ok(Step::Back)
            }
            _ if optional => Ok(Step::Back),
            other => fail(format!("Cannot iterate over {}", described(other))),
        }
    }

    /// A value one step further on.
    pub(super) fn tracked(track: &Option<Rc<Track>>, key: Val, value: Val) -> Spot {
        let track = track.as_ref().map(|track| {
            let path = track.path.iter().cloned().chain([key]).collect();
            Rc::new(Track { path, at: value.clone() })
        });
        Spot { value, track }
    }

    /// The path to a result.
    pub(super) fn path(result: &Spot) -> Result<Val, Stop> {
        match &result.track {
            Some(track) if identical(&result.value, &track.at) => Ok(Val::list(track.path.clone())),
            _ => fail(format!("Invalid path expression with result {}", shortened(&result.value, 30))),
        }
    }

    /// `getpath`
    pub(super) fn get_path(&mut self, spot: Spot, path: &Val) -> Result<Spot, Stop> {
        let value = paths::get_path(&mut self.budget, &spot.value, path)?;
        let (Some(track), Val::List(steps)) = (&spot.track, path) else {
            return Ok(spot.with(value));
        };
        if !identical(&spot.value, &track.at) {
            return fail(format!("Invalid path expression with result {}", shortened(&spot.value, 30)));
        }
        self.budget.pay((track.path.len() + steps.items.len()) / 8)?;
        let path = track.path.iter().chain(&steps.items).cloned().collect();
        let track = Some(Rc::new(Track { path, at: value.clone() }));
        Ok(Spot { value, track })
    }
}
