//! What several pages have: tables, lines for the shell, forms, moments.

use text::time;

use super::figure;
use super::html::{Html, Show};
use super::scope::{BASE, Scope, name_of};

/// A column's name, and whether it holds numbers.
pub(super) type Column = (&'static str, bool);

/// A table.
pub(super) fn table(caption: &'static str, columns: &[Column], rows: Html) -> Html {
    of_class("plain", caption, columns, rows)
}

/// A table whose rows stand as boxes, a cell a line, where there is no room for their columns.
pub(super) fn cards(caption: &'static str, columns: &[Column], rows: Html) -> Html {
    of_class("cards", caption, columns, rows)
}

fn of_class(class: &'static str, caption: &'static str, columns: &[Column], rows: Html) -> Html {
    let head: Html = columns
        .iter()
        .map(|(name, number)| match number {
            true => Html::of("<th scope=\"col\" class=\"n\">{}</th>", &[name]),
            false => Html::of("<th scope=\"col\">{}</th>", &[name]),
        })
        .collect();
    Html::of(
        "<div class=\"wide\"><table class=\"{}\"><caption>{}</caption><thead><tr>{}</tr></thead><tbody>\n{}</tbody></table></div>\n",
        &[&class, &caption, &head, &rows],
    )
}

/// A cell with a number.
pub(super) fn number(value: &dyn Show) -> Html {
    Html::of("<td class=\"n\">{}</td>", &[value])
}

/// A cell with a text.
pub(super) fn cell(value: &dyn Show) -> Html {
    Html::of("<td>{}</td>", &[value])
}

/// A cell of [`cards`] with a number, and what it is for where no column's head is seen.
pub(super) fn counted(is: &'static str, value: &dyn Show) -> Html {
    Html::of("<td class=\"n\" data-is=\"{}\">{}</td>", &[&is, value])
}

/// As [`counted`], a text; an empty cell without one.
pub(super) fn said(is: &'static str, value: Option<&str>) -> Html {
    match value {
        Some(value) => Html::of("<td data-is=\"{}\">{}</td>", &[&is, &value]),
        None => Html::of("<td></td>", &[]),
    }
}

/// A cell with a figure that moves.
pub(super) fn moving(figure: &'static str, text: &str) -> Html {
    Html::of("<td class=\"n\" data-figure=\"{}\">{}</td>", &[&figure, &text])
}

/// As [`moving`], of [`cards`].
pub(super) fn moved(is: &'static str, figure: &'static str, text: &str) -> Html {
    Html::of("<td class=\"n\" data-is=\"{}\" data-figure=\"{}\">{}</td>", &[&is, &figure, &text])
}

/// A link.
pub(super) fn link(address: &str, text: &str) -> Html {
    Html::of("<a href=\"{}\">{}</a>", &[&address, &text])
}

/// A resource by its name, linked if it has a page.
pub(super) fn resource(scope: &Scope, arn: &str) -> Html {
    match scope.of_arn(arn) {
        Some(address) => link(&address, name_of(arn)),
        None => Html::of("{}", &[&arn]),
    }
}

/// A line for the shell, that does what the page shows or does.
pub(super) fn cli(line: &str) -> Html {
    Html::of("<div class=\"cli\"><pre>{}</pre></div>\n", &[&line])
}

/// What stands where there is nothing yet: how to make the first one.
pub(super) fn empty(what: &'static str, line: &str) -> Html {
    Html::of("<p>{}</p>\n{}", &[&what, &cli(line)])
}

/// A moment.
pub(super) fn moment(at: u64) -> Html {
    let text = time::iso_millis(at);
    let (date, clock) = text.split_once('T').unwrap_or((&text, ""));
    let clock = clock.trim_end_matches('Z');
    Html::of("<time class=\"now\" datetime=\"{}\">{} {}</time>", &[&text, &date, &clock])
}

/// How long it is until a moment; the script counts it down.
pub(super) fn countdown(until: u64, now: u64) -> Html {
    let left = if until > now { figure::time(until - now) } else { "over".to_owned() };
    Html::of("<span class=\"now\" data-until=\"{}\">{}</span>", &[&until.to_string(), &left])
}

/// Names and their values.
pub(super) fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a String)>) -> Html {
    let rows: Html =
        pairs.into_iter().map(|(name, value)| Html::of("<dt>{}</dt><dd>{}</dd>\n", &[name, value])).collect();
    Html::of("<dl>\n{}</dl>\n", &[&rows])
}

/// A link to where a list goes on.
pub(super) fn next(address: Option<String>) -> Html {
    match address {
        Some(address) => Html::of("<p><a rel=\"next\" href=\"{}\">Further ones</a></p>\n", &[&address]),
        None => Html::default(),
    }
}

/// What a page shows of a list.
pub(super) struct List<'l> {
    /// The part of the console, as `/queues`.
    pub(super) page: &'static str,
    /// What is in the list, as people say of many of them.
    pub(super) what: &'static str,
    /// The part of a name that is looked for.
    pub(super) name: &'l str,
    /// How many are shown here, and there are.
    pub(super) shown: usize,
    pub(super) of: usize,
    /// Where the list goes on.
    pub(super) next: Option<&'l str>,
}

impl List<'_> {
    /// The list, with a field to find what is in it by its name. `first` stands where there is none at all.
    pub(super) fn html(&self, scope: &Scope, table: Html, first: impl FnOnce() -> Html) -> Html {
        if self.of == 0 && self.name.is_empty() {
            return first();
        }
        let Self { page, what, name, shown, of, next: goes_on } = self;
        let told = match (of, name.is_empty()) {
            (0, _) => Html::of("<p>None of the {} has \u{201c}{}\u{201d} in its name.</p>\n", &[what, name]),
            (of, true) if shown == of => Html::default(),
            (of, true) => Html::of("<p class=\"faint\">{} of {} {}.</p>\n", &[shown, of, what]),
            (of, false) => {
                let words: &[&dyn Show] = &[shown, of, what, name];
                Html::of("<p class=\"faint\">{} of {} {} with \u{201c}{}\u{201d} in their name.</p>\n", words)
            }
        };
        let table = if *of == 0 { Html::default() } else { table };
        let all = match name.is_empty() {
            true => Html::default(),
            false => Html::of(" <a href=\"{}\">all {}</a>", &[&scope.link(page, &[]), what]),
        };
        Html::of(
            "<form class=\"find\" method=\"get\" action=\"{}{}\" role=\"search\" aria-label=\"Find {}\">{}{}<button>Find</button>{}</form>\n\
             <section id=\"list\" data-refresh>{}{}</section>{}",
            &[
                &BASE,
                page,
                what,
                &kept(&scope.link(page, &[])),
                &field("name", "Part of the name", name),
                &all,
                &told,
                &table,
                &next(goes_on.map(|at| scope.link(page, &[("name", name), ("next", at)]))),
            ],
        )
    }
}

/// The hidden fields that keep what stands in an address's query, for a form that asks for it with more.
pub(super) fn kept(address: &str) -> Html {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| Html::of("<input type=\"hidden\" name=\"{}\" value=\"{}\">", &[&name, &value])).collect()
}

/// A form that does something.
pub(super) struct Action<'a> {
    /// The action's name.
    pub(super) name: &'static str,
    /// What it does.
    pub(super) title: &'static str,
    /// What it is done to and whatever else isn't asked for, by the fields' names.
    pub(super) hidden: &'a [(&'static str, &'a str)],
    /// What is asked for.
    pub(super) fields: Html,
    /// On its button.
    pub(super) button: &'static str,
    /// Whether something is lost by it.
    pub(super) danger: bool,
}

impl Action<'_> {
    /// The form; afterwards the page `back` is shown, with the result.
    pub(super) fn form(&self, scope: &Scope, back: &str) -> Html {
        let own =
            [("account", scope.account.as_deref().unwrap_or("")), ("region", scope.region.as_deref().unwrap_or(""))];
        // An action on a resource says which region that is in.
        let own =
            own.into_iter().filter(|(name, value)| !value.is_empty() && !self.hidden.iter().any(|it| it.0 == *name));
        let hidden: Html = own
            .chain(self.hidden.iter().copied())
            .chain([("back", back)])
            .map(|(name, value)| Html::of("<input type=\"hidden\" name=\"{}\" value=\"{}\">", &[&name, &value]))
            .collect();
        let class = if self.danger { "danger" } else { "plain" };
        // A button alone needs no frame.
        let frame = if self.fields.is_empty() { "act bare" } else { "act" };
        Html::of(
            "<form class=\"{}\" method=\"post\" action=\"/_messaging/console/actions/{}\" aria-label=\"{}\">{}\n{}\
             <button class=\"{}\">{}</button></form>\n",
            &[&frame, &self.name, &self.title, &hidden, &self.fields, &class, &self.button],
        )
    }

    /// The form, behind its title until somebody wants it.
    pub(super) fn folded(&self, scope: &Scope, back: &str) -> Html {
        Html::of("<details><summary>{}</summary>{}</details>\n", &[&self.title, &self.form(scope, back)])
    }
}

/// A field of one line.
pub(super) fn field(name: &'static str, label: &'static str, value: &str) -> Html {
    Html::of("<label>{}<input name=\"{}\" value=\"{}\" autocomplete=\"off\"></label>\n", &[&label, &name, &value])
}

/// A field that must have something in it.
pub(super) fn needed(name: &'static str, label: &'static str) -> Html {
    Html::of("<label>{}<input name=\"{}\" required autocomplete=\"off\"></label>\n", &[&label, &name])
}

/// A field of several lines.
pub(super) fn area(name: &'static str, label: &'static str, value: &str) -> Html {
    // A first line that is empty would be taken away.
    Html::of("<label>{}<textarea name=\"{}\">\n{}</textarea></label>\n", &[&label, &name, &value])
}

/// A choice: what is sent, and what is shown.
pub(super) fn choice(name: &'static str, label: &'static str, options: &[(&str, &str)], chosen: &str) -> Html {
    let options: Html = options
        .iter()
        .map(|(value, shown)| match *value == chosen {
            true => Html::of("<option value=\"{}\" selected>{}</option>", &[value, shown]),
            false => Html::of("<option value=\"{}\">{}</option>", &[value, shown]),
        })
        .collect();
    Html::of("<label>{} <select name=\"{}\">{}</select></label>\n", &[&label, &name, &options])
}
