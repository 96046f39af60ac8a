//! The functions of jq that are written in jq: read once, for all queries.

use std::sync::LazyLock;

use crate::ast::Definition;
use crate::syntax::{Globals, define};

/// The definitions, and the numbers that their names stand for.
pub(crate) struct Prelude {
    pub definitions: Vec<Definition>,
    pub globals: Globals,
}

pub(crate) static PRELUDE: LazyLock<Prelude> = LazyLock::new(|| {
    let mut globals = Globals::default();
    // A text of the program itself; a test reads it.
    let definitions = define(include_str!("prelude.jq"), &mut globals).unwrap_or_default();
    Prelude { definitions, globals }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prelude_is_read() {
        define(include_str!("prelude.jq"), &mut Globals::default()).unwrap();
    }
}
