//! The files of a crate as its modules name them, and what each imports.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item, UseTree};

/// A module of a crate: its names from the crate's root down.
pub(super) type Module = Vec<String>;

/// What a module holds.
#[derive(Default)]
struct Content {
    file: usize,
    /// Imports and re-exports: the name, and the path that it stands for.
    names: BTreeMap<String, Vec<String>>,
    /// Every path that its code names, those of its imports among them.
    paths: Vec<Vec<String>>,
}

/// All of a crate that is compiled outside tests.
pub(super) struct Source {
    /// Below the root of the repository.
    pub files: Vec<String>,
    modules: BTreeMap<Module, Content>,
    /// Macros that are exported at the crate's root, with the module that they stand in.
    macros: BTreeMap<String, Module>,
}

/// Where the repository is.
pub(super) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Source {
    /// Reads a crate from its root file on, e.g. `crates/log/src/lib.rs`.
    pub(super) fn read(root: &str) -> Self {
        let mut source = Self { files: Vec::new(), modules: BTreeMap::new(), macros: BTreeMap::new() };
        let path = repository().join(root);
        let folder = path.parent().unwrap().to_owned();
        source.read_file(&path, &folder, Vec::new());
        source
    }

    /// Which file imports which, by their places in [`files`](Self::files). A child may know its parents, so what it takes of
    /// them is no arrow; but what a parent only hands on is taken from where it comes.
    pub(super) fn arrows(&self) -> Vec<(usize, usize)> {
        let mut arrows = Vec::new();
        for (module, content) in &self.modules {
            for path in &content.paths {
                let Some(target) = self.resolve(module, path, 0) else { continue };
                let to = self.modules[&target].file;
                if to != content.file && !module.starts_with(&target) {
                    arrows.push((content.file, to));
                }
            }
        }
        arrows.sort_unstable();
        arrows.dedup();
        arrows
    }

    fn read_file(&mut self, path: &Path, folder: &Path, module: Module) {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.files.push(path.strip_prefix(repository()).unwrap().to_str().unwrap().to_owned());
        let file = self.files.len() - 1;
        self.read_items(syntax.items, file, folder, module);
    }

    fn read_items(&mut self, items: Vec<Item>, file: usize, folder: &Path, module: Module) {
        let mut content = Content { file, ..Content::default() };
        for item in items {
            match item {
                Item::Mod(inner) => {
                    if is_for_tests(&inner.attrs) {
                        continue;
                    }
                    let name = inner.ident.to_string();
                    let child: Module = module.iter().cloned().chain([name.clone()]).collect();
                    match inner.content {
                        Some((_, items)) => self.read_items(items, file, &folder.join(&name), child),
                        None => {
                            let path = file_of(folder, &name);
                            self.read_file(&path, &folder.join(&name), child);
                        }
                    }
                }
                Item::Use(import) if !is_for_tests(&import.attrs) => {
                    imports(&import.tree, &mut Vec::new(), &mut content);
                }
                Item::Macro(item) => {
                    if let Some(name) = item.ident.as_ref().filter(|_| has(&item.attrs, "macro_export")) {
                        self.macros.insert(name.to_string(), module.clone());
                    }
                    paths(item.to_token_stream(), &mut content.paths);
                }
                item if is_for_tests(attributes(&item)) => {}
                item => paths(item.to_token_stream(), &mut content.paths),
            }
        }
        self.modules.insert(module, content);
    }

    /// The module that holds what a path names, as it is written in `from`.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        if depth > 16 {
            return None;
        }
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Vec::new(),
            "self" => from.clone(),
            "super" => {
                let mut at = from.clone();
                at.pop()?;
                while let Some((next, more)) = rest.split_first()
                    && next == "super"
                {
                    at.pop()?;
                    rest = more;
                }
                at
            }
            name if self.modules.contains_key(&child(from, name)) => child(from, name),
            name => {
                let known = self.modules[from].names.get(name)?;
                // `use log;` of another crate.
                if known.first() == Some(first) {
                    return None;
                }
                let path: Vec<String> = known.iter().chain(rest).cloned().collect();
                return self.resolve(from, &path, depth + 1);
            }
        };
        for (i, name) in rest.iter().enumerate() {
            let below = child(&at, name);
            if self.modules.contains_key(&below) {
                at = below;
            } else if at.is_empty() && self.macros.contains_key(name) {
                return self.macros.get(name).cloned();
            } else if let Some(known) = self.modules[&at].names.get(name).filter(|known| known.first() != Some(name)) {
                let path: Vec<String> = known.iter().chain(&rest[i + 1..]).cloned().collect();
                return self.resolve(&at, &path, depth + 1);
            } else {
                break;
            }
        }
        Some(at)
    }
}

fn child(module: &Module, name: &str) -> Module {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

fn file_of(folder: &Path, name: &str) -> PathBuf {
    let flat = folder.join(format!("{name}.rs"));
    if flat.exists() { flat } else { folder.join(name).join("mod.rs") }
}

/// The names and the paths of a `use`.
fn imports(tree: &UseTree, prefix: &mut Vec<String>, content: &mut Content) {
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            imports(&path.tree, prefix, content);
            prefix.pop();
        }
        UseTree::Name(name) => add_import(&name.ident.to_string(), None, prefix, content),
        UseTree::Rename(rename) => {
            add_import(&rename.ident.to_string(), Some(rename.rename.to_string()), prefix, content);
        }
        UseTree::Glob(_) => content.paths.push(prefix.clone()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| imports(tree, prefix, content)),
    }
}

fn add_import(name: &str, alias: Option<String>, prefix: &[String], content: &mut Content) {
    let mut path = prefix.to_vec();
    if name != "self" {
        path.push(name.to_owned());
    }
    let Some(last) = path.last().cloned() else { return };
    content.names.insert(alias.unwrap_or(last), path.clone());
    content.paths.push(path);
}

/// The paths that code names: `a::b::c`, also within the arguments of macros.
fn paths(tokens: TokenStream, found: &mut Vec<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    // How many colons stand behind the path's last name.
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 {
                    end_path(&mut path, found);
                }
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() && colons < 2 => colons += 1,
            token => {
                end_path(&mut path, found);
                colons = 0;
                if let TokenTree::Group(group) = token {
                    paths(group.stream(), found);
                }
            }
        }
    }
    end_path(&mut path, found);
}

fn end_path(path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if path.len() > 1 {
        found.push(std::mem::take(path));
    }
    path.clear();
}

/// Whether something is compiled for tests, and for fuzzing, only.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    let only = |attribute: &Attribute| {
        let words = attribute.meta.to_token_stream().to_string();
        words.contains("test") && !words.contains("not")
    };
    attributes.iter().any(|attribute| attribute.path().is_ident("cfg") && only(attribute))
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident(name))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
