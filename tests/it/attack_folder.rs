//! Folders that a start is given: which it takes, and that it touches not a byte of any other.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use cloud::Cloud;
use cloud::Options;
use log::Durability;
use tempfile::TempDir;

use crate::helpers::binary::{self, run};
use crate::helpers::folders::tree;

/// A blob's name.
const BLOB: &str = "ab000000000000000000000000000000";

/// Opens a cloud and closes it again; what it said, or why it didn't open.
pub(crate) fn start(data: &Path) -> Result<Vec<String>, String> {
    start_with(Options::new(data))
}

fn start_with(options: Options) -> Result<Vec<String>, String> {
    let said = Arc::<Mutex<Vec<String>>>::default();
    let hears = said.clone();
    let opened = Cloud::open(options, move |text| hears.lock().unwrap().push(text.to_owned()));
    opened.map(|_| said.lock().unwrap().clone()).map_err(|error| error.to_string())
}

fn put(path: PathBuf, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// As a version before made it.
fn open_to_others(data: &Path) {
    for path in tree(data).into_keys().chain([data.to_owned()]) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// Gives a file a second name that everybody can read it by.
fn second_name(file: &Path, victim: &Path) {
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    fs::hard_link(file, victim.join("copy")).unwrap();
}

/// A data folder with a log, as a start and an end leave it.
fn ours(data: &Path) {
    start(data).unwrap();
}

/// What is wrong with a folder, the words of the error, and how it comes to be: the data folder, and a folder that nobody gave.
type Row = (&'static str, &'static [&'static str], fn(&Path, &Path));

/// What somebody else put there.
const FOREIGN: &[Row] = &[
    ("a file of somebody's", &["data", "thesis.txt", "choose"], |data, _| put(data.join("thesis.txt"), "theirs")),
    ("many files", &["a, b, c and 2 more"], |data, _| {
        ["a", "b", "c", "d", "e"].iter().for_each(|name| put(data.join(name), "theirs"));
    }),
    ("a repository", &["HEAD", "isn't a data folder"], |data, _| {
        put(data.join("HEAD"), "ref: refs/heads/main");
        put(data.join("objects/ab/cdef0123456789abcdef0123456789abcdef01"), "a commit");
        put(data.join("objects/pack/pack-1.idx"), "a pack");
    }),
    ("models", &["objects"], |data, _| put(data.join("objects/models/chair.obj"), "a chair")),
    ("files in a folder of blobs", &["objects"], |data, _| put(data.join("objects/ab/readme"), "theirs")),
    ("blobs of another prefix", &["objects"], |data, _| put(data.join("objects/cd").join(BLOB), "theirs")),
    ("objects without a log", &["log is gone", "1 files of S3 objects"], |data, _| {
        put(data.join("objects/ab").join(BLOB), "bytes");
    }),
    ("logs of somebody's", &["log"], |data, _| put(data.join("log/app.log"), "lines")),
    ("a log that only looks like ours", &["log"], |data, _| {
        put(data.join("log/00000001.log"), &"2026-01-01 started\n".repeat(10));
    }),
    ("a lock of somebody's", &["lock"], |data, _| put(data.join("lock"), "theirs")),
    ("a folder of folders", &["Documents"], |data, _| put(data.join("Documents/a"), "theirs")),
    ("somebody's file with the name of an unfinished marker", &["messaging-data.new"], |data, _| {
        put(data.join("messaging-data.new"), "theirs");
    }),
    ("somebody's reserve", &["log"], |data, _| put(data.join("log/reserve"), "theirs")),
    ("somebody's short log", &["log"], |data, _| put(data.join("log/00000001.log"), "started\n")),
    ("somebody's empty second log", &["log"], |data, _| put(data.join("log/00000002.log"), "")),
    ("somebody's note", &["log"], |data, _| put(data.join("log/00000001.last"), "theirs")),
    ("a pipe for a lock", &["lock", "isn't a file"], |data, _| {
        fs::create_dir(data).unwrap();
        let made = std::process::Command::new("mkfifo").arg(data.join("lock")).status().unwrap();
        assert!(made.success());
    }),
    ("a file for a folder", &["data"], |data, _| put(data.to_owned(), "a file")),
];

/// Folders of ours that lost something, were damaged, or are of a newer version.
const DAMAGED: &[Row] = &[
    ("a newer marker", &["format 7", "newer"], |data, _| {
        ours(data);
        fs::write(data.join("messaging-data"), "messaging data folder, format 7\nmore\n").unwrap();
    }),
    ("a marker that says nothing", &["messaging-data", "doesn't say"], |data, _| {
        ours(data);
        fs::write(data.join("messaging-data"), "").unwrap();
    }),
    ("a log that was lost", &["log is gone", "put log/ back"], |data, _| {
        ours(data);
        put(data.join("objects/ab").join(BLOB), "bytes");
        fs::remove_dir_all(data.join("log")).unwrap();
    }),
    ("a log that was emptied", &["log is gone"], |data, _| {
        ours(data);
        for file in fs::read_dir(data.join("log")).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
    }),
    ("a log that was emptied but for its note", &["log is gone"], |data, _| {
        ours(data);
        fs::remove_file(data.join("log/00000001.log")).unwrap();
    }),
    ("a damaged first segment", &["00000001.log", "damaged"], |data, _| {
        ours(data);
        let mut bytes = fs::read(data.join("log/00000001.log")).unwrap();
        bytes[20] ^= 1;
        fs::write(data.join("log/00000001.log"), bytes).unwrap();
    }),
    ("a damaged stone in a folder that others can read", &["00000007-00000007.removed", "damaged"], |data, _| {
        ours(data);
        put(data.join("log/00000007-00000007.removed"), "no header");
        open_to_others(data);
        fs::remove_dir_all(data.join("objects")).unwrap();
    }),
    ("another's note in a folder that others can read", &["00000009.last", "segment 1"], |data, _| {
        ours(data);
        fs::copy(data.join("log/00000001.last"), data.join("log/00000009.last")).unwrap();
        open_to_others(data);
    }),
    ("an emptied last segment", &["00000001.log", "damaged"], |data, _| {
        ours(data);
        fs::write(data.join("log/00000001.log"), "").unwrap();
    }),
];

/// Links, where a folder of ours has none.
const LINKED: &[Row] = &[
    ("a linked objects", &["objects", "symbolic link"], |data, victim| {
        ours(data);
        fs::remove_dir_all(data.join("objects")).unwrap();
        symlink(victim, data.join("objects")).unwrap();
    }),
    ("a linked objects in a folder that is not ours yet", &["objects", "symbolic link"], |data, victim| {
        fs::create_dir(data).unwrap();
        symlink(victim, data.join("objects")).unwrap();
    }),
    ("a linked folder of blobs", &["objects/ab", "symbolic link"], |data, victim| {
        ours(data);
        fs::remove_dir(data.join("objects/ab")).unwrap();
        symlink(victim, data.join("objects/ab")).unwrap();
    }),
    ("a linked log", &["log", "symbolic link"], |data, victim| {
        fs::create_dir(data).unwrap();
        symlink(victim, data.join("log")).unwrap();
    }),
    ("a linked lock", &["lock", "symbolic link"], |data, victim| {
        fs::create_dir(data).unwrap();
        symlink(victim.join("thesis.txt"), data.join("lock")).unwrap();
    }),
    ("a linked marker", &["messaging-data", "symbolic link"], |data, victim| {
        fs::create_dir(data).unwrap();
        symlink(victim.join("thesis.txt"), data.join("messaging-data")).unwrap();
    }),
    ("a linked segment", &["00000001.log", "symbolic link"], |data, victim| {
        ours(data);
        fs::rename(data.join("log/00000001.log"), victim.join("there.log")).unwrap();
        symlink(victim.join("there.log"), data.join("log/00000001.log")).unwrap();
    }),
    ("a linked next segment", &["00000002.log", "symbolic link"], |data, victim| {
        ours(data);
        symlink(victim.join("thesis.txt"), data.join("log/00000002.log")).unwrap();
    }),
    ("a linked place for what is lost", &["lost", "symbolic link"], |data, victim| {
        ours(data);
        symlink(victim, data.join("lost")).unwrap();
    }),
    ("a link to nowhere", &["data"], |data, victim| symlink(victim.join("nowhere"), data).unwrap()),
];

/// Files of which somebody has another name.
const SECOND_NAMES: &[Row] = &[
    ("a segment with a second name", &["00000001.log", "second name"], |data, victim| {
        ours(data);
        second_name(&data.join("log/00000001.log"), victim);
    }),
    ("a lock with a second name", &["lock", "second name"], |data, victim| {
        fs::create_dir(data).unwrap();
        fs::write(victim.join("number"), "17\n").unwrap();
        fs::hard_link(victim.join("number"), data.join("lock")).unwrap();
    }),
    (
        "a reserve with a second name, in a folder that is not ours yet",
        &["log/reserve", "second name"],
        |data, victim| {
            fs::create_dir_all(data.join("log")).unwrap();
            fs::hard_link(victim.join("thesis.txt"), data.join("log/reserve")).unwrap();
        },
    ),
    ("a reserve with a second name", &["log/reserve", "second name"], |data, victim| {
        ours(data);
        _ = fs::remove_file(data.join("log/reserve"));
        fs::hard_link(victim.join("thesis.txt"), data.join("log/reserve")).unwrap();
    }),
    ("a note with a second name", &["00000001.last", "second name"], |data, victim| {
        ours(data);
        second_name(&data.join("log/00000001.last"), victim);
    }),
    ("a stone with a second name", &["00000007-00000007.removed", "second name"], |data, victim| {
        ours(data);
        fs::hard_link(victim.join("thesis.txt"), data.join("log/00000007-00000007.removed")).unwrap();
    }),
    ("a note of the log's end with a second name", &["log.end", "second name"], |data, victim| {
        ours(data);
        second_name(&data.join("log.end"), victim);
    }),
    ("a marker with a second name", &["messaging-data", "second name"], |data, victim| {
        ours(data);
        second_name(&data.join("messaging-data"), victim);
    }),
    ("an unfinished marker with a second name", &["messaging-data.new", "second name"], |data, victim| {
        fs::create_dir(data).unwrap();
        fs::hard_link(victim.join("thesis.txt"), data.join("messaging-data.new")).unwrap();
    }),
];

/// Who gave `--data-dir .git` lost all of .git/objects; who gave a folder with a link in it, what the link led to.
#[test]
fn a_folder_that_is_not_ours_is_refused_and_not_touched() {
    for (what, words, harm) in [FOREIGN, DAMAGED, LINKED, SECOND_NAMES].concat() {
        let root = tempfile::tempdir().unwrap();
        let (data, victim) = (root.path().join("data"), root.path().join("victim"));
        put(victim.join("thesis.txt"), "theirs");
        put(victim.join("ab").join(BLOB), "theirs as well");
        harm(&data, &victim);
        let before = tree(root.path());
        let error = start(&data).expect_err(what);
        for word in words {
            assert!(error.contains(word), "{what}: {error}");
        }
        assert_eq!(tree(root.path()), before, "{what}: {error}");
    }
}

#[test]
fn a_folder_with_nothing_in_it_is_taken() {
    type Prepare = fn(&Path);
    let rows: &[(&str, Prepare)] = &[
        ("none", |_| {}),
        ("an empty one", |data| fs::create_dir(data).unwrap()),
        ("one that a first start just made", |data| put(data.join("lock"), "123\n")),
        ("one whose first start ended before the log was begun", |data| {
            put(data.join("lock"), "123\n");
            put(data.join("log/00000001.log"), "");
            fs::create_dir_all(data.join("objects/ab")).unwrap();
            put(data.join("messaging-data.new"), "mess");
        }),
        ("one that a desktop, a file system or a repository left something in", |data| {
            for name in [".DS_Store", ".gitignore", ".gitkeep"] {
                put(data.join(name), "theirs");
            }
            fs::create_dir(data.join("lost+found")).unwrap();
        }),
        ("one that keeps the folder of simulate", |data| ours(&data.join("simulate"))),
        ("one that keeps the folder of an older simulate", |data| {
            ours(&data.join("simulate"));
            fs::remove_file(data.join("simulate/messaging-data")).unwrap();
        }),
    ];
    for (what, prepare) in rows {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        prepare(&data);
        let before = if data.exists() { tree(&data) } else { BTreeMap::new() };
        start(&data).unwrap_or_else(|error| panic!("{what}: {error}"));
        let after = tree(&data);
        let ours = ["lock", "log", "objects", "messaging-data.new"].map(|name| data.join(name));
        for (path, was) in before.iter().filter(|(path, _)| !ours.iter().any(|ours| path.starts_with(ours))) {
            assert_eq!(&after[path], was, "{what}: {path:?}");
        }
        let marker = fs::read_to_string(data.join("messaging-data")).unwrap();
        assert_eq!(marker, "messaging data folder, format 1\n", "{what}");
        assert_eq!(start(&data).unwrap(), [""; 0], "{what}: again");
    }
}

/// The path that somebody gives may lead through a link: he said so.
#[test]
fn a_given_path_may_be_a_link_and_an_unmarked_log_of_ours_is_taken() {
    let root = tempfile::tempdir().unwrap();
    let (data, link) = (root.path().join("data"), root.path().join("link"));
    ours(&data);
    fs::remove_file(data.join("messaging-data")).unwrap();
    symlink(&data, &link).unwrap();
    start(&link).unwrap();
    assert!(data.join("messaging-data").exists());
}

#[test]
fn a_held_folder_is_refused_and_not_touched() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let (held, _) = Cloud::open(Options::new(&data), |_| {}).unwrap();
    let before = tree(&data);
    let error = start(&data).unwrap_err();
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    assert_eq!(tree(&data), before);
    drop(held);
}

/// `--durability memory` emptied the objects of the folder that it was not to use.
#[test]
fn a_cloud_in_memory_touches_no_folder() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let memory = || Options { durability: Durability::Memory, ..Options::new(&data) };
    start_with(memory()).unwrap();
    assert!(!data.exists());
    ours(&data);
    put(data.join("objects/ab").join(BLOB), "bytes");
    let before = tree(&data);
    start_with(memory()).unwrap();
    assert_eq!(tree(&data), before);
}

/// Messages, SNS's private key and the secret of session tokens could be read by every user of the machine.
#[test]
fn nobody_else_can_read_a_data_folder() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("new/data");
    let others = |data: &Path| -> Vec<PathBuf> {
        let all = [data.to_owned()].into_iter().chain(tree(data).into_keys());
        all.filter(|path| fs::symlink_metadata(path).unwrap().mode() & 0o077 != 0).collect()
    };
    start(&data).unwrap();
    assert_eq!(others(&root.path().join("new")), Vec::<PathBuf>::new());
    open_to_others(&data);
    let said = start(&data).unwrap();
    assert!(said.len() == 1 && said[0].contains("other users"), "{said:?}");
    assert_eq!(others(&data), Vec::<PathBuf>::new());
    assert_eq!(start(&data).unwrap(), [""; 0], "it is said once");
}

/// Objects have second names on purpose, and so may a backup of them: the mode of somebody's file isn't ours to change.
#[test]
fn an_object_with_a_second_name_elsewhere_keeps_its_mode() {
    let root = tempfile::tempdir().unwrap();
    let (data, backup) = (root.path().join("data"), root.path().join("backup"));
    ours(&data);
    put(backup.clone(), "bytes");
    fs::set_permissions(&backup, fs::Permissions::from_mode(0o644)).unwrap();
    fs::hard_link(&backup, data.join("objects/ab").join(BLOB)).unwrap();
    start(&data).unwrap();
    assert_eq!(fs::metadata(&backup).unwrap().mode() & 0o777, 0o644);
    assert_eq!(fs::read_to_string(&backup).unwrap(), "bytes");
}

fn with_linked_default() -> (TempDir, TempDir) {
    let (folder, victim) = (binary::folder(), binary::folder());
    ours(victim.path());
    symlink(victim.path(), folder.path().join(".messaging")).unwrap();
    (folder, victim)
}

/// Git carries links: whoever starts in a cloned repository would open whatever folder its `.messaging` leads to.
#[test]
fn a_default_folder_that_is_a_link_is_refused() {
    for command in [&["local", "--addr", "127.0.0.1:0"][..], &["simulate", "--count", "1"]] {
        let (folder, victim) = with_linked_default();
        let before = tree(victim.path());
        let ended = run(folder.path(), command);
        assert_eq!(ended.code, Some(1), "{ended:#?}");
        assert!(ended.stderr.contains("symbolic link") && ended.stderr.contains("--data-dir"), "{}", ended.stderr);
        assert_eq!(tree(victim.path()), before);
    }
}

/// What the binary says of a folder that isn't one of its own.
#[test]
fn the_binary_refuses_a_foreign_folder_by_name() {
    let folder = binary::folder();
    put(folder.path().join("repo/HEAD"), "ref");
    put(folder.path().join("repo/objects/ab").join(BLOB), "an object");
    let before = tree(folder.path());
    let ended = run(folder.path(), ["local", "--addr", "127.0.0.1:0", "--data-dir", "repo"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let told = ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("repo isn't empty") && told.contains("HEAD"), "{told}");
    assert_eq!(tree(folder.path()), before);
}

/// A folder that can't be written is refused by name; root may write everywhere, so the test starts as somebody else then.
#[test]
fn a_read_only_folder_is_refused_by_name() {
    use std::os::unix::process::CommandExt;
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let data = root.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o555)).unwrap();
    let before = tree(root.path());
    let mut command = binary::messaging(root.path());
    command.args(["local", "--addr", "127.0.0.1:0", "--data-dir", "data"]);
    if root.path().metadata().unwrap().uid() == 0 {
        command.uid(65_534);
    }
    let ended = command.output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("data/lock") && told.to_lowercase().contains("permission denied"), "{told}");
    assert_eq!(tree(root.path()), before);
}
