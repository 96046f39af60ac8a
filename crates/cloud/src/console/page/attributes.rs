//! Message attributes as people write them into a form: a line each, `name=value` or `name:Type=value`.

/// An attribute: its name, its type and its value.
pub(super) type Attribute = (String, String, String);

/// Reads them.
///
/// # Errors
/// In words, with the line that is none.
pub(super) fn read(text: &str) -> Result<Vec<Attribute>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (name, value) = line
                .split_once('=')
                .ok_or_else(|| format!("{line:?} is no attribute: it is written name=value, or name:Number=1."))?;
            let (name, kind) = name.split_once(':').unwrap_or((name, "String"));
            Ok((name.trim().to_owned(), kind.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_lines() {
        let read = read("type=order_placed\n\n amount:Number = 12\nurl=a=b\n").unwrap();
        let expected = [("type", "String", "order_placed"), ("amount", "Number", "12"), ("url", "String", "a=b")];
        assert_eq!(read, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
        assert!(super::read("nothing").unwrap_err().contains("\"nothing\" is no attribute"));
    }
}
