//! The file of `--report`: a run as a page, written in one step.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::Context;
use crate::clock;
use crate::exit::Failure;
use crate::report::Outcome;
use crate::report::html::{self, About, Recorded};

/// Where the page is to be, and since when the run goes.
pub(super) struct PageFile {
    path: PathBuf,
    pub(super) began: jiff::Timestamp,
}

/// Whether a file may take the place of what is at a path: a folder, a device, a pipe or a link isn't replaced.
///
/// # Errors
/// Why not.
pub(super) fn can_be_replaced(path: &Path) -> Result<(), &'static str> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => Err("it is there, and no regular file"),
        _ => Ok(()),
    }
}

impl PageFile {
    /// The file that the user names, if there is one. What can't be written is refused before anything is done.
    pub(super) fn claim(path: Option<&Path>) -> Result<Option<Self>, Failure> {
        let Some(path) = path else { return Ok(None) };
        let file = Self { path: path.to_owned(), began: clock::now() };
        let refused = |why: String| {
            Failure::usage(format!("Can't write the report {}", path.display()))
                .why(why)
                .help("Give --report a file in a folder that is there and may be written to.")
        };
        can_be_replaced(path).map_err(|why| refused(why.into()))?;
        if path.file_name().is_none() {
            return Err(refused("it has no name".into()));
        }
        // What is made here is gone at once: nothing is left behind if the run is killed.
        file.beside().map_err(|error| refused(error.to_string()))?;
        Ok(Some(file))
    }

    /// The same; the run begins now.
    pub(super) fn begin(self) -> Self {
        Self { began: clock::now(), ..self }
    }

    /// A file beside it, that will have the same rights as any other that the user makes.
    fn beside(&self) -> std::io::Result<NamedTempFile> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        builder.prefix(".report-").suffix(".html");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.tempfile_in(folder.unwrap_or(Path::new(".")))
    }

    /// Writes the page of a run.
    pub(super) fn write(
        &self,
        context: &Context,
        outcome: &Outcome,
        template_sha256: Option<String>,
        recorded: &Recorded,
    ) -> bool {
        self.put(context, &html::page(outcome, &self.about(template_sha256), recorded))
    }

    /// What made the run, and on what.
    pub(super) fn about(&self, template_sha256: Option<String>) -> About {
        About {
            started: self.began.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            version: env!("MESSAGING_VERSION"),
            template_sha256,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }

    /// Writes a page, and says where it is. False if it can't, which is told: a run's outcome isn't another for that.
    pub(super) fn put(&self, context: &Context, page: &str) -> bool {
        let put = || {
            let mut file = self.beside()?;
            file.write_all(page.as_bytes())?;
            file.persist(&self.path).map_err(|failed| failed.error)
        };
        match put() {
            Ok(_) => context.ui.note(format!("The report is in {}.", self.path.display())),
            Err(error) => {
                context.ui.warn(format!("The report {} can't be written: {error}", self.path.display()));
                return false;
            }
        }
        true
    }
}

/// A text's SHA-256, in hex.
pub(super) fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cant_be_a_page_is_refused_and_nothing_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("folder")).unwrap();
        std::fs::write(at("old.html"), "old").unwrap();
        let mut refused = vec![at("folder"), at("none/report.html"), PathBuf::from("/"), at("old.html/report.html")];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("old.html"), at("link")).unwrap();
            refused.push(at("link"));
        }
        for path in refused {
            assert!(PageFile::claim(Some(&path)).is_err(), "{}", path.display());
        }
        for path in [at("new.html"), at("old.html")] {
            assert!(PageFile::claim(Some(&path)).unwrap().is_some());
        }
        assert!(PageFile::claim(None).unwrap().is_none() && !at("new.html").exists());
        assert_eq!(std::fs::read_to_string(at("old.html")).unwrap(), "old");
        assert!(std::fs::read_dir(dir.path()).unwrap().count() <= 3);
    }

    #[test]
    fn a_hash_is_that_of_sha256sum() {
        assert_eq!(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
