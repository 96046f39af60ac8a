//! HTML that can't be wrong by forgetting: what is put into a template is escaped, and only texts of the program are templates.

use std::borrow::Cow;

use chart::escape;

/// A part of a page.
#[derive(Debug, Clone, Default)]
pub(super) struct Html(String);

/// What can stand in a page.
pub(super) trait Show {
    /// Puts it at the end of a page.
    fn show(&self, page: &mut String);
}

impl Html {
    /// A template with its values.
    pub(super) fn of(template: &'static str, values: &[&dyn Show]) -> Self {
        let mut html = Self::default();
        html.put(template, values);
        html
    }

    /// A drawing, which has escaped what is in it.
    pub(super) fn drawing(svg: String) -> Self {
        Self(svg)
    }

    /// Puts a template at the end, a value for each `{}` of it.
    pub(super) fn put(&mut self, template: &'static str, values: &[&dyn Show]) -> &mut Self {
        let mut values = values.iter();
        let mut parts = template.split("{}");
        self.0.push_str(parts.next().unwrap_or_default());
        for part in parts {
            // Without a value for each gap a page is wrong wherever it is seen: tests see every one.
            let value = values.next();
            debug_assert!(value.is_some(), "too few values for {template}");
            if let Some(value) = value {
                value.show(&mut self.0);
            }
            self.0.push_str(part);
        }
        debug_assert!(values.next().is_none(), "too many values for {template}");
        self
    }

    /// Puts a part at the end.
    pub(super) fn add(&mut self, part: &Html) -> &mut Self {
        self.0.push_str(&part.0);
        self
    }

    /// Whether nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The page as text.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

impl FromIterator<Html> for Html {
    fn from_iter<T: IntoIterator<Item = Html>>(parts: T) -> Self {
        let mut all = Self::default();
        parts.into_iter().for_each(|part| all.0.push_str(&part.0));
        all
    }
}

impl Show for Html {
    fn show(&self, page: &mut String) {
        page.push_str(&self.0);
    }
}

impl Show for &str {
    fn show(&self, page: &mut String) {
        page.push_str(&escape(self));
    }
}

impl Show for String {
    fn show(&self, page: &mut String) {
        page.push_str(&escape(self));
    }
}

impl Show for Cow<'_, str> {
    fn show(&self, page: &mut String) {
        page.push_str(&escape(self));
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self, page: &mut String) {
        if let Some(value) = self {
            value.show(page);
        }
    }
}

impl Show for u64 {
    fn show(&self, page: &mut String) {
        page.push_str(&grouped(*self));
    }
}

impl Show for usize {
    fn show(&self, page: &mut String) {
        page.push_str(&grouped(*self as u64));
    }
}

impl Show for u32 {
    fn show(&self, page: &mut String) {
        page.push_str(&grouped(u64::from(*self)));
    }
}

/// A number with its digits in groups of three.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_a_template_is_escaped_and_templates_are_not() {
        let hostile = "<script>\"'&".to_owned();
        let inner = Html::of("<b>{}</b>", &[&hostile]);
        let html = Html::of("<p title=\"{}\">{} {}</p>", &[&hostile.as_str(), &inner, &1_234_567_u64]);
        let escaped = "&lt;script&gt;&quot;&#39;&amp;";
        assert_eq!(html.into_text(), format!("<p title=\"{escaped}\"><b>{escaped}</b> 1,234,567</p>"));
        // A value that looks like a template is none.
        assert_eq!(Html::of("{}-{}", &[&"{}", &None::<String>]).into_text(), "{}-");
        assert_eq!([0, 12, 123, 1_000].map(grouped), ["0", "12", "123", "1,000"]);
    }
}
