//! [`Surface`]: what a crate gives to its users, read from its sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::ext::IdentExt;
use syn::{Attribute, File, Ident, Item, UseTree, Visibility};

/// The path of a module from the root of its crate, or of a name in one.
type Names = Vec<String>;

pub(crate) struct Surface {
    modules: BTreeMap<Names, Vec<Item>>,
}

/// A public name on the way to the list.
struct Found {
    kind: String,
    feature: Option<String>,
}

impl Surface {
    pub(crate) fn read(root: &Path) -> Self {
        let mut modules = BTreeMap::new();
        read_folder(root, &mut Vec::new(), &mut modules);
        Surface { modules }
    }

    pub(crate) fn of<'s>(files: impl IntoIterator<Item = (&'s str, &'s str)>) -> Self {
        let files = files.into_iter().map(|(module, text)| {
            let module = module.split("::").filter(|name| !name.is_empty()).map(str::to_owned);
            (module.collect(), parse(text).items)
        });
        Surface { modules: files.collect() }
    }

    /// Each file as a module, with what it declares.
    pub(crate) fn modules(&self) -> impl Iterator<Item = (&[String], &[Item])> {
        self.modules
            .iter()
            .map(|(module, items)| (module.as_slice(), items.as_slice()))
    }

    /// One line for each public name: `path: kind`, and the feature that it needs.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let mut found = BTreeMap::new();
        self.look_in(&self.modules[&[][..]], &[], &[], None, &mut found);
        let exported = self.modules.values().flatten().filter_map(exported);
        found.extend(exported.map(|name| (vec![name], Found { kind: "macro".to_owned(), feature: None })));
        let line = |(path, Found { kind, feature }): (Names, Found)| {
            let feature = feature.map_or(String::new(), |feature| format!(", feature `{feature}`"));
            format!("{}: {kind}{feature}", path.join("::"))
        };
        found.into_iter().map(line).collect()
    }

    /// What a public module gives: `here` is its own path, `at` that under which users find it.
    fn look_in(
        &self,
        items: &[Item],
        here: &[String],
        at: &[String],
        feature: Option<&str>,
        found: &mut BTreeMap<Names, Found>,
    ) {
        for item in items {
            let Some((visibility, attributes)) = head(item) else {
                continue;
            };
            if !matches!(visibility, Visibility::Public(_)) || is_hidden(attributes) {
                continue;
            }
            let own = feature_of(attributes);
            let feature = own.as_deref().or(feature);
            let mut add = |name: &Ident, kind: String| {
                let feature = feature.map(str::to_owned);
                found.insert(below(at, &name.unraw().to_string()), Found { kind, feature });
            };
            match item {
                Item::Use(item) => leaves(&item.tree, &mut Vec::new(), &mut |path, name| {
                    add(name, self.kind_of(here, path).unwrap_or_else(|| path.join("::")));
                }),
                Item::Mod(module) => {
                    add(&module.ident, "mod".to_owned());
                    let name = module.ident.unraw().to_string();
                    let (here, at) = (below(here, &name), below(at, &name));
                    let inline = module.content.as_ref().map(|(_, items)| items);
                    let items = inline.unwrap_or_else(|| &self.modules[&here]);
                    self.look_in(items, &here, &at, feature, found);
                }
                item => {
                    if let Some((name, kind)) = declared(item) {
                        add(name, kind.to_owned());
                    }
                }
            }
        }
    }

    /// What a path stands for, if it leads to something of this crate.
    fn kind_of(&self, here: &[String], path: &[String]) -> Option<String> {
        let ups = path.iter().take_while(|name| *name == "super").count();
        let (from, rest) = match path.first()?.as_str() {
            "crate" => (&[][..], &path[1..]),
            "self" => (here, &path[1..]),
            "super" => (&here[..here.len().checked_sub(ups)?], &path[ups..]),
            _ => (here, path),
        };
        let (name, module) = rest.split_last()?;
        let module = [from, module].concat();
        let items = self.modules.get(&module)?;
        let mut kinds = Vec::new();
        for item in items {
            match item {
                Item::Use(item) => leaves(&item.tree, &mut Vec::new(), &mut |path, own| {
                    if own == name {
                        kinds.extend(self.kind_of(&module, path));
                    }
                }),
                item => kinds.extend(
                    declared(item)
                        .filter(|(own, _)| *own == name)
                        .map(|(_, kind)| kind.to_owned()),
                ),
            }
        }
        // A private module may have the name of what it is there for.
        let is_module = |kind: &&String| *kind == "mod";
        kinds.iter().find(|kind| !is_module(kind)).or(kinds.first()).cloned()
    }
}

fn read_folder(folder: &Path, module: &mut Names, modules: &mut BTreeMap<Names, Vec<Item>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            module.push(name);
            read_folder(&path, module, modules);
            module.pop();
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let is_folder = name == "mod" || name == "lib";
            let module = if is_folder { module.clone() } else { below(module, &name) };
            modules.insert(module, parse(&fs::read_to_string(&path).unwrap()).items);
        }
    }
}

fn parse(text: &str) -> File {
    syn::parse_file(text).unwrap_or_else(|error| panic!("{error} in\n{text}"))
}

fn below(module: &[String], name: &str) -> Names {
    [module, &[name.to_owned()]].concat()
}

/// Each name that a `use` takes, with its path.
fn leaves(tree: &UseTree, path: &mut Names, leaf: &mut dyn FnMut(&[String], &Ident)) {
    match tree {
        UseTree::Path(tree) => {
            path.push(tree.ident.unraw().to_string());
            leaves(&tree.tree, path, leaf);
            path.pop();
        }
        UseTree::Name(name) => leaf(&below(path, &name.ident.unraw().to_string()), &name.ident),
        UseTree::Rename(name) => leaf(&below(path, &name.ident.unraw().to_string()), &name.rename),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, path, leaf)),
        UseTree::Glob(_) => panic!("`{}::*` hides which names are public", path.join("::")),
    }
}

fn head(item: &Item) -> Option<(&Visibility, &[Attribute])> {
    Some(match item {
        Item::Const(item) => (&item.vis, &item.attrs),
        Item::Enum(item) => (&item.vis, &item.attrs),
        Item::Fn(item) => (&item.vis, &item.attrs),
        Item::Mod(item) => (&item.vis, &item.attrs),
        Item::Static(item) => (&item.vis, &item.attrs),
        Item::Struct(item) => (&item.vis, &item.attrs),
        Item::Trait(item) => (&item.vis, &item.attrs),
        Item::Type(item) => (&item.vis, &item.attrs),
        Item::Use(item) => (&item.vis, &item.attrs),
        _ => return None,
    })
}

fn declared(item: &Item) -> Option<(&Ident, &'static str)> {
    Some(match item {
        Item::Const(item) => (&item.ident, "const"),
        Item::Enum(item) => (&item.ident, "enum"),
        Item::Fn(item) => (&item.sig.ident, "fn"),
        Item::Mod(item) => (&item.ident, "mod"),
        Item::Static(item) => (&item.ident, "static"),
        Item::Struct(item) => (&item.ident, "struct"),
        Item::Trait(item) => (&item.ident, "trait"),
        Item::Type(item) => (&item.ident, "type"),
        _ => return None,
    })
}

fn exported(item: &Item) -> Option<String> {
    let Item::Macro(item) = item else { return None };
    let is_exported = item
        .attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("macro_export"));
    let name = item.ident.as_ref().filter(|_| is_exported && !is_hidden(&item.attrs))?;
    Some(name.to_string())
}

pub(crate) fn is_hidden(attributes: &[Attribute]) -> bool {
    let mut written = attributes.iter().map(written);
    written.any(|written| {
        ["doc(hidden)", "cfg(test)", "cfg(doctest)", "cfg(any(doc,doctest))"].contains(&written.as_str())
    })
}

fn feature_of(attributes: &[Attribute]) -> Option<String> {
    let mut written = attributes.iter().map(written);
    written.find_map(|written| {
        let name = written.strip_prefix("cfg(feature=\"")?;
        Some(name.strip_suffix("\")")?.to_owned())
    })
}

/// An attribute without its spaces.
fn written(attribute: &Attribute) -> String {
    match attribute.meta.require_list() {
        Ok(list) => format!(
            "{}({})",
            list.path.get_ident().map_or(String::new(), Ident::to_string),
            list.tokens
        )
        .split_whitespace()
        .collect(),
        Err(_) => String::new(),
    }
}
