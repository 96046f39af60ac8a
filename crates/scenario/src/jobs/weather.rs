//! The batch simulator: random weather observations, the same ones for the same job, so that a second try writes what the
//! first one would have.

use std::time::Duration;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How many observations a job gives.
pub(super) const OBSERVATIONS: usize = 99;
/// The observations of a job lie in the day before its request.
const SPAN: u64 = 24 * 60 * 60;

/// What a job gives: `{"weatherData":[..]}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Weather {
    pub weather_data: Vec<Observation>,
}

/// An observation of a station.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Observation {
    /// The station's IATA code.
    pub station: String,
    pub position: Position,
    /// RFC 3339, in UTC.
    pub time: String,
    pub conditions: Conditions,
    /// In degrees Celsius.
    pub temperature: f64,
    /// At the sea's level, in hectopascals.
    pub pressure: f64,
    /// Relative, in percent.
    pub humidity: u8,
}

/// Where a station is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    /// In degrees, north is positive.
    pub latitude: f64,
    /// In degrees, east is positive.
    pub longitude: f64,
    /// In metres.
    pub elevation: f64,
}

/// What the sky does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Conditions {
    Sunny,
    Cloudy,
    Rain,
    Snow,
}

/// IATA code, latitude, longitude, elevation.
const STATIONS: [(&str, f64, f64, f64); 16] = [
    ("ADL", -34.95, 138.53, 6.0),
    ("AMS", 52.31, 4.76, -3.0),
    ("ANC", 61.17, -150.0, 46.0),
    ("BOG", 4.7, -74.15, 2_548.0),
    ("CPT", -33.97, 18.6, 46.0),
    ("DEL", 28.57, 77.1, 237.0),
    ("GIG", -22.81, -43.25, 9.0),
    ("JFK", 40.64, -73.78, 4.0),
    ("KEF", 63.99, -22.61, 52.0),
    ("MEL", -37.67, 144.84, 132.0),
    ("MEX", 19.44, -99.07, 2_230.0),
    ("NBO", -1.32, 36.93, 1_624.0),
    ("NRT", 35.76, 140.39, 43.0),
    ("SIN", 1.36, 103.99, 7.0),
    ("SYD", -33.95, 151.18, 6.0),
    ("ZRH", 47.46, 8.55, 432.0),
];

/// The observations of a job that was asked for at `sent`, the time since the epoch.
pub(super) fn of(job: &str, sent: Duration) -> Weather {
    let mut random = StdRng::from_seed(Sha256::digest(job).into());
    Weather { weather_data: (0..OBSERVATIONS).map(|_| observe(&mut random, sent)).collect() }
}

fn observe(random: &mut StdRng, sent: Duration) -> Observation {
    let (station, latitude, longitude, elevation) = STATIONS[random.random_range(0..STATIONS.len())];
    let seconds = sent.as_secs().saturating_sub(random.random_range(0..SPAN));
    let time = Timestamp::from_second(seconds.try_into().unwrap_or(i64::MAX)).unwrap_or(Timestamp::UNIX_EPOCH);
    // Warm at the equator, cold towards the poles and on heights.
    let usual = 30.0 - latitude.abs() * 0.45 - elevation.max(0.0) * 0.006_5;
    let temperature = tenths(usual + random.random_range(-9.0..9.0));
    let conditions = match random.random_range(0..10) {
        0..4 => Conditions::Sunny,
        4..7 => Conditions::Cloudy,
        _ if temperature <= 1.0 => Conditions::Snow,
        _ => Conditions::Rain,
    };
    let is_wet = matches!(conditions, Conditions::Rain | Conditions::Snow);
    let (humidity, high) =
        if is_wet { (random.random_range(75..=100), -12.0) } else { (random.random_range(20..=80), 6.0) };
    Observation {
        station: station.to_owned(),
        position: Position { latitude, longitude, elevation },
        time: time.to_string(),
        conditions,
        temperature,
        pressure: tenths(1_013.0 + high + random.random_range(-12.0..12.0)),
        humidity,
    }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

impl Weather {
    /// What is wrong with it, if anything: how many there are, and whether such weather can be.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.weather_data.len() != OBSERVATIONS {
            return Err(format!("{} observations instead of {OBSERVATIONS}", self.weather_data.len()));
        }
        for it in &self.weather_data {
            let is_known = STATIONS.iter().any(|station| station.0 == it.station && station.1 == it.position.latitude);
            let can_be = (-40.0..=50.0).contains(&it.temperature)
                && (950.0..=1_060.0).contains(&it.pressure)
                && (1..=100).contains(&it.humidity)
                && (it.conditions != Conditions::Snow || it.temperature <= 1.0)
                && it.time.parse::<Timestamp>().is_ok();
            if !is_known || !can_be {
                return Err(format!("no such weather: {it:?}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_job_has_plausible_weather_which_is_its_own(id in ".{0,40}", sent in 0_u64..4_000_000_000) {
            let sent = Duration::from_secs(sent);
            let weather = of(&id, sent);
            prop_assert_eq!(weather.check(), Ok(()));
            prop_assert_eq!(&weather, &of(&id, sent), "a second try writes the same");
            prop_assert_ne!(&weather, &of(&format!("{id}."), sent));
            let text = serde_json::to_string(&weather).unwrap();
            let starts = text.starts_with(r#"{"weatherData":[{"station":"#);
            prop_assert!(starts, "{}", text);
            prop_assert_eq!(serde_json::from_str::<Weather>(&text).unwrap(), weather);
        }
    }
}
