//! The arrows of the house, read off the source: which module may know which, and which crate may be used where.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// What each module may know of ours beside itself.
const ALLOWED_MODULES: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("sandbox", &[]),
    ("spill", &[]),
    ("read", &["model"]),
    ("map", &["model"]),
    ("group", &["model"]),
    ("event", &["model"]),
    ("ledger", &["model"]),
    ("report", &["model"]),
    ("validate", &["model", "event"]),
    ("plan", &["model", "event", "spill"]),
    ("dispatch", &["model", "event"]),
    (
        "pipeline",
        &[
            "model", "read", "map", "group", "event", "validate", "plan", "ledger", "dispatch", "report", "sandbox",
            "spill",
        ],
    ),
    // Settings of the stages, the bounds of the readers, the built-in profiles, the ledger as a person sees it, the words of the summary, the
    // sandbox that it starts.
    ("cli", &["model", "read", "map", "event", "validate", "ledger", "dispatch", "report", "sandbox", "pipeline"]),
    ("main", &["cli"]),
];

/// Crates that stand for what only some modules do.
const ALLOWED_CRATES: &[(&str, &[&str])] = &[
    ("reqwest", &["dispatch"]),
    ("rustls", &["dispatch"]),
    ("governor", &["dispatch"]),
    ("rusqlite", &["ledger"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("anyhow", &["cli"]),
    ("rayon", &["pipeline"]),
    ("postcard", &["pipeline"]),
    ("serde_bytes", &["pipeline"]),
    ("xxhash_rust", &["ledger", "pipeline"]),
    ("fs4", &["pipeline"]),
    ("hyper", &["sandbox"]),
    ("hyper_util", &["sandbox"]),
    ("askama", &["report", "sandbox"]),
    ("toml", &["map", "cli"]),
    ("csv", &["read"]),
    ("memchr", &["read"]),
    ("wide", &["read"]),
    ("flate2", &["read"]),
    ("zstd", &["read"]),
];

/// A source file without comments and without its tests.
struct Source {
    path: PathBuf,
    module: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(found.len() > 40, "only {} files found", found.len());
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let inner = path.strip_prefix(root).unwrap();
            let is_test = inner.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs");
            if !is_test {
                let module = Path::new(inner.components().next().unwrap().as_os_str()).with_extension("");
                let text = fs::read_to_string(&path).unwrap();
                let module = module.to_string_lossy().into_owned();
                found.push(Source { module, code: without_comments_and_tests(&text), path });
            }
        }
    }
}

fn without_comments_and_tests(text: &str) -> String {
    // Tests stand at a file's end.
    let code = text.find("mod tests {").map_or(text, |tests| &text[..tests]);
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The modules of ours that a file names, as `crate::x`, `crate::{x, y::z}` or, in the binary, `orderferry::x`.
fn referenced_modules(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    for start in ["crate::", "orderferry::"] {
        for (at, _) in code.match_indices(start) {
            let rest = &code[at + start.len()..];
            match rest.strip_prefix('{') {
                Some(group) => named.extend(top_level_names(group)),
                None => named.extend(first_name(rest)),
            }
        }
    }
    named
}

fn first_name(code: &str) -> Option<String> {
    let name: String = code.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The names at the first level of a group of uses, up to its closing brace.
fn top_level_names(group: &str) -> Vec<String> {
    let (mut names, mut depth, mut is_start) = (Vec::new(), 0, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => is_start = true,
            c if is_start && depth == 0 && c.is_alphabetic() => {
                names.extend(first_name(&group[at..]));
                is_start = false;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn modules_use_only_allowed_modules() {
    let arrows: BTreeMap<_, _> = ALLOWED_MODULES.iter().copied().collect();
    for source in sources().iter().filter(|source| source.module != "lib") {
        let allowed = arrows.get(source.module.as_str());
        let allowed = allowed.unwrap_or_else(|| panic!("{} is in no room of the map", source.path.display()));
        for named in referenced_modules(&source.code) {
            let may = named == source.module || allowed.contains(&named.as_str());
            assert!(may, "{} knows {named}", source.path.display());
        }
    }
}

#[test]
fn crates_are_used_only_where_allowed() {
    for source in sources() {
        for (name, allowed) in ALLOWED_CRATES {
            let is_used = [format!("{name}::"), format!("use {name};")].iter().any(|use_of| {
                source.code.match_indices(use_of.as_str()).any(|(at, _)| {
                    let before = source.code[..at].chars().next_back();
                    // `super::csv::` and `self::toml::` are ours; `::csv::` is the crate.
                    let is_path = source.code[..at].ends_with("::") && !source.code[..at].ends_with(" ::");
                    !is_path && !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
                })
            });
            let may = allowed.contains(&source.module.as_str());
            assert!(may || !is_used, "{} uses {name}", source.path.display());
        }
    }
}

#[test]
fn only_validate_constructs_orders() {
    // The sandbox has a word of its own for what it received.
    for source in sources().iter().filter(|source| source.module != "sandbox") {
        let makes = source.code.match_indices("Order {").any(|(at, _)| {
            let before = source.code[..at].trim_end();
            let is_name = source.code[..at].chars().next_back().is_some_and(char::is_alphanumeric);
            let is_type = ["struct", "enum", "impl", "for", "->"].iter().any(|word| before.ends_with(word));
            !is_name && !is_type
        });
        assert!(!makes || source.module == "validate", "{} makes an order", source.path.display());
    }
}

#[test]
fn only_print_module_writes_to_stdio() {
    for source in sources() {
        let prints = ["println!", "print!(", "eprintln!", "eprint!(", "io::stdout()", "io::stderr()"];
        let is_writer = source.path.ends_with("cli/print.rs");
        for word in prints {
            assert!(is_writer || !source.code.contains(word), "{} prints with {word}", source.path.display());
        }
    }
}

#[test]
fn dependency_scanner_finds_uses() {
    let code = "use crate::{\n    model::{order::Order, x},\n    read::Rows,\n};\nlet a = crate::plan::n();";
    assert_eq!(referenced_modules(code), ["model", "read", "plan"]);
}
