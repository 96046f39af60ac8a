//! A value that is written, and what it may be after a crash: the last acknowledged one, or one whose write nobody answered.

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Register<T> {
    known: T,
    maybe: Vec<T>,
}

impl<T: PartialEq + Clone> Register<T> {
    pub(crate) fn new(known: T) -> Self {
        Self { known, maybe: Vec::new() }
    }

    /// Before a write is sent.
    pub(crate) fn writes(&mut self, value: T) {
        self.maybe.push(value);
    }

    /// The write was acknowledged.
    pub(crate) fn wrote(&mut self, value: T) {
        *self = Self::new(value);
    }

    /// The last write was refused, so it didn't happen.
    pub(crate) fn refused(&mut self) {
        self.maybe.pop();
    }

    /// What is there was read: whether that can be. From then on it is known.
    pub(crate) fn read(&mut self, value: T) -> bool {
        let possible = self.known == value || self.maybe.contains(&value);
        self.wrote(value);
        possible
    }

    /// Whether a write has no answer.
    pub(crate) fn unsure(&self) -> bool {
        !self.maybe.is_empty()
    }

    /// What it may be.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.known).chain(&self.maybe)
    }
}
