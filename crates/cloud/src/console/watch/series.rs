//! What was sampled, of the busiest: each second of the last five minutes, each minute of the last six hours.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::Rate;

/// Of how many there are series.
const MOST: usize = 500;
/// Seconds, and minutes, that are kept.
pub(crate) const SECONDS: u64 = 300;
pub(crate) const MINUTES: u64 = 360;

/// What was seen in one second: came, received, gone, moved and refused in it, and how full it was at its end.
pub(crate) type Sample = [f32; 6];

#[derive(Debug, Default)]
struct Series {
    /// By the number of the second, and of the minute, on the machine's clock: only those in which it moved.
    seconds: VecDeque<(u64, Sample)>,
    minutes: VecDeque<(u64, Sample)>,
}

/// The series of all that moved, by number.
#[derive(Debug, Default)]
pub(crate) struct AllSeries(FxHashMap<u32, Series>);

impl AllSeries {
    /// Notes a second in which something moved.
    pub(super) fn note(&mut self, number: u32, second: u64, rate: &Rate, level: f64) {
        if self.0.len() >= MOST && !self.0.contains_key(&number) {
            // The one that has been quiet for longest makes room.
            let last = |series: &Series| series.seconds.back().map_or(0, |(second, _)| *second);
            let quiet = self.0.iter().min_by_key(|(_, series)| last(series)).map(|(number, _)| *number);
            quiet.and_then(|quiet| self.0.remove(&quiet));
        }
        let Rate { came, received, gone, moved, refused } = *rate;
        let sample = [came, received, gone, moved, refused, level].map(|value| value as f32);
        let series = self.0.entry(number).or_default();
        series.seconds.push_back((second, sample));
        while series.seconds.front().is_some_and(|(first, _)| first + SECONDS < second) {
            series.seconds.pop_front();
        }
        let minute = second / 60;
        match series.minutes.back_mut().filter(|(last, _)| *last == minute) {
            Some((_, sum)) => {
                (0..5).for_each(|at| sum[at] += sample[at] / 60.0);
                sum[5] = sample[5];
            }
            None => {
                let mut sum = sample.map(|value| value / 60.0);
                sum[5] = sample[5];
                series.minutes.push_back((minute, sum));
            }
        }
        while series.minutes.front().is_some_and(|(first, _)| first + MINUTES < minute) {
            series.minutes.pop_front();
        }
    }

    /// The last `steps` seconds, or minutes, up to `last`: where nothing moved the rates are 0 and the level is what it was.
    pub(crate) fn read(&self, number: u32, minutes: bool, last: u64, steps: u64) -> Option<Vec<Option<Sample>>> {
        let series = self.0.get(&number)?;
        let noted = if minutes { &series.minutes } else { &series.seconds };
        let first = last.saturating_sub(steps - 1);
        let mut noted = noted.iter().peekable();
        let mut level = None;
        let mut read = Vec::with_capacity(steps as usize);
        while let Some((_, sample)) = noted.next_if(|(at, _)| *at < first) {
            level = Some(sample[5]);
        }
        for at in first..=last {
            let sample = noted.next_if(|(noted, _)| *noted <= at).map(|(_, sample)| *sample);
            level = sample.map(|sample| sample[5]).or(level);
            read.push(sample.or_else(|| level.map(|level| [0.0, 0.0, 0.0, 0.0, 0.0, level])));
        }
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_seconds_are_zeros_and_minutes_are_means() {
        let mut all = AllSeries::default();
        let rate = Rate { came: 60.0, ..Rate::default() };
        all.note(7, 601, &rate, 5.0);
        all.note(7, 603, &rate, 9.0);
        let seconds = all.read(7, false, 604, 5).unwrap();
        let came: Vec<_> = seconds.iter().map(|sample| sample.map(|sample| (sample[0], sample[5]))).collect();
        assert_eq!(came, [None, Some((60.0, 5.0)), Some((0.0, 5.0)), Some((60.0, 9.0)), Some((0.0, 9.0))]);
        assert_eq!(all.read(7, true, 10, 1).unwrap()[0].map(|sample| (sample[0], sample[5])), Some((2.0, 9.0)));
        assert!(all.read(8, true, 10, 1).is_none());
        (0..MOST as u32).for_each(|number| all.note(100 + number, 700, &rate, 0.0));
        assert!(all.0.len() == MOST && !all.0.contains_key(&7));
    }
}
