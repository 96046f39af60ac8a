//! What stands behind `as`: variables, and what takes lists and objects apart.

use super::literals::key;
use super::scope::Name;
use super::{Parser, Result};
use crate::ast::{Ast, Constant, Format, Pattern, Patterns};
use crate::value::Val;

impl Parser<'_> {
    /// Patterns with `?//` between them. Their variables are defined from here on.
    pub(super) fn patterns(&mut self) -> Result<Patterns> {
        let mut names = Vec::new();
        let mut patterns = vec![self.pattern(&mut names)?];
        while self.eat("?//") {
            patterns.push(self.pattern(&mut names)?);
        }
        let variables = names.len();
        for name in names {
            self.scope.push(Name::Variable(name));
        }
        Ok(Patterns { patterns, variables })
    }

    fn pattern(&mut self, names: &mut Vec<String>) -> Result<Pattern> {
        self.nodes += 1;
        self.deeper(|parser| {
            if parser.eat("$") {
                return parser.place(names).map(Pattern::Variable);
            }
            if parser.eat("[") {
                let mut items = vec![parser.pattern(names)?];
                while parser.eat(",") {
                    items.push(parser.pattern(names)?);
                }
                parser.expect("]")?;
                return Ok(Pattern::List(items));
            }
            parser.expect("{")?;
            let mut members = vec![parser.member(names)?];
            while parser.eat(",") {
                members.push(parser.member(names)?);
            }
            parser.expect("}")?;
            Ok(Pattern::Object(members))
        })
    }

    /// The place of a variable whose name stands here.
    fn place(&mut self, names: &mut Vec<String>) -> Result<usize> {
        let name = self.name()?;
        if let Some(place) = names.iter().position(|known| known == name) {
            return Ok(place);
        }
        names.push(name.to_owned());
        Ok(names.len() - 1)
    }

    fn member(&mut self, names: &mut Vec<String>) -> Result<(Option<usize>, Ast, Option<Pattern>)> {
        self.nodes += 1;
        if self.eat("$") {
            let place = self.place(names)?;
            let name = Ast::Literal(Constant(Val::text(&names[place])));
            let inner = if self.eat(":") { Some(self.pattern(names)?) } else { None };
            return Ok((Some(place), name, inner));
        }
        let name = if self.eat("(") {
            let name = self.pipe()?;
            self.expect(")")?;
            name
        } else if self.at_symbol("\"") || self.at_symbol("@") {
            let format = if self.eat("@") { self.format()? } else { Format::Text };
            self.string(format)?
        } else {
            key(self.word().ok_or_else(|| self.unexpected())?)
        };
        self.expect(":")?;
        Ok((None, name, Some(self.pattern(names)?)))
    }
}
