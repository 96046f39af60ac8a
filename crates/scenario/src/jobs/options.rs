//! The scenario's settings, and what they come to.

use std::path::Path;
use std::time::Duration;

use service::auth::{Authorizer, Keys, OwnKey, Source};
use service::database::Address;

use crate::{Error, Role, Setting, Settings, Setup, UsedBy};

/// A payload has at most so many bytes: SQS's 1 MiB ("Amazon SQS message quotas"), but for 8 KiB that the attributes take which
/// a message has, and those that it gets when it becomes a dead letter.
pub(super) const MAX_PAYLOAD: usize = (1 << 20) - (8 << 10);
/// The issuer of tokens that the key in the folder signs.
const OWN_ISSUER: &str = "urn:messaging:local";
/// What those tokens are for.
const OWN_AUDIENCE: &str = "jobs";
/// The file of the database in the folder.
const FILE: &str = "jobs.db";

/// Names of settings.
pub(super) const FAIL_ON: &str = "JOBS_FAIL_ON";
const STORE: &str = "JOBS_STORE";
const DATABASE_URL: &str = "DATABASE_URL";
const TABLE: &str = "JOBS_TABLE";
const DYNAMODB_ENDPOINT: &str = "DYNAMODB_ENDPOINT_URL";
const JWKS: &str = "JWT_JWKS";
const ISSUER: &str = "JWT_ISSUER";
const AUDIENCE: &str = "JWT_AUDIENCE";
const ALARM_PERIOD: &str = "JOBS_ALARM_PERIOD";
/// What an alarm's period may be.
const PERIODS: &str = "0.1 to 86400 seconds";
const THROTTLE: &str = "JOBS_THROTTLE";
pub(super) const LITERAL: &str = "LITERAL";

const fn setting(name: &'static str, value: &'static str, help: &'static str) -> Setting {
    Setting { name, value: Some(value), help, default: None, used_by: UsedBy::Both }
}

/// All of them.
pub(super) const SETTINGS: &[Setting] = &[
    setting(
        STORE,
        "STORE",
        "Where the tracking table is: sqlite (a file in the data folder), postgres, or dynamodb [default: what DATABASE_URL \
         or JOBS_TABLE says, else sqlite]",
    ),
    setting(DATABASE_URL, "URL", "The database, as postgres://USER:PASSWORD@HOST/NAME or sqlite:FILE"),
    setting(TABLE, "NAME", "The DynamoDB table, whose HASH key is jobRequestId"),
    setting(DYNAMODB_ENDPOINT, "URL", "DynamoDB's address, where it isn't AWS's own"),
    setting(
        JWKS,
        "URL",
        "The keys that sign tokens: a JSON Web Key Set's URL or file [default: a key in the data folder, while the API \
         listens on this machine only]",
    ),
    setting(ISSUER, "ISSUER", "The issuer (iss) that tokens must name"),
    setting(AUDIENCE, "AUDIENCE", "The audience (aud) that tokens must name"),
    Setting {
        default: Some("60"),
        ..setting(
            ALARM_PERIOD,
            "SECONDS",
            "How often the alarms' thresholds are looked at, where CloudWatch doesn't do it",
        )
    },
    Setting {
        default: Some("1000"),
        used_by: UsedBy::Serve,
        ..setting(THROTTLE, "N", "How many requests a second each caller may make; 0 is as many as it likes")
    },
    Setting {
        value: None,
        ..setting(LITERAL, "", "Answer as the published API does: 200 for an unknown job, and no status but its two")
    },
    Setting {
        default: Some("simulateFailure"),
        used_by: UsedBy::Simulate,
        ..setting(
            FAIL_ON,
            "MEMBER",
            "The payload's member that makes the processor fail: true for ever, a number so often",
        )
    },
];

/// Where the tracking table is.
#[derive(Debug, Clone)]
pub(super) enum Store {
    /// In a file or on a server.
    Sql(Address),
    /// In DynamoDB.
    DynamoDb { table: String, endpoint: Option<String> },
}

impl Store {
    /// What the settings say.
    pub(super) fn of(settings: &Settings, folder: &Path, is_aws: bool) -> Result<Self, Error> {
        let (url, table) = (settings.get(DATABASE_URL), settings.get(TABLE));
        let chosen = match (settings.get(STORE), url, table) {
            (Some(chosen), ..) => chosen,
            (None, Some(_), Some(_)) => {
                return Err(Error::usage(
                    format!("{DATABASE_URL} and {TABLE} are both set"),
                    format!("Say which one with {STORE}=postgres or {STORE}=dynamodb."),
                ));
            }
            (None, Some(url), None) if url.starts_with("sqlite:") => "sqlite",
            (None, Some(_), None) => "postgres",
            (None, None, Some(_)) => "dynamodb",
            (None, None, None) => "sqlite",
        };
        let file = folder.join(FILE);
        let address = |url| {
            Address::parse(url, &file).map_err(|why| {
                Error::usage(format!("{DATABASE_URL} is wrong: {why}"), format!("Correct {DATABASE_URL}."))
            })
        };
        match chosen {
            // Of a server's URL that is there for another service, a file has no use.
            "sqlite" => Ok(Self::Sql(address(url.filter(|url| url.starts_with("sqlite:")))?)),
            "postgres" => match address(url)? {
                Address::Sqlite(_) => Err(Error::usage(
                    format!("{STORE} is postgres, and {DATABASE_URL} names no server"),
                    format!("Set {DATABASE_URL} to postgres://USER:PASSWORD@HOST/NAME."),
                )),
                address => Ok(Self::Sql(address)),
            },
            "dynamodb" => {
                let Some(table) = table.map(str::to_owned) else {
                    return Err(Error::usage(
                        format!("{STORE} is dynamodb, and no table is named"),
                        format!("Set {TABLE} to the table's name."),
                    ));
                };
                let endpoint = settings.get(DYNAMODB_ENDPOINT).map(str::to_owned);
                if endpoint.is_none() && !is_aws {
                    return Err(Error::usage(
                        "The cloud of this machine has no DynamoDB",
                        format!("Set {DYNAMODB_ENDPOINT} to an emulator's address, or another {STORE}."),
                    ));
                }
                Ok(Self::DynamoDb { table, endpoint })
            }
            other => Err(Error::usage(
                format!("{STORE} is {other:?}"),
                format!("Set {STORE} to sqlite, postgres or dynamodb."),
            )),
        }
    }

    /// Whether other processes reach it too.
    pub(super) fn is_shared(&self) -> bool {
        match self {
            Self::Sql(address) => address.is_shared(),
            Self::DynamoDb { .. } => true,
        }
    }

    /// Refuses a table that only this process sees, where API and workers are processes of their own.
    pub(super) fn check_role(&self, role: Role) -> Result<(), Error> {
        if role == Role::All || self.is_shared() {
            return Ok(());
        }
        Err(Error::usage(
            "API and workers that run apart need a tracking table that both reach, and SQLite's file isn't one",
            format!("Set {DATABASE_URL} to a PostgreSQL database, or {TABLE} to a DynamoDB table."),
        ))
    }
}

/// Who may call: the authorizer, and the key whose public half is shown if it is our own.
pub(super) async fn authorizer(setup: &Setup) -> Result<(Authorizer, Option<OwnKey>), Error> {
    let settings = &setup.settings;
    let no_client = |why| Error::failed("Can't make an HTTP client", why);
    if let Some(place) = settings.get(JWKS) {
        let correct = |why: String| Error::usage(format!("{JWKS} is wrong: {why}"), format!("Correct {JWKS}."));
        let source = Source::parse(place).map_err(correct)?;
        let needed = |name| {
            settings.get(name).ok_or_else(|| {
                Error::usage(format!("{JWKS} is set without {name}"), format!("Set {name} to what tokens must name."))
            })
        };
        let (issuer, audience) = (needed(ISSUER)?, needed(AUDIENCE)?);
        let is_file = matches!(source, Source::File(_));
        let keys = Keys::new(source).map_err(no_client)?;
        if let Err(why) = keys.load().await {
            if is_file {
                return Err(correct(why));
            }
            // Its server may come up later; until then /health says so.
            setup.tell.tell(service::record::Record::note(format!("{why}. It is tried again.")));
        }
        return Ok((Authorizer::new(keys, issuer, audience), None));
    }
    if let Some(name) = [ISSUER, AUDIENCE].into_iter().find(|name| settings.get(name).is_some()) {
        return Err(Error::usage(
            format!("{name} is set without {JWKS}"),
            format!("Set {JWKS} to the URL or the file of the issuer's keys."),
        ));
    }
    if !setup.address.ip().is_loopback() {
        return Err(Error::usage(
            format!("The API listens on {}, beyond this machine, and trusts no issuer of tokens", setup.address),
            format!(
                "Set {JWKS} (URL or file of its keys), {ISSUER} and {AUDIENCE}. The data folder's key is for this machine."
            ),
        ));
    }
    let own = own_key(&setup.folder).await?;
    let keys = Keys::new(Source::Fixed(own.public().clone())).map_err(no_client)?;
    keys.load().await.map_err(|why| Error::failed("Can't use the key", why))?;
    Ok((Authorizer::new(keys, OWN_ISSUER, OWN_AUDIENCE), Some(own)))
}

/// The key in the folder, made if there is none.
async fn own_key(folder: &Path) -> Result<OwnKey, Error> {
    let folder = folder.to_owned();
    let opened = tokio::task::spawn_blocking(move || OwnKey::open(&folder)).await;
    opened.unwrap_or_else(|error| Err(error.to_string())).map_err(|why| Error::failed("Can't open the key", why))
}

/// A token that the key in the folder signs.
pub(super) fn token(settings: &Settings, folder: &Path, subject: &str, lifetime: Duration) -> Result<String, Error> {
    if settings.get(JWKS).is_some() {
        return Err(Error::usage(
            format!("{JWKS} is set: the API takes tokens of another issuer"),
            format!("Get a token there, or unset {JWKS} here and where the API runs."),
        ));
    }
    let key = OwnKey::open(folder).map_err(|why| Error::failed("Can't open the key", why))?;
    key.token(OWN_ISSUER, OWN_AUDIENCE, subject, lifetime).map_err(|why| Error::failed("Can't sign a token", why))
}

/// What else the settings say.
#[derive(Debug, Clone)]
pub(super) struct Options {
    /// How often the alarms are looked at.
    pub alarm_period: Duration,
    /// How many requests a second each caller may make; none is any number.
    pub throttle: Option<f64>,
    /// Answers as the published API does.
    pub literal: bool,
    /// The payload's member that makes the processor fail.
    pub fail_on: Option<String>,
}

impl Options {
    /// Reads them.
    pub(super) fn of(settings: &Settings) -> Result<Self, Error> {
        let period: f64 = settings.parse(ALARM_PERIOD, PERIODS)?.unwrap_or(60.0);
        if !(0.1..=86_400.0).contains(&period) {
            return Err(Error::usage(
                format!("{ALARM_PERIOD} is {period}"),
                format!("Set {ALARM_PERIOD} to {PERIODS}."),
            ));
        }
        let rate: u32 = settings
            .parse(THROTTLE, "a whole number of requests a second; 0 is as many as a caller likes")?
            .unwrap_or(0);
        Ok(Self {
            alarm_period: Duration::from_secs_f64(period),
            throttle: (rate > 0).then_some(f64::from(rate)),
            literal: settings.is_on(LITERAL)?,
            fail_on: settings.get(FAIL_ON).map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(set: &[(&'static str, &str)], is_aws: bool) -> Result<Store, Error> {
        let settings = Settings(set.iter().map(|(name, value)| (*name, (*value).to_owned())).collect());
        Store::of(&settings, Path::new("/data"), is_aws)
    }

    #[test]
    fn the_store_is_what_is_set() {
        let told = |set: &[(&'static str, &str)]| format!("{:?}", store(set, true).unwrap());
        assert_eq!(told(&[]), "Sql(sqlite:/data/jobs.db)");
        assert_eq!(told(&[(DATABASE_URL, "postgres://me@db/jobs")]), "Sql(postgres://me@db:5432/jobs)");
        assert_eq!(told(&[(DATABASE_URL, "sqlite:a.db")]), "Sql(sqlite:a.db)");
        assert_eq!(told(&[(DATABASE_URL, "postgres://me@db/jobs"), (STORE, "sqlite")]), "Sql(sqlite:/data/jobs.db)");
        assert!(matches!(store(&[(TABLE, "jobs")], true), Ok(Store::DynamoDb { endpoint: None, .. })));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for set in [
            &[(DATABASE_URL, "postgres://db/jobs"), (TABLE, "jobs")][..],
            &[(STORE, "postgres")],
            &[(STORE, "postgres"), (DATABASE_URL, "sqlite:a.db")],
            &[(STORE, "dynamodb")],
            &[(STORE, "mongodb")],
            &[(DATABASE_URL, "mysql://db/jobs")],
        ] {
            assert!(matches!(store(set, true), Err(Error::Usage { .. })), "{set:?}");
        }
        assert!(matches!(store(&[(TABLE, "jobs")], false), Err(Error::Usage { .. })), "no DynamoDB on this machine");
    }

    #[test]
    fn a_file_is_for_one_process() {
        for (set, is_fine) in [(&[][..], false), (&[(TABLE, "t")], true), (&[(DATABASE_URL, "postgres://db/j")], true)]
        {
            let store = store(set, true).unwrap();
            for role in [Role::Api, Role::Worker] {
                assert_eq!(store.check_role(role).is_ok(), is_fine, "{set:?}");
            }
            assert!(store.check_role(Role::All).is_ok());
        }
    }
}
