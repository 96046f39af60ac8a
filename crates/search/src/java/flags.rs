//! Flags of a pattern.

/// Flags, as `(?idmsuxU)` sets them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) ignore_case: bool,
    pub(super) unix_lines: bool,
    pub(super) many_lines: bool,
    pub(super) dot_all: bool,
    pub(super) unicode_case: bool,
    pub(super) comments: bool,
    pub(super) unicode_class: bool,
}

impl Flags {
    /// Sets or clears a flag; false if there is none of this letter.
    pub(super) fn set(&mut self, letter: char, on: bool) -> bool {
        match letter {
            'i' => self.ignore_case = on,
            'd' => self.unix_lines = on,
            'm' => self.many_lines = on,
            's' => self.dot_all = on,
            'u' => self.unicode_case = on,
            'x' => self.comments = on,
            'U' => (self.unicode_class, self.unicode_case) = (on, on),
            // Canonical equivalence: Java takes the letter and does nothing more.
            'c' => {}
            _ => return false,
        }
        true
    }
}
