//! Profiles with a name: a text that anybody could write.

/// A profile with a name.
#[derive(Debug)]
pub(crate) struct Named {
    pub name: &'static str,
    pub text: &'static str,
}

/// All of them.
pub(crate) const NAMED: [Named; 2] = [
    Named { name: "black-friday", text: "50/s:20s,50/s..1000/s:10s,1000/s:30s,1000/s..200/s:20s,200/s:40s" },
    // Night, morning, noon, evening: a day takes a day, and at `--clock x600` two and a half minutes.
    Named { name: "day", text: "0.3/s:6h,0.3/s..2/s:3h,2/s:3h,2/s..1/s:2h,1/s..3/s:4h,3/s..0.3/s:6h" },
];

/// The text of a name.
pub(super) fn text(name: &str) -> Option<&'static str> {
    NAMED.iter().find(|it| it.name == name).map(|it| it.text)
}
