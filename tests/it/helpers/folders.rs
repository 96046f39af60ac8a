//! Folders: what is in them, and copies of them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Everything below a folder: what it is, who may do what with it, and its bytes or where it leads.
pub(crate) fn tree(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let what = if metadata.is_dir() {
                folders.push(path.clone());
                "a folder".to_owned()
            } else if metadata.is_symlink() {
                format!("to {}", fs::read_link(&path).unwrap().display())
            } else if metadata.is_file() {
                format!("{:?}", fs::read(&path).unwrap())
            } else {
                "something else".to_owned()
            };
            all.insert(path, format!("{:o} {what}", metadata.mode()));
        }
    }
    all
}

/// Copies a folder and what is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}
