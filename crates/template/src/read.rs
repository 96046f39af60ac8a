//! From a template's text to a checked [`Template`].

use crate::check;
use crate::error::Result;
use crate::include;
use crate::model::Template;
use crate::parameters::Texts;
use crate::parse;
use crate::pseudo::Pseudo;
use crate::structure;
use crate::transform;

impl Template {
    /// Reads a template. Its loops go over the defaults of its parameters.
    ///
    /// # Errors
    /// AWS's message for the first mistake.
    pub fn read(text: &str) -> Result<Self> {
        Self::read_given(text, &Texts::new(), &Pseudo::default())
    }

    /// Reads a template: parses it, unrolls its loops (`Fn::ForEach`), checks its form and every reference. `given` are the
    /// texts of parameters, since a loop may go over a parameter's values, or over what a mapping has for a region.
    ///
    /// # Errors
    /// AWS's message for the first mistake.
    pub fn read_given(text: &str, given: &Texts, pseudo: &Pseudo) -> Result<Self> {
        let tree = parse::parse(text)?;
        let tree = transform::apply(tree, given, pseudo)?;
        let template = structure::check(tree)?;
        check::check(&template)?;
        Ok(template)
    }

    /// Reads a template of which nobody has to know the values of its parameters. Where a loop goes over one that has none, or files
    /// are included, what the template refers to isn't looked at: it may be what the loop makes, or a file says.
    ///
    /// # Errors
    /// AWS's message for the first mistake.
    pub fn read_undecided(text: &str, given: &Texts, pseudo: &Pseudo) -> Result<Self> {
        let mut tree = parse::parse(text)?;
        let lacks = include::leave_out(&mut tree);
        let sketch = transform::sketch(tree, given, pseudo)?;
        let template = structure::check(sketch.tree)?;
        if sketch.complete && !lacks {
            check::check(&template)?;
        }
        Ok(template)
    }
}
