//! What streams landed, as JSON has it: of one stream an object, of several a list.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Landed;

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(Box<Landed>),
    More(Vec<Landed>),
}

pub(super) fn serialize<S: Serializer>(landed: &[Landed], out: S) -> Result<S::Ok, S::Error> {
    match landed {
        [one] => one.serialize(out),
        more => more.serialize(out),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Landed>, D::Error> {
    Ok(match OneOrMore::deserialize(from)? {
        OneOrMore::One(landed) => vec![*landed],
        OneOrMore::More(landed) => landed,
    })
}
