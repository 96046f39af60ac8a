//! What didn't go as somebody may have expected.

use super::html::Html;
use super::parts::moment;

/// The page; `notices` are the oldest first.
pub(super) fn page(notices: &[(u64, String)]) -> Html {
    let all: Html = notices
        .iter()
        .rev()
        .map(|(at, text)| Html::of("<li><span class=\"faint\">{}</span> {}</li>\n", &[&moment(*at), text]))
        .collect();
    let all = match all.is_empty() {
        true => Html::of("<p>Everything went as was to be expected.</p>", &[]),
        false => Html::of("<ol class=\"steps\" reversed>{}</ol>", &[&all]),
    };
    Html::of(
        "<p class=\"faint\">What didn't go as somebody may have expected, the newest first: in all accounts.</p>\n\
         <section id=\"notices\" data-refresh>{}</section>",
        &[&all],
    )
}
