//! [`Tree`]: the source files of a crate, each with the module that it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::arrows::{self, Arrow};
use crate::names;

/// The path of a module from the root of its crate: empty for `lib.rs`.
pub(crate) type Module = Vec<String>;

pub(crate) struct Tree {
    files: BTreeMap<Module, File>,
}

struct File {
    /// From the root of the sources, with slashes.
    path: String,
    text: String,
    test_modules: Vec<String>,
}

impl Tree {
    pub(crate) fn read(root: &Path) -> Self {
        let mut paths = Vec::new();
        collect(root, &mut paths);
        let files = paths.into_iter().map(|path| {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let (path, test_modules) = (relative(&path, root), arrows::test_modules(&text));
            (module(&path), File { path, text, test_modules })
        });
        Tree { files: files.collect() }
    }

    pub(crate) fn files(&self) -> Vec<&str> {
        self.files.values().map(|file| file.path.as_str()).collect()
    }

    /// Each type with its file; not those of tests.
    pub(crate) fn types(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter().filter(|(module, _)| !self.is_test(module));
        files.flat_map(|(_, file)| names::declared(&file.text).map(|name| (name, file.path.as_str())))
    }

    /// Every naming of one file by another.
    pub(crate) fn arrows(&self) -> Vec<Arrow> {
        let all = self.files.iter().flat_map(|(module, file)| {
            let named = arrows::paths(&file.text).into_iter();
            named.filter_map(move |named| {
                let to = self.resolve(module, &named.segments)?;
                (to.path != file.path).then(|| Arrow {
                    from: file.path.clone(),
                    line: named.line,
                    to: to.path.clone(),
                    name: named.segments.join("::"),
                    in_test: self.is_test(module),
                })
            })
        });
        all.collect()
    }

    /// The file in which what a path names, seen from a module, is found; none if it is another crate's.
    fn resolve(&self, here: &[String], path: &[String]) -> Option<&File> {
        let ups = path.iter().take_while(|segment| *segment == "super").count();
        let (from, rest) = match path.first()?.as_str() {
            "crate" => (&here[..0], &path[1..]),
            "self" => (here, &path[1..]),
            "super" => (&here[..here.len().checked_sub(ups)?], &path[ups..]),
            child if self.is_module(here, child) => (here, path),
            _ => return None,
        };
        Some(self.deepest(from.to_vec(), rest))
    }

    /// Whether a module, or one around it, is there for tests alone.
    fn is_test(&self, module: &[String]) -> bool {
        let declared_by = |at: usize| self.files.get(&module[..at]);
        (0..module.len()).any(|at| declared_by(at).is_some_and(|file| file.test_modules.contains(&module[at])))
    }

    fn is_module(&self, here: &[String], child: &str) -> bool {
        let module = [here, &[child.to_owned()]].concat();
        self.files.contains_key(&module)
    }

    /// Follows a path as far as it leads through files.
    fn deepest(&self, mut at: Module, rest: &[String]) -> &File {
        for segment in rest {
            if !self.is_module(&at, segment) {
                break;
            }
            at.push(segment.clone());
        }
        self.files
            .get(&at)
            .unwrap_or_else(|| panic!("no file is the module {at:?}"))
    }
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn relative(path: &Path, root: &Path) -> String {
    let below = path.strip_prefix(root).expect("it lies below the root");
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// `cancel/node/mod.rs` is the module `cancel::node`.
fn module(path: &str) -> Module {
    let mut parts: Module = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}
