//! `messaging top` on a terminal: a page of its own, and what its keys do.

use std::time::Duration;

use console::Style;
use tokio::time::{Instant, sleep_until};

use super::figures::{Figures, Queue, Source};
use super::{look, table};
use crate::aws::Target;
use crate::command::Context;
use crate::exit::{Exit, Failure};
use crate::ui::{Key, Screen, paint};
use crate::units::count;

/// So many streams and topics are shown below the queues at most.
const BESIDE: usize = 4;
/// So many characters a filter has at most.
const LONGEST: usize = 80;

/// What the user sees.
#[derive(Debug, Default)]
struct View {
    /// The ARN of the chosen queue: its row may change.
    chosen: String,
    filter: String,
    /// The filter is being typed.
    types: bool,
    /// The queue that is looked into, and what is in it.
    inside: Option<(Queue, Vec<String>)>,
    /// The row of it that stands at the top.
    from: usize,
}

/// What a key asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// Nothing but to be drawn anew.
    Draw,
    /// A look into the chosen queue.
    Look,
    End,
}

/// Shows the page until the user ends it.
pub(super) async fn run(
    context: &Context,
    target: &Target,
    source: &Source,
    mut figures: Figures,
    every: Duration,
    mut screen: Screen,
) -> Result<Exit, Failure> {
    let mut view = View::default();
    let mut next = Instant::now() + every;
    loop {
        let shown = figures.named(&view.filter);
        view.keep_chosen(&shown);
        let (rows, columns) = screen.size();
        screen.draw(&page(&view, &shown, &target.describe(), rows, columns));
        tokio::select! {
            () = context.stop.requested() => return Ok(Exit::Ok),
            key = screen.key() => match view.press(key, &shown, rows) {
                Asked::Draw => {}
                Asked::End => return Ok(Exit::Ok),
                Asked::Look => view.look(target, &shown).await,
            },
            () = sleep_until(next) => {
                figures = source.look(target, &context.env).await?;
                view.look_again(target).await;
                next = Instant::now() + every;
            }
        }
    }
}

impl View {
    /// Chooses the first queue when the chosen one is gone.
    fn keep_chosen(&mut self, shown: &Figures) {
        if shown.queues.iter().all(|queue| queue.arn != self.chosen) {
            self.chosen = shown.queues.first().map(|queue| queue.arn.clone()).unwrap_or_default();
        }
    }

    /// What a key does.
    fn press(&mut self, key: Key, shown: &Figures, rows: usize) -> Asked {
        if self.types {
            match key {
                Key::Char(c) if self.filter.chars().count() < LONGEST => self.filter.push(c),
                Key::Backspace => _ = self.filter.pop(),
                Key::Enter => self.types = false,
                Key::Escape => {
                    self.types = false;
                    self.filter.clear();
                }
                _ => {}
            }
            return Asked::Draw;
        }
        let page = rows.saturating_sub(4).max(1) as isize;
        match key {
            Key::Char('q') => return Asked::End,
            Key::Up | Key::Char('k') => self.go(-1, shown),
            Key::Down | Key::Char('j') => self.go(1, shown),
            Key::PageUp => self.go(-page, shown),
            Key::PageDown => self.go(page, shown),
            Key::Enter if self.inside.is_none() => return Asked::Look,
            Key::Escape | Key::Backspace | Key::Enter if self.inside.is_some() => self.inside = None,
            Key::Escape => self.filter.clear(),
            Key::Char('/') if self.inside.is_none() => self.types = true,
            _ => {}
        }
        Asked::Draw
    }

    /// On by so many rows: of the queues, or of what is in one.
    fn go(&mut self, by: isize, shown: &Figures) {
        if let Some((_, lines)) = &self.inside {
            self.from = self.from.saturating_add_signed(by).min(lines.len().saturating_sub(1));
            return;
        }
        let at = shown.queues.iter().position(|queue| queue.arn == self.chosen).unwrap_or_default();
        let to = at.saturating_add_signed(by).min(shown.queues.len().saturating_sub(1));
        if let Some(queue) = shown.queues.get(to) {
            self.chosen.clone_from(&queue.arn);
        }
    }

    async fn look(&mut self, target: &Target, shown: &Figures) {
        if let Some(queue) = shown.queues.iter().find(|queue| queue.arn == self.chosen) {
            self.inside = Some((queue.clone(), look::into(target, queue).await));
            self.from = 0;
        }
    }

    async fn look_again(&mut self, target: &Target) {
        if let Some((queue, lines)) = &mut self.inside {
            *lines = look::into(target, queue).await;
        }
    }
}

/// The page, in as many lines as there are rows.
fn page(view: &View, shown: &Figures, target: &str, rows: usize, columns: usize) -> Vec<String> {
    let dim = Style::new().dim();
    let keys = match (&view.inside, view.types) {
        (Some(_), _) => "↑↓ move   Esc back   q end",
        (None, true) => "Enter keeps the filter   Esc takes it away",
        (None, false) => "↑↓ choose   Enter look into   / filter   q end",
    };
    let room = rows.saturating_sub(2);
    let (head, mut lines) = match &view.inside {
        Some((queue, lines)) => {
            let from = view.from.min(lines.len());
            (queue.name.clone(), lines[from..].iter().take(room).cloned().collect::<Vec<_>>())
        }
        None => (head(view, target), list(view, shown, room, columns)),
    };
    lines.resize(room, String::new());
    lines.insert(0, paint(&Style::new().bold(), head));
    lines.push(paint(&dim, keys));
    lines
}

fn head(view: &View, target: &str) -> String {
    match (view.types, view.filter.is_empty()) {
        (true, _) => format!("/{}_", view.filter),
        (false, true) => target.to_owned(),
        (false, false) => format!("{target}   /{}", view.filter),
    }
}

/// The queues, so that the chosen one is among them, and below them streams and topics.
fn list(view: &View, shown: &Figures, room: usize, columns: usize) -> Vec<String> {
    let mut below: Vec<String> = shown.streams.iter().take(BESIDE).map(table::stream).collect();
    below.extend(shown.topics.iter().take(BESIDE).map(table::topic));
    let left = shown.streams.len().saturating_sub(BESIDE) + shown.topics.len().saturating_sub(BESIDE);
    if shown.more > 0 || left > 0 {
        below.push(format!("(at least {} more; these are the busiest)", count(shown.more + left as u64)));
    }
    // Rows of queues are worth more than what stands below them.
    below.truncate(room / 2);
    let room = room.saturating_sub(below.len() + 2);
    let (head, rows) = table::queues(shown, Some(columns));
    if rows.is_empty() {
        let nothing = if view.filter.is_empty() { "There is no queue." } else { "No queue has that in its name." };
        return [nothing.to_owned(), String::new()].into_iter().chain(below).collect();
    }
    let at = shown.queues.iter().position(|queue| queue.arn == view.chosen).unwrap_or_default();
    let first = at.saturating_sub(room.saturating_sub(1));
    let chosen = Style::new().reverse();
    let mut lines = vec![head];
    for (n, row) in rows.iter().enumerate().skip(first).take(room) {
        // Colours within would end the marking.
        let plain = || console::strip_ansi_codes(&crate::ui::escape::line(row)).into_owned();
        lines.push(if n == at { paint(&chosen, plain()) } else { row.clone() });
    }
    lines.push(String::new());
    lines.extend(below);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(names: &[&str]) -> Figures {
        let queues = names.iter().map(|name| Queue { name: (*name).into(), arn: (*name).into(), ..Queue::default() });
        Figures { queues: queues.collect(), ..Figures::default() }
    }

    #[test]
    fn keys_choose_filter_and_end() {
        let all = figures(&["a", "b", "c"]);
        let mut view = View::default();
        view.keep_chosen(&all);
        view.press(Key::Down, &all, 24);
        assert_eq!(view.chosen, "b");
        // A row that moves keeps its mark; one that is gone gives it to the first.
        view.keep_chosen(&figures(&["c", "b"]));
        assert_eq!(view.chosen, "b");
        view.keep_chosen(&figures(&["c"]));
        assert_eq!(view.chosen, "c");
        assert_eq!(view.press(Key::Enter, &all, 24), Asked::Look);
        for key in [Key::Char('/'), Key::Char('q'), Key::Char('x'), Key::Backspace, Key::Enter] {
            assert_eq!(view.press(key, &all, 24), Asked::Draw);
        }
        assert_eq!((view.filter.as_str(), view.types), ("q", false));
        view.press(Key::Escape, &all, 24);
        let asked = view.press(Key::Char('q'), &all, 24);
        assert_eq!((view.filter.as_str(), asked), ("", Asked::End));
    }

    #[test]
    fn the_chosen_queue_is_always_on_the_page() {
        let names: Vec<String> = (0..100).map(|n| format!("q{n:02}")).collect();
        let all = figures(&names.iter().map(String::as_str).collect::<Vec<_>>());
        for (rows, at) in [(24, 0), (24, 57), (10, 99), (4, 3), (1, 1), (0, 0)] {
            let view = View { chosen: names[at].clone(), ..View::default() };
            let page = page(&view, &all, "local", rows, 80);
            assert_eq!(page.len(), rows.max(2), "{rows}");
            assert!(rows < 5 || page.iter().any(|line| line.contains(&names[at])), "{rows} {at}: {page:#?}");
        }
    }
}
