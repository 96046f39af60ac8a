//! Where a stack is, its topic and its queues in a `.env` file, under the names that the other commands look for.
//!
//! Outputs come from a template and a server: none of them may set another variable, and each is read back as it is, by
//! us and by a shell.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::config::{self, file, set_variables, variables};
use crate::exit::Failure;
use crate::stack::{self, Outputs};

/// Which output is which variable.
const VARIABLES: [(&str, &str); 3] = [
    (stack::TOPIC_ARN, "TOPIC_ARN"),
    (stack::ORDERS_QUEUE_URL, "URL_ORDERS"),
    (stack::PAYMENTS_QUEUE_URL, "URL_PAYMENTS"),
];
/// The older name of the topic: whoever uses it goes on using it.
const OLD_ARN: &str = "ARN";

/// A setting that isn't an output: its variable and its value.
pub(crate) type Setting = (&'static str, String);

/// A `.env` file that is to be written.
pub(crate) struct EnvFile<'a> {
    pub path: &'a Path,
    /// Which cloud and which stack: what the next command needs beside the outputs.
    pub settings: Vec<Setting>,
    /// Settings that are written only where the file has them already: they are the defaults.
    pub defaults: Vec<Setting>,
}

impl EnvFile<'_> {
    /// Refuses a path that can't be written to, before anything is deployed.
    pub(crate) fn check(path: &Path) -> Result<(), Failure> {
        if let Some((text, _)) = read(path)? {
            variables(path, &text)?;
        }
        match path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
            Some(folder) => Err(Failure::usage(format!("Can't write {}", path.display()))
                .why(format!("there is no folder {}", folder.display()))),
            None => Ok(()),
        }
    }

    /// Writes the settings, and the outputs that commands read, into the file and keeps everything else in it; the names
    /// that were written.
    ///
    /// Nothing is written that would read back as something else, and nothing through a symlink: the file behind it may be
    /// anyone's.
    pub(crate) fn write(&self, outputs: &Outputs) -> Result<Vec<&'static str>, Failure> {
        let path = self.path;
        let old = read(path)?;
        let text = old.as_ref().map_or("", |(text, _)| text);
        let before = variables(path, text)?;
        let has = |name: &str| before.get(name).is_some_and(|value| !value.is_empty());
        let defaults = self.defaults.iter().filter(|(name, _)| has(name));
        let mut new = Vec::new();
        for (name, value) in self.settings.iter().chain(defaults) {
            check_line(path, &format!("The value of {name}"), value)?;
            new.push((*name, value.as_str()));
        }
        for (output, name) in VARIABLES {
            let Some(value) = outputs.get(output) else { continue };
            check_line(path, &format!("The output {output}"), value)?;
            new.push((name, value));
            if output == stack::TOPIC_ARN && before.contains_key(OLD_ARN) {
                new.push((OLD_ARN, value));
            }
        }
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let written = set_variables(text, &new);
        check_reads_back(path, &before, &written, &new)?;
        replace(path, &written, old.map(|(_, permissions)| permissions))
            .map_err(|error| Failure::new(format!("Can't write {}", path.display())).why(error))?;
        Ok(new.into_iter().map(|(name, _)| name).collect())
    }
}

/// Refuses what has more than one line: it would set other variables.
fn check_line(path: &Path, what: &str, value: &str) -> Result<(), Failure> {
    match value.chars().any(char::is_control) {
        false => Ok(()),
        true => Err(Failure::new(format!("{what} can't stand in {}", path.display()))
            .why("it holds a line break or another control character")
            .help("Correct the template.")),
    }
}

/// The text and the permissions of a file, if it is there.
fn read(path: &Path) -> Result<Option<(String, Permissions)>, Failure> {
    let cant = |why: String| Failure::new(format!("Can't write {}", path.display())).why(why);
    let found = match std::fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cant(error.to_string())),
    };
    if found.is_symlink() {
        return Err(cant("it is a symlink".into()).help("Name the file that it leads to."));
    }
    if !found.is_file() {
        return Err(cant("it is no file".into()));
    }
    let text = file::read(path, config::MAX_BYTES).map_err(|error| cant(error.to_string()))?;
    Ok(Some((text, found.permissions())))
}

/// Refuses a text that doesn't say what it should: the new variables, and of the others what it said before.
fn check_reads_back(
    path: &Path,
    before: &std::collections::BTreeMap<String, String>,
    text: &str,
    new: &[(&'static str, &str)],
) -> Result<(), Failure> {
    let after = variables(path, text)?;
    let is_new = |name: &str| new.iter().any(|(n, _)| *n == name);
    // Another variable may be made of one of these, as `X=$ARN`.
    let same = |name: &String, value: &String| before.get(name) == Some(value) || text.contains('$');
    let wrong = new
        .iter()
        .find(|(name, value)| after.get(*name).is_none_or(|it| it != value))
        .map(|(name, _)| *name)
        .or_else(|| {
            after.iter().find(|(name, value)| !is_new(name) && !same(name, value)).map(|(name, _)| name.as_str())
        })
        .or_else(|| before.keys().find(|name| !after.contains_key(*name)).map(String::as_str));
    match wrong {
        None => Ok(()),
        Some(name) => Err(Failure::new(format!("Can't write {}", path.display()))
            .why(format!("{name} would be read as something else: the file sets it in a way that is not understood"))
            .help(format!("Put {name} on a line of its own, as NAME=value, and try again."))),
    }
}

/// The content first, then the name: a crash leaves the old file or the new one. The file may hold keys: who could read
/// it before may read it after, nobody else.
fn replace(path: &Path, text: &str, permissions: Option<Permissions>) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // A name that nobody can have put there before.
    let new = folder.join(format!(".{name}.{:016x}", rand::random::<u64>()));
    let written = create(&new).and_then(|mut file| {
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    });
    if written.is_err() {
        // It may never have been created.
        _ = std::fs::remove_file(&new);
    }
    written
}

/// A file that wasn't there, for its owner only.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// It was told after the stack had been made.
    #[test]
    fn what_cant_be_written_is_told_before() {
        let dir = tempfile::tempdir().unwrap();
        assert!(EnvFile::check(&dir.path().join(".env")).is_ok());
        assert!(EnvFile::check(&dir.path().join("none/.env")).is_err());
        assert!(EnvFile::check(dir.path()).is_err());
        std::fs::write(dir.path().join(".env"), "not a variable").unwrap();
        assert!(EnvFile::check(&dir.path().join(".env")).is_err());
    }

    fn write(path: &Path, outputs: &Outputs) -> Result<Vec<&'static str>, Failure> {
        EnvFile { path, settings: Vec::new(), defaults: Vec::new() }.write(outputs)
    }

    fn outputs(pairs: &[(&str, &str)]) -> Outputs {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn outputs_join_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        std::fs::write(&path, "SECRET_KEY=s3cr3t\nARN=old\n").unwrap();
        let outputs = outputs(&[("TopicArn", "arn:new"), ("OrdersQueueUrl", "http://o"), ("BucketName", "b")]);
        assert_eq!(write(&path, &outputs).unwrap(), ["TOPIC_ARN", "ARN", "URL_ORDERS"]);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("SECRET_KEY=s3cr3t\nARN='arn:new'\n"), "{text}");
        for line in ["TOPIC_ARN='arn:new'", "URL_ORDERS='http://o'"] {
            assert!(text.lines().any(|l| l == line), "{text}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    /// The next command looked for a server at the default address, with queues of another in the same file.
    #[test]
    fn what_was_said_of_the_cloud_is_written_and_what_is_default_only_corrected() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        let address = |url: &str| vec![("AWS_ENDPOINT_URL", url.to_owned())];
        let stack = vec![("MESSAGING_STACK", "it's".to_owned())];
        let file = EnvFile { path: &path, settings: stack.clone(), defaults: address("http://default") };
        assert_eq!(file.write(&Outputs::default()).unwrap(), ["MESSAGING_STACK"]);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(variables(&path, &text).unwrap()["MESSAGING_STACK"], "it's");
        let file = EnvFile { path: &path, settings: address("http://other"), defaults: Vec::new() };
        file.write(&Outputs::default()).unwrap();
        let file = EnvFile { path: &path, settings: stack, defaults: address("http://default") };
        file.write(&Outputs::default()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(variables(&path, &text).unwrap()["AWS_ENDPOINT_URL"], "http://default");
        let file = EnvFile { path: &path, settings: vec![("MESSAGING_STACK", "a\nB=c".into())], defaults: Vec::new() };
        assert!(file.write(&Outputs::default()).is_err());
    }

    /// An output's name or value once set any variable, those included that choose the target and hold keys.
    #[test]
    fn an_output_sets_no_variable_but_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        let others = [("MessagingTarget", "aws"), ("Path", "/evil"), ("SecretKey", "x"), ("Ld_Preload", "x")];
        assert!(write(&path, &outputs(&others)).unwrap().is_empty());
        assert!(!path.exists());
        for value in ["x\nSECRET_KEY=evil", "x\r\nA=b", "x\0", "x\x1b[m", "x\u{85}"] {
            let error = write(&path, &outputs(&[("TopicArn", value)])).unwrap_err().to_string();
            assert!(error.contains("TopicArn"), "{error}");
            assert!(!path.exists());
        }
    }

    /// A symlink was replaced by a file; one in a cloned folder may lead anywhere.
    #[cfg(unix)]
    #[test]
    fn a_symlink_is_neither_followed_nor_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (path, victim) = (dir.path().join(".env"), dir.path().join("victim"));
        std::fs::write(&victim, "x").unwrap();
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        assert!(write(&path, &outputs(&[("TopicArn", "a")])).is_err());
        assert!(path.is_symlink());
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "x");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_a_new_file_and_an_old_one_stays_as_closed_as_it_was() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        write(&path, &outputs(&[("TopicArn", "a")])).unwrap();
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write(&path, &outputs(&[("TopicArn", "b")])).unwrap();
        assert_eq!(mode(), 0o640);
    }

    /// What looks like an assignment within another's value isn't one; what can't be written so that it is read back
    /// stays as it was.
    #[test]
    fn a_file_that_would_be_read_otherwise_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        for text in ["KEY=\"a\nTOPIC_ARN=b\n\"\n", "export\tTOPIC_ARN=a\n"] {
            std::fs::write(&path, text).unwrap();
            assert!(write(&path, &outputs(&[("TopicArn", "new")])).is_err(), "{text}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever an output holds: we, and a shell, read the same.
        #[test]
        fn what_was_written_is_read_back(
            values in prop::collection::vec("[ -~]{0,12}|[^\\p{Cc}]{0,6}|['\"$`\\\\#!*?~ =;&|<>(){}]{0,8}", 3),
            ending in prop::sample::select(vec!["\n", "\r\n"]),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(".env");
            std::fs::write(&path, format!("COLOUR=blue{ending}# note{ending}URL_ORDERS=old{ending}")).unwrap();
            let names = ["TopicArn", "OrdersQueueUrl", "PaymentsQueueUrl"];
            let pairs: Vec<_> = names.iter().copied().zip(values.iter().map(String::as_str)).collect();
            write(&path, &outputs(&pairs)).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            prop_assert_eq!(text.matches('\n').count(), text.matches(ending).count());
            let read = variables(&path, &text).unwrap();
            for (name, value) in ["TOPIC_ARN", "URL_ORDERS", "URL_PAYMENTS"].iter().zip(&values) {
                prop_assert_eq!(&read[*name], value);
            }
            prop_assert_eq!(read.len(), 4);
            if ending == "\n" {
                let script = ". ./.env; printf '%s\\n' \"$TOPIC_ARN\" \"$URL_ORDERS\" \"$URL_PAYMENTS\" \"$COLOUR\"";
                let shell = Command::new("sh").args(["-c", script]).current_dir(dir.path()).output().unwrap();
                let expected = format!("{}\nblue\n", values.join("\n"));
                prop_assert_eq!(String::from_utf8(shell.stdout).unwrap(), expected, "{}", text);
            }
        }
    }
}
