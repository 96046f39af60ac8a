//! The books that publishers send: good ones, odd ones, and a known number of those that can't be filed.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

const FIRST: [&str; 10] =
    ["Silent", "Crimson", "Borrowed", "Last", "Hollow", "Winter", "Glass", "Restless", "Second", "Paper"];
const LAST: [&str; 10] =
    ["Harbour", "Orchard", "Signal", "Garden", "Meridian", "Letter", "Moon", "Archive", "River", "Engine"];
const AUTHORS: [&str; 6] = ["Ada Falk", "John Doe", "Mei Tan", "Ruth Okoro", "Jorge Lima", "Ines Weiß"];
/// Each genre as producers write it.
const GENRES: [(&str, &[&str]); 4] = [
    ("scifi", &["scifi", "Scifi", "Sci-Fi", " SCIFI "]),
    ("romance", &["romance", "Romance"]),
    ("fantasy", &["fantasy", "Fantasy"]),
    ("mystery", &["mystery", "MYSTERY"]),
];

/// A book that is sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Story {
    /// The message's body.
    pub body: String,
    /// What is to become of it.
    pub end: End,
}

/// What is to become of a book.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum End {
    /// An object of this genre that equals this.
    Filed {
        /// The genre's name.
        genre: &'static str,
        /// The message.
        book: Value,
    },
    /// Nothing more than became of the one before: it is the same book again.
    AsBefore,
    /// A dead letter whose reason has these words.
    Dead(&'static str),
}

/// The id of a book of a run.
pub(super) fn id(run: &str, n: usize) -> String {
    format!("{run}-{n}")
}

/// The number of the book that a text speaks of.
pub(super) fn number(run: &str, text: &str) -> Option<usize> {
    let (_, rest) = text.split_once(&format!("{run}-"))?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
}

/// A run's name, and its books: the same for the same seed but for the name, as the books of an earlier run may lie in the
/// buckets.
pub(super) fn write(seed: u64, count: u64) -> (String, Vec<Story>) {
    let run = format!("{:08x}", rand::random::<u32>());
    let mut random = StdRng::seed_from_u64(seed);
    let mut stories: Vec<Story> = Vec::new();
    for n in 0..usize::try_from(count).unwrap_or(usize::MAX) {
        let before = stories.last().cloned();
        stories.push(one(&run, n, &mut random, before));
    }
    (run, stories)
}

fn one(run: &str, n: usize, random: &mut StdRng, before: Option<Story>) -> Story {
    let id = id(run, n);
    let pick = |random: &mut StdRng, words: &[&'static str]| words[random.random_range(0..words.len())];
    let (genre, spellings) = GENRES[random.random_range(0..GENRES.len())];
    let mut book = json!({
        "id": id,
        "title": format!("The {} {} {id}", pick(random, &FIRST), pick(random, &LAST)),
        "author": pick(random, &AUTHORS),
        "year": random.random_range(1900..2030).to_string(),
        "genre": pick(random, spellings),
        "summary": format!("A {} in {} parts.\nThe rest is silence.", pick(random, &LAST), random.random_range(1..9)),
    });
    let filed = |book: Value, body: String| Story { body, end: End::Filed { genre, book } };
    match n % 20 {
        // Raw line breaks, as some producers send them.
        3 => {
            let body = book.to_string().replace("\\n", "\n");
            filed(book, body)
        }
        5 | 15 => {
            book["title"] = odd_title(n / 10, &id).into();
            book["isbn"] = json!({ "ean": 9_783_161_484_100_u64, "old": null });
            filed(book.clone(), book.to_string())
        }
        7 => {
            book["genre"] = "cookery".into();
            Story { body: book.to_string(), end: End::Dead("unknown genre") }
        }
        // Another text of the same title.
        9 => match before {
            Some(Story { end: End::Filed { genre, book: before }, .. }) => {
                book["title"] = before["title"].clone();
                book["genre"] = genre.into();
                Story { body: book.to_string(), end: End::Filed { genre, book } }
            }
            _ => filed(book.clone(), book.to_string()),
        },
        11 => match before {
            Some(Story { body, end: End::Filed { .. } }) => Story { body, end: End::AsBefore },
            _ => filed(book.clone(), book.to_string()),
        },
        13 if n % 40 == 13 => {
            let mut body = book.to_string();
            body.truncate(body.len() / 2);
            Story { body, end: End::Dead("it isn't a book as JSON") }
        }
        13 => {
            book["title"] = Value::Null;
            Story { body: book.to_string(), end: End::Dead("it has no title") }
        }
        _ => filed(book.clone(), book.to_string()),
    }
}

fn odd_title(n: usize, id: &str) -> String {
    match n % 9 {
        0 => format!("Either/Or {id}"),
        1 => format!("../../etc/{id}"),
        2 => format!("100 % of {id} ~ for real"),
        3 => format!("日本語の本 📚 {id}"),
        4 => format!("Two\nlines\tof {id}"),
        5 => format!("{} {id}", "Long".repeat(500)),
        6 => format!("{id}.."),
        7 => format!("Back\\slash \u{0}\u{1f} {id}"),
        _ => format!("Cafe\u{301} ?&=+#<>\" {id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_books() {
        let ((run, one), (other, two)) = (write(7, 200), write(7, 200));
        assert_ne!(run, other);
        for (n, (one, two)) in one.iter().zip(&two).enumerate() {
            assert_eq!(one.body.replace(&run, &other), two.body);
            let named = if one.end == End::AsBefore { n - 1 } else { n };
            assert_eq!(number(&run, &one.body), Some(named), "{}", one.body);
        }
        let dead = one.iter().filter(|story| matches!(story.end, End::Dead(_))).count();
        let again = one.iter().filter(|story| story.end == End::AsBefore).count();
        assert_eq!((dead, again), (20, 10));
        assert_ne!(write(8, 200).1[0].body.replace(&write(8, 0).0, ""), one[0].body);
    }
}
