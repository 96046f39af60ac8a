//! What a run costs on AWS, as a table, and what would save most.

use std::fmt::Write as _;

use chart::escape;

use crate::cost::{Basis, Cost};
use crate::report::cost::{dollars, total};
use crate::units::{bytes, count};

/// The section.
pub(super) fn section(cost: &Cost) -> String {
    let says = if cost.charged { "On AWS this costs" } else { "On AWS this would cost" };
    let month = match cost.month_basis {
        Basis::Continued => "30 days at this rate",
        Basis::Repeated => "30 days of the profile, again and again,",
    };
    let (run, in_month) = (total(cost, cost.total), total(cost, cost.month_total));
    let mut html = format!("<h2>What it costs</h2>\n<p>{says} <b>{run}</b>, and {month} <b>{in_month}</b>.</p>\n");
    html.push_str(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"What it costs\"><table>\n\
         <thead><tr><th scope=\"col\">dimension</th><th scope=\"col\">quantity</th>\
         <th scope=\"col\">price</th><th scope=\"col\">this run</th><th scope=\"col\">30 days</th></tr></thead>\n<tbody>\n",
    );
    let told = |cost: Option<f64>| cost.map_or_else(|| "unknown".to_owned(), dollars);
    for line in &cost.lines {
        let quantity = if line.unit.starts_with("GiB") { bytes(line.quantity) } else { count(line.quantity) };
        let price = line.price.map_or_else(|| "unknown".to_owned(), |usd| format!("${usd}/{}", line.unit));
        // Writing into a String can't fail.
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{} {}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(line.service),
            escape(line.what),
            escape(&quantity),
            escape(&price),
            told(line.cost),
            told(line.month_cost)
        );
    }
    let _ = write!(
        html,
        "<tr class=\"sum\"><th scope=\"row\">total</th><td></td><td></td><td>{run}</td><td>{in_month}</td></tr>\n</tbody>\n</table></div>\n"
    );
    if !cost.savings.is_empty() {
        html.push_str("<p>What saves most:</p>\n<ul>\n");
        for saving in &cost.savings {
            let _ = writeln!(html, "<li>{}: {} a month</li>", escape(saving.what), dollars(saving.month));
        }
        html.push_str("</ul>\n");
    }
    let of = match cost.foreign_prices() {
        Some(region) => format!("Prices of {region}, as those of {} aren't known", cost.region),
        None => format!("Prices of {}", cost.region),
    };
    let _ = writeln!(html, "<p class=\"faint\">{}; the free tier isn't subtracted.</p>", escape(&of));
    html
}
