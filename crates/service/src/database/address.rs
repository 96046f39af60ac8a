//! Where a database is: `DATABASE_URL`. A password in it is never shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

/// Where a database is.
#[derive(Clone)]
pub enum Address {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres {
        /// How to reach it.
        options: PgConnectOptions,
        /// What no text may show.
        secrets: Vec<String>,
    },
}

impl Address {
    /// Of `DATABASE_URL`: `postgres://USER:PASSWORD@HOST:PORT/NAME` (what is left out comes from the variables of
    /// PostgreSQL's own clients, as `PGHOST`), or `sqlite:PATH`; `file` if there is none.
    ///
    /// # Errors
    /// What is wrong with it, without its text: it may hold a password.
    pub fn parse(url: Option<&str>, file: &Path) -> Result<Self, String> {
        let Some(url) = url.map(str::trim).filter(|url| !url.is_empty()) else {
            return Ok(Self::Sqlite(file.to_owned()));
        };
        let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
        match scheme {
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() || path == ":memory:" || path.contains('?') {
                    return Err("sqlite: needs the path of a file, as sqlite:workflows.db".to_owned());
                }
                Ok(Self::Sqlite(path.into()))
            }
            "postgres" | "postgresql" => {
                let secrets = secrets(rest);
                let options = PgConnectOptions::from_str(url)
                    .map_err(|error| hide(&secrets, &format!("it can't be read: {error}")))?;
                Ok(Self::Postgres { options, secrets })
            }
            _ => Err("it begins with neither postgres:// nor sqlite:".to_owned()),
        }
    }

    /// Whether processes on several machines can share it.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// A text without its password.
    pub(super) fn hide(&self, text: &str) -> String {
        match self {
            Self::Sqlite(_) => text.to_owned(),
            Self::Postgres { secrets, .. } => hide(secrets, text),
        }
    }
}

/// Without any password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres { options, .. } => {
                let host = match options.get_socket() {
                    Some(socket) => socket.display().to_string(),
                    None => format!("{}:{}", options.get_host(), options.get_port()),
                };
                let name = options.get_database().unwrap_or(options.get_username());
                write!(f, "postgres://{}@{host}/{name}", options.get_username())
            }
        }
    }
}

/// Without any password.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The passwords in what follows a URL's scheme, as they stand there.
fn secrets(rest: &str) -> Vec<String> {
    let rest = rest.trim_start_matches('/');
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let user = before.rsplit_once('@').and_then(|(user, _)| user.split_once(':')).map(|(_, password)| password);
    let queried = query.split('&').filter_map(|pair| pair.strip_prefix("password="));
    user.into_iter().chain(queried).filter(|secret| !secret.is_empty()).map(str::to_owned).collect()
}

fn hide(secrets: &[String], text: &str) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, String> {
        Address::parse(Some(url), Path::new("/data/default.db"))
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (url, shown) in [
            ("", "sqlite:/data/default.db"),
            ("sqlite:a/b.db", "sqlite:a/b.db"),
            ("sqlite:///a/b.db", "sqlite:/a/b.db"),
            ("postgres://me:hush@db.example:5433/orders", "postgres://me@db.example:5433/orders"),
            ("postgresql://me@db.example/orders?password=hush", "postgres://me@db.example:5432/orders"),
        ] {
            let address = parse(url).unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(format!("{address:?}"), shown);
            assert_eq!(address.is_shared(), shown.starts_with("postgres"), "{url}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_a_password() {
        for (url, why) in [
            ("mysql://me:hush@db.example/orders", "neither"),
            ("hush", "neither"),
            ("sqlite:", "path"),
            ("sqlite::memory:", "path"),
            ("postgres://me:hush@db.example:port/orders", "can't be read"),
            ("postgres://me:hush@db.example/orders?sslmode=hush", "can't be read"),
        ] {
            let told = parse(url).unwrap_err();
            assert!(told.contains(why) && !told.contains("hush"), "{url}: {told}");
        }
    }
}
