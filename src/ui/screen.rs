//! A terminal as a whole, for a view that takes keys: what stood on it comes back when the view ends, however it ends.

use std::io::{IsTerminal, Read, Write};
use std::sync::Once;

use console::{Term, truncate_str};
use parking_lot::Mutex;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc::{Receiver, channel};

use super::escape;

/// How the keyboard was set before a screen was opened; none while there is no screen.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);
/// Once: a panic gives the terminal back before it says what happened.
static ON_PANIC: Once = Once::new();

/// Another page of the terminal, without a cursor; and back (ECMA-48 and xterm's private modes 1049 and 25).
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// To the upper left corner; what is behind the cursor in its row, and below it, is wiped out.
const HOME: &str = "\x1b[H";
const REST_OF_ROW: &str = "\x1b[K";
const REST: &str = "\x1b[J";
/// A key that stands for nothing (POSIX's `_POSIX_VDISABLE` on Linux and elsewhere).
const NO_KEY: u8 = 0;
/// So many keys may wait to be looked at; what is typed beyond is lost.
const WAITING: usize = 64;

/// A key, or what is typed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Up,
    Down,
    PageUp,
    PageDown,
    Enter,
    Escape,
    Backspace,
    Char(char),
}

/// The terminal, until it is dropped.
#[derive(Debug)]
pub(crate) struct Screen {
    keys: Receiver<Key>,
}

impl Screen {
    /// Takes the terminal; none where there is no keyboard that can be read key by key. Ctrl-C stays what it is.
    pub(crate) fn open() -> Option<Self> {
        let stdin = std::io::stdin();
        if !stdin.is_terminal() || !std::io::stdout().is_terminal() {
            return None;
        }
        let before = tcgetattr(&stdin).ok()?;
        let mut modes = before.clone();
        modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        // What stops or kills at once would leave the terminal as it is now.
        modes.special_codes[SpecialCodeIndex::VSUSP] = NO_KEY;
        modes.special_codes[SpecialCodeIndex::VQUIT] = NO_KEY;
        *BEFORE.lock() = Some(before);
        ON_PANIC.call_once(|| {
            let told = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                restore();
                told(panic);
            }));
        });
        if tcsetattr(&stdin, OptionalActions::Now, &modes).is_err() {
            *BEFORE.lock() = None;
            return None;
        }
        write(ENTER);
        let (send, keys) = channel(WAITING);
        // It ends with the program: a read that waits can't be called off.
        std::thread::spawn(move || {
            let mut bytes = [0; 64];
            while let Ok(n @ 1..) = std::io::stdin().lock().read(&mut bytes) {
                for key in keys_of(&bytes[..n]) {
                    // What nobody takes in time is lost.
                    if send.try_send(key).is_err() && send.is_closed() {
                        return;
                    }
                }
            }
        });
        Some(Self { keys })
    }

    /// How many rows and columns there are.
    pub(crate) fn size(&self) -> (usize, usize) {
        let (rows, columns) = Term::stdout().size();
        (rows.into(), columns.into())
    }

    /// Draws rows from the top on, each cut where the terminal ends.
    pub(crate) fn draw(&self, lines: &[String]) {
        let (rows, columns) = self.size();
        let mut page = String::from(HOME);
        for (n, line) in lines.iter().take(rows).enumerate() {
            if n > 0 {
                page.push_str("\r\n");
            }
            page.push_str(&truncate_str(&escape::line(line), columns, "…"));
            page.push_str(REST_OF_ROW);
        }
        page.push_str(REST);
        write(&page);
    }

    /// The next key; it never comes when the keyboard is gone.
    pub(crate) async fn key(&mut self) -> Key {
        match self.keys.recv().await {
            Some(key) => key,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, if it was taken.
pub(super) fn restore() {
    if let Some(before) = BEFORE.lock().take() {
        write(LEAVE);
        // A terminal that is gone needs nothing.
        _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &before);
    }
}

fn write(text: &str) {
    let mut out = std::io::stdout().lock();
    // A terminal that is gone shows nothing: the hangup ends the program.
    _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The keys that what a terminal sends stands for. What isn't known is passed over.
fn keys_of(bytes: &[u8]) -> Vec<Key> {
    let text = String::from_utf8_lossy(bytes);
    let mut rest: &str = &text;
    let mut keys = Vec::new();
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\x1b' if rest.starts_with(['[', 'O']) => {
                // A sequence goes up to a byte from @ on (ECMA-48, 5.4).
                let end = rest[1..].find(|c: char| ('@'..='~').contains(&c)).map_or(rest.len(), |end| end + 2);
                keys.extend(match &rest[1..end] {
                    "A" => Some(Key::Up),
                    "B" => Some(Key::Down),
                    "5~" => Some(Key::PageUp),
                    "6~" => Some(Key::PageDown),
                    _ => None,
                });
                rest = &rest[end..];
            }
            '\x1b' => keys.push(Key::Escape),
            '\r' | '\n' => keys.push(Key::Enter),
            '\x7f' | '\x08' => keys.push(Key::Backspace),
            c if !c.is_control() && c != char::REPLACEMENT_CHARACTER => keys.push(Key::Char(c)),
            _ => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_what_they_send() {
        let keys = keys_of("\x1b[A\x1bOB\x1b[5~\x1b[1;2Pqö\r\x7f\x01".as_bytes());
        let typed = [Key::Up, Key::Down, Key::PageUp, Key::Char('q'), Key::Char('ö'), Key::Enter, Key::Backspace];
        assert_eq!(keys, typed);
        assert_eq!(keys_of(b"\x1b"), [Key::Escape]);
        // Cut off where the terminal paused: no panic, no key.
        assert_eq!(keys_of(b"\x1b["), []);
        assert_eq!(keys_of("\x1b[é".as_bytes()), []);
    }
}
