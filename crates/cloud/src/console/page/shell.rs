//! What stands round every page: where one is, where one can go, of which account and region it is, and whether it is live.

use super::html::Html;
use super::parts::{choice, cli};
use super::scope::{BASE, Scope};
use crate::console::view::overview::Overview;

/// The parts of the console: their addresses and names, in the order of the way of a message.
const SECTIONS: [(&str, &str); 10] = [
    ("", "Overview"),
    ("/topics", "Topics"),
    ("/queues", "Queues"),
    ("/streams", "Streams"),
    ("/buckets", "Buckets"),
    ("/stacks", "Stacks"),
    ("/messages", "Messages"),
    ("/charts", "Charts"),
    ("/chaos", "Chaos and clock"),
    ("/notices", "Notices"),
];

/// What every page knows.
pub(super) struct Shell {
    pub(super) scope: Scope,
    pub(super) overview: Overview,
    /// The part of the console that the page belongs to: its address.
    pub(super) section: &'static str,
    /// Whether whoever sees it has signed in, and can sign out.
    pub(super) signed_in: bool,
}

/// The part of the console that the first part of an address leads to.
pub(super) fn section(first: &str) -> &'static str {
    let found = SECTIONS.iter().find(|(address, _)| address.strip_prefix('/') == Some(first));
    found.map_or("", |(address, _)| address)
}

/// What became of an action.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub(super) failed: bool,
    /// In words.
    pub(super) told: Html,
    /// The line for the shell that does the same.
    pub(super) cli: Option<String>,
}

impl Done {
    fn html(&self) -> Html {
        let (class, word) = if self.failed { ("result failed", "Not done: ") } else { ("result", "Done: ") };
        let line = match &self.cli {
            Some(line) => Html::of("<p class=\"faint\">The AWS CLI does the same by:</p>{}", &[&cli(line)]),
            None => Html::default(),
        };
        Html::of("<div class=\"{}\"><p><b>{}</b>{}</p>{}</div>", &[&class, &word, &self.told, &line])
    }
}

/// A page.
pub(super) fn page(shell: &Shell, title: &str, done: Option<&Done>, main: &Html) -> String {
    let overview = &shell.overview;
    let rate = match overview.clock.as_str() {
        "frozen" => "0",
        clock => clock.strip_prefix('x').unwrap_or("1"),
    };
    let refuses = match &overview.refuses {
        Some(why) => Html::of("<p class=\"bad\" role=\"alert\">The cloud takes no changes: {}</p>\n", &[why]),
        None => Html::default(),
    };
    let result = done.map(Done::html).unwrap_or_default();
    let events = shell.scope.address("/_messaging/api/v1/events", &[]);
    Html::of(
        "{}<body data-now=\"{}\" data-rate=\"{}\" data-events=\"{}\">\n<a class=\"skip\" href=\"#main\">To the page itself</a>\n\
         <header class=\"top\">{}</header>\n<main id=\"main\">\n<h1>{}</h1>\n{}<div id=\"result\" aria-live=\"polite\">{}</div>\n{}\
         </main>\n<footer class=\"faint\"><p>messaging {}, durability {}, clock {}; all times are UTC</p></footer>\n</body></html>\n",
        &[
            &head(title),
            &overview.now.to_string(),
            &rate,
            &events,
            &top(shell),
            &title,
            &refuses,
            &result,
            main,
            &overview.version,
            &overview.durability,
            &overview.clock,
        ],
    )
    .into_text()
}

/// What a page begins with.
fn head(title: &str) -> Html {
    Html::of(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{} · messaging</title><link rel=\"stylesheet\" href=\"/_messaging/console/console.css\">\
         <link rel=\"icon\" href=\"data:,\"><script src=\"/_messaging/console/console.js\" defer></script></head>\n",
        &[&title],
    )
}

fn top(shell: &Shell) -> Html {
    let Shell { scope, overview, section, signed_in } = shell;
    let sections: Html = SECTIONS
        .iter()
        .map(|(address, name)| {
            let link = scope.link(address, &[]);
            let news =
                if *address == "/notices" { Html::of("<span id=\"news\"></span>", &[]) } else { Html::default() };
            match address == section {
                true => Html::of("<li><a href=\"{}\" aria-current=\"page\">{}{}</a></li>", &[&link, name, &news]),
                false => Html::of("<li><a href=\"{}\">{}{}</a></li>", &[&link, name, &news]),
            }
        })
        .collect();
    let mut accounts: Vec<(&str, &str)> = overview.accounts.iter().map(|it| (it.as_str(), it.as_str())).collect();
    if !overview.accounts.contains(&overview.account) {
        accounts.push((&overview.account, &overview.account));
    }
    let mut regions = vec![("", "all regions")];
    regions.extend(overview.regions.iter().map(|it| (it.as_str(), it.as_str())));
    let region = scope.region.as_deref().unwrap_or_default();
    if !regions.iter().any(|(name, _)| *name == region) {
        regions.push((region, region));
    }
    let chooser = Html::of(
        "<form method=\"get\" action=\"{}{}\" aria-label=\"Account and region\">{}{}<button>Show</button></form>",
        &[
            &BASE,
            section,
            &choice("account", "Account ", &accounts, &overview.account),
            &choice("region", "Region ", &regions, region),
        ],
    );
    let sign_out = match signed_in {
        true => Html::of("<form method=\"post\" action=\"/_messaging/sign-out\"><button>Sign out</button></form>", &[]),
        false => Html::default(),
    };
    Html::of(
        "<a class=\"home\" href=\"{}\">messaging</a><nav aria-label=\"Parts of the console\"><ul>{}</ul></nav>{}\
         <div class=\"state\">{}<p id=\"live\" role=\"status\"></p><button id=\"pause\" type=\"button\" hidden>Pause</button></div>",
        &[&scope.link("", &[]), &sections, &chooser, &sign_out],
    )
}

/// The page on which one signs in; `why` says what was wrong with the last try.
pub(crate) fn sign_in(why: Option<&str>) -> String {
    let wrong = match why {
        Some(why) => Html::of("<p class=\"bad\" role=\"alert\">{}</p>\n", &[&why]),
        None => Html::default(),
    };
    Html::of(
        "{}<body>\n<main id=\"main\">\n<h1>Sign in</h1>\n<p>This cloud checks signatures: sign in with an access key of it.</p>\n{}\
         <form method=\"post\" action=\"/_messaging/sign-in\" class=\"sign\">\n\
         <label>Access key ID<input name=\"access_key\" required autocomplete=\"username\"></label>\n\
         <label>Secret access key<input name=\"secret\" type=\"password\" required autocomplete=\"current-password\"></label>\n\
         <button>Sign in</button></form>\n</main>\n</body></html>\n",
        &[&head("Sign in"), &wrong],
    )
    .into_text()
}

/// A page that says no more than why there is none.
pub(crate) fn refused(why: &str) -> String {
    Html::of(
        "{}<body>\n<main id=\"main\">\n<h1>That can't be shown</h1>\n<p>{}</p>\n<p><a href=\"/_messaging/\">To the first page</a></p>\n\
         </main>\n</body></html>\n",
        &[&head("Refused"), &why],
    )
    .into_text()
}
