//! Compiles a filter policy's JSON: the grammar, the order of its checks and the error texts are those of
//! AWS's open rule engine (Event Ruler), which SNS uses.

use super::cidr::IpRange;
use super::number::Number;
use super::rule::{Bound, Condition, Pattern};
use super::tokens::{Token, Tokens};
use super::wildcard::Wildcard;

/// More conditions than this in one branch are too complex by any count; no use in keeping them.
const MAX_CONDITIONS: usize = 64;
/// "Filter policy constraints in Amazon SNS": the combinations of a policy; a branch is at least one.
pub(super) const MAX_COMBINATIONS: usize = 150;
/// "Filter policy constraints in Amazon SNS": top-level keys; nested ones don't count.
pub(super) const MAX_KEYS: usize = 5;

/// One way for a message to match: all of its conditions hold. A policy without `$or` has one branch.
#[derive(Debug, Clone, Default)]
pub(super) struct Branch {
    /// Indexes of [`Compiled::conditions`].
    pub conditions: Vec<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub conditions: Vec<Condition>,
    /// How deep each condition's key lies: 1 is the top.
    pub depths: Vec<usize>,
    /// The top-level key over each condition, as an index of a list of their names.
    pub tops: Vec<usize>,
    /// How many keys the policy itself has, `$or` aside.
    pub root_keys: usize,
    pub branches: Vec<Branch>,
    /// Grew past any limit; what is above is cut off.
    pub overflow: bool,
}

/// `json` must be valid and compact.
pub(super) fn compile(json: &str) -> Result<Compiled, String> {
    let mut compiler = Compiler { tokens: Tokens::new(json), json, out: Compiled::default(), tops: Vec::new(), top: 0 };
    if compiler.tokens.next() != Token::ObjectStart {
        return Err(compiler.fail("Filter is not an object"));
    }
    compiler.read_object("", 1, false)?;
    Ok(compiler.out)
}

/// Reads a policy and puts its branches together.
pub(super) struct Compiler<'a> {
    pub(super) tokens: Tokens<'a>,
    json: &'a str,
    out: Compiled,
    /// The names of the top-level keys seen, and which of them is being read.
    tops: Vec<String>,
    top: usize,
}

/// Names that an object in `$or` may not have, present and future operators (Event Ruler).
const RESERVED_IN_OR: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

const ONE_KEY: &str = "Only one key allowed in match expression";
pub(super) const TOO_MANY: &str = "Too many elements in numeric expression";

impl Compiler<'_> {
    pub(super) fn fail(&self, message: &str) -> String {
        format!("{message}{}", self.tokens.location())
    }

    /// The text of the string just read, which moves the place of errors to its end.
    pub(super) fn take_string(&mut self, token: Token) -> Option<String> {
        self.tokens.finish_string();
        match token {
            Token::Str(s) => Some(s),
            _ => None,
        }
    }

    pub(super) fn expect(&mut self, wanted: Token, message: &str) -> Result<(), String> {
        match self.tokens.next() == wanted {
            true => Ok(()),
            false => Err(self.fail(message)),
        }
    }

    pub(super) fn expect_string(&mut self, message: &str) -> Result<String, String> {
        match self.tokens.next() {
            token @ Token::Str(_) => Ok(self.take_string(token).unwrap_or_default()),
            _ => Err(self.fail(message)),
        }
    }

    fn read_object(&mut self, path: &str, depth: usize, inside_or: bool) -> Result<(), String> {
        let mut empty = true;
        while let Token::Name(name) = self.tokens.next() {
            empty = false;
            if name == "$or" {
                self.read_or(path, depth)?;
                continue;
            }
            if inside_or && RESERVED_IN_OR.contains(&name.as_str()) {
                return Err(self.fail(&format!("{name} is Ruler reserved fieldName which cannot be used inside $or.")));
            }
            if depth == 1 {
                self.out.root_keys += usize::from(!inside_or);
                self.top = self.tops.iter().position(|t| *t == name).unwrap_or(self.tops.len());
                if self.top == self.tops.len() && !self.out.overflow {
                    self.tops.push(name.clone());
                    self.out.overflow |= self.tops.len() > MAX_KEYS * MAX_COMBINATIONS;
                }
            }
            let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match self.tokens.next() {
                Token::ObjectStart => self.read_object(&inner, depth + 1, inside_or)?,
                Token::ArrayStart => self.read_values(inner, depth)?,
                _ => return Err(self.fail(&format!("\"{name}\" must be an object or an array"))),
            }
        }
        if empty { Err(self.fail("Empty objects are not allowed")) } else { Ok(()) }
    }

    /// Every object of the list continues every branch made so far.
    fn read_or(&mut self, path: &str, depth: usize) -> Result<(), String> {
        let before = std::mem::take(&mut self.out.branches);
        self.expect(Token::ArrayStart, "It must be an Array followed with $or.")?;
        let (mut all, mut count) = (Vec::new(), 0);
        loop {
            match self.tokens.next() {
                Token::ArrayEnd => break,
                Token::ObjectStart => {
                    count += 1;
                    self.out.branches = before.clone();
                    self.read_object(path, depth, true)?;
                    all.append(&mut self.out.branches);
                    if all.len() > MAX_COMBINATIONS {
                        self.out.overflow = true;
                        all.truncate(1);
                    }
                }
                _ => return Err(self.fail("Only JSON object is allowed in array of $or relationship.")),
            }
        }
        self.out.branches = all;
        if count < 2 {
            return Err(self.fail("There must have at least 2 Objects in $or relationship."));
        }
        Ok(())
    }

    /// A key's list of values.
    fn read_values(&mut self, path: String, depth: usize) -> Result<(), String> {
        let start = self.tokens.position() - 1;
        let mut patterns = Vec::new();
        loop {
            patterns.push(match self.tokens.next() {
                Token::ArrayEnd => break,
                Token::ObjectStart => self.read_expression()?,
                token @ Token::Str(_) => {
                    let text = self.take_string(token).unwrap_or_default();
                    match IpRange::single(&text) {
                        Some(ip) => Pattern::Ip(ip),
                        None => Pattern::Str(text.into()),
                    }
                }
                Token::Number(text) => match Number::parse(&text) {
                    Some(n) => Pattern::Number(n),
                    None => return Err(self.fail(&format!("Cannot compare number : {text}"))),
                },
                Token::True => Pattern::Bool(true),
                Token::False => Pattern::Bool(false),
                Token::Null => Pattern::Null,
                _ => return Err(self.fail("Match value must be String, number, true, false, or null")),
            });
        }
        if patterns.is_empty() {
            return Err(self.fail("Empty arrays are not allowed"));
        }
        let source = self.json.get(start..self.tokens.position()).unwrap_or_default().into();
        self.add_condition(Condition { path: path.into(), patterns, source }, depth);
        Ok(())
    }

    /// Puts the condition into every branch; a second one for the same key takes the first one's place.
    fn add_condition(&mut self, condition: Condition, depth: usize) {
        if self.out.overflow {
            return;
        }
        let index = self.out.conditions.len();
        self.out.conditions.push(condition);
        self.out.depths.push(depth);
        self.out.tops.push(self.top);
        let path = &self.out.conditions[index].path;
        if self.out.branches.is_empty() {
            self.out.branches.push(Branch::default());
        }
        for branch in &mut self.out.branches {
            match branch.conditions.iter_mut().find(|c| self.out.conditions[**c].path == *path) {
                Some(same) => *same = index,
                None => branch.conditions.push(index),
            }
            self.out.overflow |= branch.conditions.len() > MAX_CONDITIONS;
        }
    }

    /// An object in a key's list, from after its brace to its closing one.
    fn read_expression(&mut self) -> Result<Pattern, String> {
        let Token::Name(operator) = self.tokens.next() else {
            return Err(self.fail("Match expression name not found"));
        };
        let pattern = match operator.as_str() {
            "exactly" => Pattern::Str(self.expect_string("exact match pattern must be a string")?.into()),
            "prefix" | "suffix" => self.read_prefix_or_suffix(&operator)?,
            "numeric" => {
                self.expect(Token::ArrayStart, "Value of numeric must be an array.")?;
                let range = self.read_numeric()?;
                self.expect(Token::ObjectEnd, TOO_MANY)?;
                return Ok(range);
            }
            "anything-but" => return self.read_anything_but(),
            "exists" => match self.tokens.next() {
                Token::True => Pattern::Exists,
                Token::False => Pattern::Absent,
                _ => return Err(self.fail("exists match pattern must be either true or false.")),
            },
            // The words are AWS's: its own check of `cidr` speaks of a prefix.
            "cidr" => Pattern::Ip(IpRange::parse(&self.expect_string("prefix match pattern must be a string")?)?),
            "equals-ignore-case" => Pattern::EqualsFold(Pattern::fold(
                &self.expect_string("equals-ignore-case match pattern must be a string")?,
            )),
            "wildcard" => {
                let text = self.expect_string("wildcard match pattern must be a string")?;
                Pattern::Wildcard(Wildcard::parse(&text).map_err(|e| self.fail(&e))?)
            }
            unknown => return Err(self.fail(&format!("Unrecognized match type {unknown}"))),
        };
        self.expect(Token::ObjectEnd, ONE_KEY)?;
        Ok(pattern)
    }

    fn read_prefix_or_suffix(&mut self, operator: &str) -> Result<Pattern, String> {
        let is_prefix = operator == "prefix";
        match self.tokens.next() {
            token @ Token::Str(_) => {
                let text = self.take_string(token).unwrap_or_default().into();
                Ok(if is_prefix { Pattern::Prefix(text) } else { Pattern::Suffix(text) })
            }
            Token::ObjectStart => {
                let title = if is_prefix { "Prefix" } else { "Suffix" };
                match self.tokens.next() {
                    Token::Name(name) if name == "equals-ignore-case" => {}
                    Token::Name(name) => return Err(self.fail(&format!("Unsupported {operator} pattern: {name}"))),
                    _ => return Err(self.fail(&format!("{title} expression name not found"))),
                }
                let text = Pattern::fold(&self.expect_string("equals-ignore-case match pattern must be a string")?);
                self.expect(Token::ObjectEnd, ONE_KEY)?;
                Ok(if is_prefix { Pattern::PrefixFold(text) } else { Pattern::SuffixFold(text) })
            }
            _ => Err(self.fail(&format!("{operator} match pattern must be a string"))),
        }
    }

    /// From after the bracket to the closing one: `"=", 1` or `">", 1` or `">=", 1, "<", 2`.
    fn read_numeric(&mut self) -> Result<Pattern, String> {
        let operator = match self.tokens.next() {
            token @ Token::Str(_) => self.take_string(token).unwrap_or_default(),
            other => return Err(self.fail(&format!("Invalid member in numeric match: {}", other.text()))),
        };
        let name = match operator.as_str() {
            "=" => "equals",
            ">" | ">=" | "<" | "<=" => &operator,
            _ => {
                self.tokens.next();
                return Err(self.fail(&format!("Unrecognized numeric range operator: {operator}")));
            }
        };
        let value = self.read_number(name)?;
        let bound = Some(Bound { value, inclusive: operator.ends_with('=') });
        if operator.starts_with('>') {
            return match self.tokens.next() {
                Token::ArrayEnd => Ok(Pattern::Range { low: bound, high: None }),
                token => self.read_upper_bound(token, value, bound),
            };
        }
        self.expect(Token::ArrayEnd, TOO_MANY)?;
        Ok(match operator.as_str() {
            "=" => Pattern::Number(value),
            _ => Pattern::Range { low: None, high: bound },
        })
    }

    fn read_upper_bound(&mut self, token: Token, bottom: Number, low: Option<Bound>) -> Result<Pattern, String> {
        let operator = match token {
            Token::Str(_) => self.take_string(token).unwrap_or_default(),
            other => return Err(self.fail(&format!("Bad value in numeric range: {}", other.text()))),
        };
        if operator != "<" && operator != "<=" {
            return Err(self.fail(&format!("Bad numeric range operator: {operator}")));
        }
        let top = self.read_number(&operator)?;
        self.expect(Token::ArrayEnd, "Too many terms in numeric range expression")?;
        if bottom.compare(top).is_ge() {
            return Err(self.fail("Bottom must be less than top"));
        }
        Ok(Pattern::Range { low, high: Some(Bound { value: top, inclusive: operator == "<=" }) })
    }

    fn read_number(&mut self, name: &str) -> Result<Number, String> {
        let Token::Number(text) = self.tokens.next() else {
            return Err(self.fail(&format!("Value of {name} must be numeric")));
        };
        match Number::parse(&text) {
            Some(n) if n.in_policy_range() => Ok(n),
            // The limit is documented ("Filter policy constraints in Amazon SNS"); its wording is Event Ruler's.
            _ => Err(self.fail("Value must be between -1.0E9 and 1.0E9, inclusive")),
        }
    }
}
