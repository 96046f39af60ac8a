//! The names of regions: which can be one, and which is meant by one that can't.

use text::regions;

/// The regions of AWS's other partitions, whose names may be meant too.
const OTHERS: [&str; 4] = ["cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1"];
/// So many characters are wrong at most in a name that means another.
const NEAR: usize = 2;

/// A region's name as it is given. It is a part of the addresses of AWS: nothing else may come in by it.
pub(super) fn region(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let ends = text.starts_with('-') || text.ends_with('-');
    let can_be_one = !text.is_empty() && text.len() <= 63 && !ends && text.chars().all(good);
    // Other clouds have regions with names of one word.
    let one_word = can_be_one && text.chars().all(|c| c.is_ascii_lowercase());
    if can_be_one && (regions::is_shaped(text) || (one_word && meant(text).is_none())) {
        return Ok(text.to_owned());
    }
    match meant(text) {
        Some(meant) => Err(format!("this isn't the name of a region; {meant} is")),
        None => Err("a region like us-east-1 is needed".into()),
    }
}

/// The region that is meant by a name that is nearly its own.
fn meant(text: &str) -> Option<&'static str> {
    // What is longer is no region's name, and costs time.
    let text: String = text.to_ascii_lowercase().chars().take(40).collect();
    let known = regions::COMMERCIAL.into_iter().chain(OTHERS);
    let near = known.map(|known| (strsim::levenshtein(&text, known), known)).min()?;
    (near.0 <= NEAR).then_some(near.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_a_name() {
        for name in ["us-east-1", "eu-isoe-west-1", "local", "xx-mars-12"] {
            assert!(region(name).is_ok(), "{name}");
        }
        for name in ["../x", "", "us east", "a.b", "-a", "US", "é", "us-east-1a", "us--1", "us-1", "useast1a2"] {
            assert!(region(name).is_err(), "{name}");
        }
        assert!(region(&"a-".repeat(1_000_000)).is_err());
    }

    #[test]
    fn a_near_miss_is_told_the_name() {
        for (name, meant) in [
            ("us-east1", "us-east-1"),
            ("us-east", "us-east-1"),
            ("useast1", "us-east-1"),
            ("US-East-1", "us-east-1"),
            ("eu-west-1a", "eu-west-1"),
            ("eu_central_1", "eu-central-1"),
        ] {
            assert_eq!(region(name), Err(format!("this isn't the name of a region; {meant} is")), "{name}");
        }
        assert_eq!(region("nowhere-at-all"), Err("a region like us-east-1 is needed".into()));
    }
}
