//! Dependency rules of the source tree, read with `syn`: which module may use which, that no files
//! of a module use each other in a cycle, and where each outside crate, `std::fs` and the clocks
//! may be used.
//!
//! Every path counts, in `use` items and in code, with `super` and re-exports resolved to the file
//! that defines the name. Test code is left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::{
    Attribute, Item, ItemMod, UseTree, Visibility,
    visit::{self, Visit},
};

/// The modules that each module may use.
const ALLOWED_MODULES: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("sandbox", &[]),
    ("spill", &[]),
    ("storage", &["model"]),
    ("read", &["model", "storage"]),
    ("map", &["model"]),
    ("group", &["model"]),
    ("ledger", &["model"]),
    ("disposition", &["model", "spill", "ledger"]),
    ("report", &["model", "spill", "storage"]),
    ("stream", &["model", "dispatch"]),
    ("validate", &["model"]),
    ("plan", &["model", "spill", "storage"]),
    ("dispatch", &["model"]),
    ("shuffle", &["model", "read", "map", "group", "spill"]),
    ("sniff", &["model", "read", "map"]),
    (
        "pipeline",
        &[
            "model",
            "read",
            "map",
            "group",
            "stream",
            "validate",
            "plan",
            "ledger",
            "dispatch",
            "disposition",
            "report",
            "sandbox",
            "spill",
            "storage",
            "shuffle",
        ],
    ),
    // Settings of the stages, the built-in profiles, `init`, the ledger's commands, the summary and
    // the sandbox.
    (
        "cli",
        &[
            "model",
            "read",
            "map",
            "stream",
            "validate",
            "ledger",
            "dispatch",
            "disposition",
            "report",
            "sandbox",
            "sniff",
            "storage",
            "pipeline",
        ],
    ),
    ("main", &["cli"]),
];

/// Where outside crates, the file system and the clocks may be used: modules or files, by their
/// path.
const GATES: &[(&str, &[&str])] = &[
    ("reqwest", &["stream"]),
    ("rustls", &["stream"]),
    ("url", &["stream"]),
    ("httpdate", &["stream", "sandbox"]),
    ("fastbloom", &["shuffle"]),
    ("governor", &["dispatch"]),
    ("rusqlite", &["ledger::sqlite"]),
    ("anstream", &["cli"]),
    ("annotate_snippets", &["cli"]),
    ("textwrap", &["model"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("console", &["cli"]),
    ("anyhow", &["cli"]),
    ("rayon", &["shuffle"]),
    ("ring", &["read"]),
    ("schemars", &["map", "model", "report"]),
    ("xxhash_rust", &["ledger::sqlite", "shuffle", "stream::content_hash"]),
    ("postcard", &["disposition::repeated_content", "shuffle"]),
    ("serde_bytes", &["shuffle"]),
    ("hyper", &["sandbox"]),
    ("hyper_util", &["sandbox"]),
    ("askama", &["report", "sandbox"]),
    ("toml", &["map", "cli", "sniff"]),
    ("encoding_rs", &["model::text_encoding", "read"]),
    ("oem_cp", &["model::text_encoding", "read"]),
    ("csv", &["read", "report", "cli::ledger", "sniff"]),
    ("chardetng", &["sniff"]),
    ("dialoguer", &["cli::init_questions"]),
    ("tempfile", &["cli::preview"]),
    ("csv_core", &["read"]),
    ("memchr", &["read"]),
    ("wide", &["read"]),
    ("flate2", &["read"]),
    ("glob", &["storage"]),
    ("zstd", &["read"]),
    ("simdutf8", &["read"]),
    ("blake3", &["ledger", "plan", "sandbox", "stream"]),
    ("bumpalo", &["map", "model", "shuffle"]),
    ("bytesize", &["cli", "shuffle"]),
    ("chrono_tz", &["map"]),
    ("fs4", &["spill"]),
    ("html_escape", &["map::html"]),
    ("iso_currency", &["map", "sandbox", "validate"]),
    ("itoa", &["report", "stream"]),
    ("mimalloc", &["main"]),
    ("strsim", &["model"]),
    ("unicode_normalization", &["map::countries", "model"]),
    ("unicode_width", &["model"]),
    ("uuid", &["cli", "sandbox"]),
    ("tokio", &["cli", "dispatch", "ledger::group_commit", "pipeline::spec", "sandbox", "stream"]),
    ("std::fs", &["cli::small_file", "ledger::sqlite", "spill", "storage"]),
    ("Utc::now", &["cli"]),
    (
        "SystemTime::now",
        &["cli", "stream::client", "ledger::sqlite", "pipeline::finish", "sandbox"],
    ),
    ("Instant::now", &["cli", "dispatch", "sandbox"]),
    ("thread::sleep", &["ledger::group_commit", "storage::local"]),
];

/// A source file: a node of the graph.
struct SourceFile {
    /// `["pipeline", "triage"]` for `src/pipeline/triage.rs`.
    module: Vec<String>,
    path: PathBuf,
    /// Names that it defines.
    defined: BTreeSet<String>,
    /// Names that it re-exports with `pub use`, and from where; `*` for everything of a module.
    reexported: Vec<(String, Vec<String>)>,
    /// The types among them, each as often as it is defined.
    types: Vec<String>,
    /// Names of the structs that it constructs.
    constructed: BTreeSet<String>,
    /// Every path in it, as written.
    paths: BTreeSet<Vec<String>>,
}

/// All files by their module path.
type Sources = BTreeMap<Vec<String>, SourceFile>;

fn sources() -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Sources::new();
    collect(&root, &root, &mut sources);
    assert!(sources.len() > 40, "only {} files found", sources.len());
    sources
}

fn collect(root: &Path, folder: &Path, sources: &mut Sources) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "tests") {
                collect(root, &path, sources);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_stem().is_some_and(|stem| stem != "tests")
        {
            let file = SourceFile::read(root, &path);
            sources.insert(file.module.clone(), file);
        }
    }
}

impl SourceFile {
    fn read(root: &Path, path: &Path) -> Self {
        let relative = path.strip_prefix(root).unwrap().with_extension("");
        let mut module: Vec<_> =
            relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        if module.last().is_some_and(|last| last == "mod" || last == "lib") {
            module.pop();
        }
        Self::parse(module, path, &fs::read_to_string(path).unwrap())
    }

    fn parse(module: Vec<String>, path: &Path, text: &str) -> Self {
        let syntax =
            syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut file = Self {
            module,
            path: path.to_owned(),
            defined: BTreeSet::new(),
            reexported: Vec::new(),
            types: Vec::new(),
            constructed: BTreeSet::new(),
            paths: BTreeSet::new(),
        };
        for item in &syntax.items {
            if let Some(name) = defined_name(item) {
                if matches!(item, Item::Struct(_) | Item::Enum(_) | Item::Trait(_) | Item::Type(_))
                {
                    file.types.push(name.clone());
                }
                file.defined.insert(name);
            }
            if let Item::Use(item) = item
                && !matches!(item.vis, Visibility::Inherited)
            {
                file.reexported.extend(leaves(&item.tree));
            }
        }
        file.visit_file(&syntax);
        file
    }

    fn name(&self) -> String {
        self.module.join("::")
    }
}

fn defined_name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        _ => return None,
    };
    Some(name.to_string())
}

/// The names that a `use` brings in, each with its whole path.
fn leaves(tree: &UseTree) -> Vec<(String, Vec<String>)> {
    match tree {
        UseTree::Path(path) => {
            let mut found = leaves(&path.tree);
            for (_, leaf) in &mut found {
                leaf.insert(0, path.ident.to_string());
            }
            found
        }
        UseTree::Name(name) if name.ident == "self" => vec![("self".to_owned(), Vec::new())],
        UseTree::Name(name) => vec![(name.ident.to_string(), vec![name.ident.to_string()])],
        UseTree::Rename(rename) => {
            vec![(rename.rename.to_string(), vec![rename.ident.to_string()])]
        }
        UseTree::Glob(_) => vec![("*".to_owned(), Vec::new())],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

impl<'ast> Visit<'ast> for SourceFile {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.paths.extend(leaves(&item.tree).into_iter().map(|(_, path)| path));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.paths.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_expr_struct(&mut self, item: &'ast syn::ExprStruct) {
        self.constructed.extend(item.path.segments.last().map(|segment| segment.ident.to_string()));
        visit::visit_expr_struct(self, item);
    }

    /// The tokens of a macro may be anything; paths and constructions in them are found by their
    /// shape.
    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.paths
            .insert(item.path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        let tokens = item.tokens.to_string();
        self.paths.extend(paths_in_tokens(&tokens));
        let words: Vec<&str> = tokens.split_whitespace().collect();
        self.constructed
            .extend(words.windows(2).filter(|pair| pair[1] == "{").map(|pair| pair[0].to_owned()));
    }

    /// `pub(in crate::pipeline)` uses nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

/// Paths in the text of tokens, which `proc_macro2` writes with blanks in between.
fn paths_in_tokens(tokens: &str) -> Vec<Vec<String>> {
    let words: Vec<&str> = tokens.split_whitespace().collect();
    let is_name = |word: &str| word.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let mut paths = Vec::new();
    let mut index = 0;
    while index + 2 < words.len() {
        let mut path = Vec::new();
        while is_name(words[index])
            && words.get(index + 1) == Some(&"::")
            && index + 2 < words.len()
        {
            path.push(words[index].to_owned());
            index += 2;
        }
        if !path.is_empty() && is_name(words[index]) {
            path.push(words[index].to_owned());
            paths.push(path);
        }
        index += 1;
    }
    paths
}

/// The file that defines what a path of `file` names, if it is one of ours.
fn resolve<'s>(
    file: &'s SourceFile,
    path: &[String],
    sources: &'s Sources,
) -> Option<&'s SourceFile> {
    resolve_within(file, path, sources, MAX_REEXPORTS)
}

/// Follows at most this many re-exports of one name.
const MAX_REEXPORTS: u8 = 8;

fn resolve_within<'s>(
    file: &'s SourceFile,
    path: &[String],
    sources: &'s Sources,
    reexports_left: u8,
) -> Option<&'s SourceFile> {
    let mut module = file.module.clone();
    let mut rest = path;
    match rest.first()?.as_str() {
        "crate" | "orderferry" => module.clear(),
        "self" => {}
        "super" => {
            module.pop();
        }
        // A child module is the only other start that is ours: whatever else is in scope came in by
        // a `use`.
        first => {
            module.push(first.to_owned());
            if !sources.contains_key(&module) {
                return None;
            }
        }
    }
    rest = &rest[1..];
    while rest.first().is_some_and(|name| name == "super") {
        module.pop();
        rest = &rest[1..];
    }
    descend(module, rest, sources, reexports_left)
}

fn descend<'s>(
    mut module: Vec<String>,
    path: &[String],
    sources: &'s Sources,
    reexports_left: u8,
) -> Option<&'s SourceFile> {
    let mut rest = path;
    while let Some(name) = rest.first() {
        module.push(name.clone());
        if !sources.contains_key(&module) {
            module.pop();
            break;
        }
        rest = &rest[1..];
    }
    let file = sources.get(&module)?;
    let Some(name) = rest.first() else { return Some(file) };
    if file.defined.contains(name) {
        return Some(file);
    }
    let Some(reexports_left) = reexports_left.checked_sub(1) else { return Some(file) };
    for (reexported, from) in &file.reexported {
        if reexported == name {
            let mut whole = from.clone();
            whole.extend(rest[1..].iter().cloned());
            return resolve_within(file, &whole, sources, reexports_left).or(Some(file));
        }
    }
    for (reexported, from) in &file.reexported {
        if reexported == "*" {
            let mut whole = from.clone();
            whole.extend(rest.iter().cloned());
            if let Some(found) = resolve_within(file, &whole, sources, reexports_left)
                && found.defined.contains(name)
            {
                return Some(found);
            }
        }
    }
    Some(file)
}

/// For each file the files that it uses.
fn uses(sources: &Sources) -> BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> {
    let mut uses = BTreeMap::new();
    for file in sources.values() {
        let modules =
            file.paths.iter().filter_map(|path| Some(&resolve(file, path, sources)?.module));
        uses.insert(&file.module, modules.filter(|module| **module != file.module).collect());
    }
    uses
}

/// The files of a module that can reach themselves over other files of the module.
fn files_in_cycles(name: &str, sources: &Sources) -> Vec<String> {
    let uses = uses(sources);
    let in_module = |module: &Vec<String>| module.first().is_some_and(|first| first == name);
    let reaches_itself = |start: &Vec<String>| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(module) = open.pop() {
            for used in uses[module].iter().filter(|used| in_module(used)) {
                if *used == start {
                    return true;
                }
                if seen.insert(*used) {
                    open.push(used);
                }
            }
        }
        false
    };
    uses.keys()
        .filter(|module| in_module(module) && reaches_itself(module))
        .map(|module| module.join("::"))
        .collect()
}

fn top_modules(sources: &Sources) -> BTreeSet<&str> {
    sources.keys().filter_map(|module| module.first()).map(String::as_str).collect()
}

#[test]
fn modules_use_only_allowed_modules() {
    let sources = sources();
    let allowed: BTreeMap<_, _> = ALLOWED_MODULES.iter().copied().collect();
    for (module, used) in uses(&sources) {
        let Some(user) = module.first() else { continue };
        let allowed =
            allowed.get(user.as_str()).unwrap_or_else(|| panic!("the table has no module {user}"));
        for used in used {
            let is_allowed =
                used.first().is_none_or(|used| used == user || allowed.contains(&used.as_str()));
            assert!(is_allowed, "{} uses {}", module.join("::"), used.join("::"));
        }
    }
}

#[test]
fn files_of_a_module_use_each_other_in_no_cycle() {
    let sources = sources();
    for name in top_modules(&sources) {
        let found = files_in_cycles(name, &sources);
        assert!(found.is_empty(), "files of {name} in cycles: {}", found.join(", "));
    }
}

#[test]
fn crates_files_and_clocks_are_used_only_behind_their_gates() {
    let mut wrong = Vec::new();
    for file in sources().values() {
        for (gate, allowed) in GATES {
            let gated: Vec<&str> = gate.split("::").collect();
            // Crates and `std::fs` by the start of a path, `Utc::now` and `thread::sleep` by its
            // end.
            let is_gated = |path: &Vec<String>| match gated.as_slice() {
                [_, "now" | "sleep"] => {
                    path.ends_with(&gated.iter().map(ToString::to_string).collect::<Vec<_>>())
                }
                _ => {
                    path.iter().zip(&gated).all(|(one, other)| one == other)
                        && path.len() >= gated.len()
                }
            };
            let mut paths = file.paths.iter().filter(|path| resolve_is_outside(path));
            let is_allowed = allowed.iter().any(|module| {
                let name = file.name();
                name == *module || name.starts_with(&format!("{module}::"))
            });
            if !is_allowed && paths.any(is_gated) {
                wrong.push(format!("{} uses {gate}", file.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a path can start with the name of a crate.
fn resolve_is_outside(path: &[String]) -> bool {
    !path.first().is_some_and(|first| ["crate", "self", "super"].contains(&first.as_str()))
}

#[test]
fn only_locate_names_the_back_end_of_a_ledger() {
    let sources = sources();
    let back_end = ["ledger".to_owned(), "sqlite".to_owned()];
    for (module, used) in uses(&sources) {
        let may_use = module.starts_with(&back_end) || module.join("::") == "ledger::locate";
        let used = used.iter().find(|used| used.starts_with(&back_end));
        assert!(
            may_use || used.is_none(),
            "{} uses {}",
            module.join("::"),
            used.unwrap().join("::")
        );
    }
}

/// Re-exports are not resolved here: what the others need of the target, they take from
/// `pipeline::target`.
#[test]
fn only_target_names_the_service_in_the_pipeline() {
    for file in sources().values() {
        let names = file
            .paths
            .iter()
            .any(|path| path.starts_with(&["crate".to_owned(), "stream".to_owned()]));
        let is_elsewhere = file.module.first().is_some_and(|name| name == "pipeline")
            && file.name() != "pipeline::target";
        assert!(!names || !is_elsewhere, "{} names stream", file.name());
    }
}

#[test]
fn only_validate_constructs_orders() {
    for file in sources().values() {
        let constructs = file.constructed.contains("Order");
        let is_validate = file.module.first().is_some_and(|name| name == "validate");
        assert!(!constructs || is_validate, "{} constructs an order", file.path.display());
    }
}

#[test]
fn only_print_module_writes_to_stdio() {
    for file in sources().values() {
        let writes = |path: &Vec<String>| {
            let macros = ["println", "print", "eprintln", "eprint"];
            let functions = [["io", "stdout"], ["io", "stderr"]];
            matches!(path.as_slice(), [name] if macros.contains(&name.as_str()))
                || functions.iter().any(|function| path.ends_with(&function.map(str::to_owned)))
        };
        let is_print_module = file.name() == "cli::print";
        assert!(
            is_print_module || !file.paths.iter().any(writes),
            "{} writes to stdio",
            file.path.display()
        );
    }
}

#[test]
fn type_names_are_unique() {
    // One for each platform.
    const REPEATED: &[&str] = &["Signals"];
    let mut defined: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in sources().values() {
        for name in &file.types {
            defined.entry(name.clone()).or_default().push(file.name());
        }
    }
    let repeated: Vec<_> = defined
        .into_iter()
        .filter(|(name, files)| files.len() > 1 && !REPEATED.contains(&name.as_str()))
        .collect();
    assert!(repeated.is_empty(), "{repeated:?}");
}

#[test]
fn scanner_resolves_paths() {
    let parse = |module: &[&str], text: &str| {
        let module: Vec<_> = module.iter().map(ToString::to_string).collect();
        (module.clone(), SourceFile::parse(module, Path::new("x.rs"), text))
    };
    let sources = Sources::from([
        parse(&[], "pub mod a; pub mod b;"),
        parse(
            &["a"],
            "mod child; mod error; pub use error::Error; pub use child::*; pub struct Own;",
        ),
        parse(
            &["a", "child"],
            "use super::{Error, Own}; fn f() { super::error::g(); } pub struct Public;",
        ),
        parse(&["a", "error"], "pub struct Error; pub fn g() {}"),
        parse(
            &["b"],
            "use crate::a::{Public, child::Public as Other};\n\
             pub(in crate::a) struct B;\n\
             fn f() { debug!(\"{}\", crate::a::Error); }\n\
             fn g() { one(vec![Made { x: 1 }]); let y = b::Other { x: 2 }; }\n\
             #[cfg(test)] mod tests { use crate::a::Own; fn h() { Tested {} } }",
        ),
    ]);
    let constructed: Vec<_> = sources[&vec!["b".to_owned()]].constructed.iter().collect();
    assert_eq!(constructed, ["Made", "Other"]);
    let graph = uses(&sources);
    let used = |module: &[&str]| {
        let module: Vec<_> = module.iter().map(ToString::to_string).collect();
        graph[&module].iter().map(|used| used.join("::")).collect::<Vec<_>>()
    };
    assert_eq!(used(&["b"]), ["a::child", "a::error"]);
    assert_eq!(used(&["a", "child"]), ["a", "a::error"]);
    assert_eq!(used(&["a"]), ["a::child", "a::error"]);
    assert_eq!(files_in_cycles("a", &sources), ["a", "a::child"]);
}
