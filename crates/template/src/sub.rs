//! The text of a `Fn::Sub`: what stands in it as it is, and what is replaced.

use serde_json::{Map, Value};

use crate::error::{Invalid, Result};

/// A piece of a text given to `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Text(&'a str),
    /// `${!Name}` stands for the text `${Name}`.
    Literal(&'a str),
    Variable(&'a str),
}

/// Cuts the text of a `Fn::Sub` into pieces.
pub(crate) fn pieces(mut rest: &str) -> Result<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        if start > 0 {
            pieces.push(Piece::Text(&rest[..start]));
        }
        let name = &rest[start + 2..start + length];
        pieces.push(match name.strip_prefix('!') {
            Some(literal) => Piece::Literal(literal),
            None => Piece::Variable(variable(name)?),
        });
        rest = &rest[start + length + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

fn variable(name: &str) -> Result<&str> {
    let name = name.trim();
    if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':')) {
        Ok(name)
    } else {
        Err(Invalid::new(
            "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons",
        ))
    }
}

/// Text and local variables of a `Fn::Sub`.
pub(crate) fn sub_arguments(argument: &Value) -> Result<(&str, Option<&Map<String, Value>>)> {
    match argument {
        Value::String(text) => Ok((text, None)),
        Value::Array(items) => match items.as_slice() {
            [Value::String(text)] => Ok((text, None)),
            [Value::String(text), Value::Object(locals)] => Ok((text, Some(locals))),
            _ => Err(bad_sub()),
        },
        _ => Err(bad_sub()),
    }
}

fn bad_sub() -> Invalid {
    Invalid::new(
        "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_a_sub() {
        use Piece::*;
        let found = pieces("a${B}${!C}${D.E} $x ${AWS::Region}${").unwrap();
        let expected = [
            Text("a"),
            Variable("B"),
            Literal("C"),
            Variable("D.E"),
            Text(" $x "),
            Variable("AWS::Region"),
            Text("${"),
        ];
        assert_eq!(found, expected);
        assert!(pieces("${a-b}").is_err());
    }
}
