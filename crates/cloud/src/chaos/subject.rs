//! What rules are asked for.

/// What a rule may strike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// Whose it is, or who asks.
    pub account: &'a str,
    pub region: &'a str,
    pub service: &'a str,
    /// Empty where it is no operation.
    pub operation: &'a str,
    /// What it is about: names and ARNs, any of which a rule may mean.
    pub names: &'a [&'a str],
}
