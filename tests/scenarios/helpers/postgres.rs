//! A PostgreSQL server for tests: Debian's own, on a free port, in a folder that goes away. The tests that run at the same
//! time share one server, and have a database each.

use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long the server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long between two looks whether it has.
const PAUSE: Duration = Duration::from_millis(50);
/// The superuser's password: nothing that the services print may show it.
pub(crate) const PASSWORD: &str = "open-sesame";

/// The server that lives while a test uses it.
static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

/// A database of a test's own.
pub(crate) struct Postgres {
    /// As `DATABASE_URL`.
    pub(crate) url: String,
    server: Arc<Server>,
}

impl Postgres {
    /// A new, empty database.
    pub(crate) fn new() -> Self {
        let server = {
            let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            shared.upgrade().unwrap_or_else(|| {
                let server = Arc::new(Server::start());
                *shared = Arc::downgrade(&server);
                server
            })
        };
        let name = format!("test_{:016x}", rand::random::<u64>());
        server.sql("postgres", &format!("CREATE DATABASE {name}"));
        Self { url: server.url(&name), server }
    }

    /// What a statement gives in this database: rows as lines, columns with `|` in between.
    pub(crate) fn sql(&self, statement: &str) -> String {
        let name = self.url.rsplit('/').next().unwrap();
        self.server.sql(name, statement)
    }
}

/// A server of one test alone, which may stop it and start it again.
pub(crate) struct Server {
    child: Mutex<Option<Child>>,
    port: u16,
    folder: TempDir,
}

impl Server {
    /// Starts a new one.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("messaging-postgres").tempdir().unwrap();
        if let Some((user, group)) = unprivileged() {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        let made = program("initdb")
            .args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--username=postgres", "--no-sync"])
            .arg(format!("--pwfile={}", password.display()))
            .arg(folder.path().join("data"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { child: Mutex::new(None), port, folder };
        server.resume();
        server
    }

    /// Starts it again, and waits until it answers.
    pub(crate) fn resume(&self) {
        let log = std::fs::File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let child = program("postgres")
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .args(["-c", "max_connections=400", "-c", "shared_buffers=32MB"])
            .arg("-k")
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        *self.child.lock().unwrap() = Some(child);
        let started = Instant::now();
        while !self.psql("postgres", "SELECT 1").output().unwrap().status.success() {
            assert!(started.elapsed() < PATIENCE, "{}", self.log());
            std::thread::sleep(PAUSE);
        }
    }

    /// Ends it at once, as a crash does.
    pub(crate) fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // SIGQUIT ends the server's other processes too, without a word to their clients.
            _ = Command::new("kill").args(["-QUIT", &child.id().to_string()]).status();
            _ = child.wait();
        }
    }

    /// The URL of one of its databases.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{}/{name}", self.port)
    }

    /// What a statement gives in a database.
    pub(crate) fn sql(&self, name: &str, statement: &str) -> String {
        let done = self.psql(name, statement).output().unwrap();
        assert!(done.status.success(), "{statement}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim_end().to_owned()
    }

    fn psql(&self, name: &str, statement: &str) -> Command {
        let mut psql = program("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.args(["--command", statement]).arg(self.url(name)).stdin(Stdio::null());
        psql
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A program of PostgreSQL, under a user that it agrees to run as.
fn program(name: &str) -> Command {
    let path = binaries().join(name);
    match unprivileged() {
        None => Command::new(path),
        Some((user, group)) => {
            let mut command = Command::new("setpriv");
            command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).args(["--clear-groups", "--"]);
            command.arg(path).current_dir("/");
            command
        }
    }
}

/// The newest version that Debian's packages brought, else what the path has.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let versions = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists());
    let newest = versions.max_by_key(|bin| version(bin));
    newest.unwrap_or_else(|| {
        assert!(
            Command::new("initdb").arg("--version").output().is_ok(),
            "PostgreSQL's server is needed: apt-get install postgresql"
        );
        PathBuf::new()
    })
}

/// The version in `/usr/lib/postgresql/15/bin`.
fn version(bin: &Path) -> u32 {
    bin.parent().and_then(|path| path.file_name()?.to_str()?.parse().ok()).unwrap_or(0)
}

/// PostgreSQL refuses to run as root: the ids of the user that it runs as then.
fn unprivileged() -> Option<(u32, u32)> {
    let id = |args: &[&str]| -> Option<u32> {
        let told = Command::new("id").args(args).output().ok()?;
        String::from_utf8(told.stdout).ok()?.trim().parse().ok()
    };
    (id(&["-u"]) == Some(0)).then(|| {
        let of = |user: &str| Some((id(&["-u", user])?, id(&["-g", user])?));
        of("postgres").or_else(|| of("nobody")).expect("root has no other user to run PostgreSQL as")
    })
}
