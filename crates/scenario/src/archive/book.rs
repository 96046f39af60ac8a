//! A book, as a message has it.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::repair::repair;

/// An id has at most so many bytes: it goes on in the message that says where the book lies.
const MAX_ID: usize = 1_024;

/// A book, as a message has it.
#[derive(Debug, PartialEq)]
pub(super) struct Book {
    /// Its title, which names its object.
    pub title: String,
    /// Its genre as the producer wrote it.
    pub genre: String,
    /// The producer's own id of it, where it has one.
    pub id: Option<String>,
    /// The message as valid JSON: the object's content. It is the message's own text, not written anew, so that further
    /// members, their order and the digits of numbers are what they were.
    pub text: String,
    /// How many raw control characters were mended in it.
    pub mended: usize,
}

/// Reads a message's body.
///
/// # Errors
/// A sentence that says what is wrong with it: it isn't a JSON object, has no title or no genre, or an id that is too long.
pub(super) fn read(body: &str) -> Result<Book, String> {
    // Some editors put a byte order mark at the top of what they save.
    let json = body.trim_start_matches('\u{feff}');
    let (text, mended, members) = match serde_json::from_str::<Members>(json) {
        Ok(members) => (json.to_owned(), 0, members),
        Err(_) => {
            let (text, mended) = repair(json);
            let members = serde_json::from_str(&text).map_err(|why| format!("it isn't a book as JSON: {why}"))?;
            (text, mended, members)
        }
    };
    let title = members.title.ok_or("it has no title")?;
    let genre = members.genre.ok_or("it has no genre")?;
    if title.trim().is_empty() {
        return Err("its title is empty".into());
    }
    if genre.trim().is_empty() {
        return Err("its genre is empty".into());
    }
    if let Some(id) = members.id.as_ref().filter(|id| id.len() > MAX_ID) {
        return Err(format!("its id has {} bytes, and {MAX_ID} is the most", id.len()));
    }
    Ok(Book { title, genre, id: members.id, text, mended })
}

/// The members that decide where a book goes. The others are only checked to be JSON.
#[derive(Default)]
struct Members {
    title: Option<String>,
    genre: Option<String>,
    id: Option<String>,
}

/// A text, or a number as it is written: some producers send the title 1984 so.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            _ => Err(de::Error::custom("title, genre and id are texts")),
        }
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with title and genre")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key::<String>()? {
            let place = match name.as_str() {
                "title" => &mut members.title,
                "genre" => &mut members.genre,
                "id" => &mut members.id,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            // Readers of JSON differ in which of two they take: nobody can say where such a book belongs.
            if place.is_some() {
                return Err(de::Error::custom(format!("it has the member {name} twice")));
            }
            *place = map.next_value::<Option<Text>>()?.map(|text| text.0);
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOOK: &str =
        r#"{"id":"12345","title":"LoremIpsum","author":"John Doe","year":"1960","genre":"romance","summary":"..."}"#;

    #[test]
    fn a_book_is_kept_as_it_was_sent() {
        let book = read(BOOK).unwrap();
        assert_eq!(
            (book.title.as_str(), book.genre.as_str(), book.id.as_deref()),
            ("LoremIpsum", "romance", Some("12345"))
        );
        assert_eq!((book.text.as_str(), book.mended), (BOOK, 0));
        let odd = r#" {"title":"T","genre":"g","year":1960.00,"isbn":98765432109876543210,"big":1e999,"tags":["a",{}],"x":1,"x":2}"#;
        assert_eq!(read(odd).unwrap().text, odd);
        let deep = format!("{{\"title\":\"t\",\"genre\":\"g\",\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read(&deep).unwrap().text == deep);
        assert_eq!(read("\u{feff}{\"title\":1984,\"genre\":\"g\",\"id\":7}").unwrap().title, "1984");
    }

    #[test]
    fn an_id_is_no_longer_than_can_be_told() {
        let of = |n: usize| format!("{{\"title\":\"t\",\"genre\":\"g\",\"id\":\"{}\"}}", "i".repeat(n));
        assert_eq!(read(&of(MAX_ID)).unwrap().id.unwrap().len(), MAX_ID);
        assert_eq!(read(&of(MAX_ID + 1)).unwrap_err(), "its id has 1025 bytes, and 1024 is the most");
    }

    #[test]
    fn raw_line_breaks_in_a_text_are_mended() {
        let raw = "{\"id\":\"1\",\"title\":\"Two\nlines\",\"genre\":\"scifi\",\"summary\":\"one\r\n\ttwo\"}";
        let book = read(raw).unwrap();
        assert_eq!((book.title.as_str(), book.mended), ("Two\nlines", 4));
        let value: serde_json::Value = serde_json::from_str(&book.text).unwrap();
        assert_eq!(value["summary"], "one\r\n\ttwo");
    }

    #[test]
    fn what_is_no_book_says_why() {
        for (body, why) in [
            ("", "EOF"),
            ("{\"title\":\"cut", "EOF"),
            ("[1]", "expected an object"),
            ("\"text\"", "expected an object"),
            ("{\"genre\":\"g\"}", "no title"),
            ("{\"title\":\"t\"}", "no genre"),
            ("{\"title\":\"t\",\"genre\":null}", "no genre"),
            ("{\"title\":\"  \",\"genre\":\"g\"}", "title is empty"),
            ("{\"title\":\"t\",\"genre\":\"\\n\"}", "genre is empty"),
            ("{\"title\":[],\"genre\":\"g\"}", "are texts"),
            ("{\"title\":\"t\",\"genre\":\"g\",\"genre\":\"h\"}", "genre twice"),
            ("{\"title\":\"t\",\"genre\":\"g\"} x", "trailing"),
            ("{\"title\":\"t\",\"genre\":\"g\",\"x\":\"line\\\nbreak\"}", "escape"),
        ] {
            let told = read(body).unwrap_err();
            assert!(told.contains(why), "{why:?}: {told}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused_and_what_is_read_is_json(body in ".*", title in ".*") {
            _ = read(&body);
            let raw = format!("{{\"title\":\"{title}\",\"genre\":\"g\"}}");
            if let Ok(book) = read(&raw) {
                let value: serde_json::Value = serde_json::from_str(&book.text).unwrap();
                prop_assert_eq!(value["title"].as_str(), Some(book.title.as_str()));
            }
        }
    }
}
