//! Paths of a profile, compared with the names that the documents have: members that no rule uses,
//! and paths that no document has.
//!
//! Runs once per file or export. Called through `file_mapper` and by `shuffle`.

use std::slice::from_ref;

use super::{
    checkout_event::event_path,
    condition::Condition,
    error::MapError,
    header_binding::unknown_column,
    input_settings::MissingColumns,
    missing_name::MissingName,
    misspelling::{misspelling, same_noun},
    path_text::{arrays_of, dotted_names, filter_members, filter_names, walks_arrays},
    profile::{FieldRule, FieldTarget, PeopleRules, Profile},
    rule::Rule,
    seen_names::SeenNames,
};
use crate::model::{
    diagnostic::Note,
    document_path::documents_hint,
    draft::PersonRole,
    origin::Position,
    problem::{Code, Problem},
    suggest::suggest,
};

/// A warning for each member that the profile does not use.
pub(super) fn unknown_members(known: &[String], seen: &SeenNames) -> Vec<Problem> {
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let unknown = seen.paths().into_iter().filter(|(path, _)| !is_used(known, path));
    unknown.map(|(path, at)| unknown_column(&path, at, &names)).collect()
}

/// A path that a profile reads, and what for.
struct ReadPath<'p> {
    paths: Vec<String>,
    /// The path whose filter tests this one.
    filtered: Option<String>,
    purpose: String,
    /// Whether an order needs it, as it does its reference.
    is_required: bool,
    /// Whether it is silently allowed to be missing.
    is_optional: bool,
    /// The arrays whose elements the paths belong to; none if that is the document.
    above: &'p [String],
}

impl ReadPath<'_> {
    /// Its paths from the root of a document, below each of the arrays.
    fn full_paths(&self) -> Vec<String> {
        self.paths.iter().flat_map(|path| below(self.above, path)).collect()
    }

    /// Itself and the members that the filters of its paths test, of arrays that have elements.
    fn with_filters(self, seen: &SeenNames) -> Vec<Self> {
        let mut all = Vec::new();
        for path in &self.paths {
            for (array, member) in filter_members(path) {
                let arrays = below(self.above, &array);
                if arrays.iter().any(|array| seen.has_object(&dotted_names(array))) {
                    all.push(ReadPath {
                        paths: vec![format!("{array}.{member}")],
                        filtered: Some(path.clone()),
                        purpose: format!("which the filter of {path:?} tests"),
                        is_required: false,
                        ..self
                    });
                }
            }
        }
        all.insert(0, self);
        all
    }
}

/// A path from the root of a document, below each of these arrays; itself if there are none.
fn below(above: &[String], path: &str) -> Vec<String> {
    match above {
        [] => vec![path.to_owned()],
        arrays => arrays.iter().map(|array| format!("{array}.{path}")).collect(),
    }
}

/// The places of a path of a language, which elements or their document have.
fn of_language(above: &[String], path: &str) -> Vec<String> {
    let mut paths = vec![path.to_owned()];
    paths.extend(below(above, path));
    paths.dedup();
    paths
}

/// Compares the profile's paths with the names in all documents of the export. `file` names their
/// files, `input` the first one; `at` is the position of the warnings.
///
/// Returns a warning for each path that no document has, unless it is optional.
///
/// # Errors
///
/// [`MapError::Profile`] with all paths that no document has, and that an order needs or that are
/// the misspelling of a member.
pub fn missing_paths(
    profile: &Profile,
    seen: &SeenNames,
    file: &str,
    at: Position,
) -> Result<Vec<Problem>, MapError> {
    if seen.is_empty() {
        return Ok(Vec::new());
    }
    let known = known_paths(profile);
    let (mut missing, mut missing_paths, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for read in read_paths(profile).into_iter().flat_map(|read| read.with_filters(seen)) {
        // Of several arrays those without elements say nothing.
        let has_elements = |array: &&String| seen.has_object(&dotted_names(array));
        let filled: Vec<String> = read.above.iter().filter(has_elements).cloned().collect();
        if filled.is_empty() && !read.above.is_empty() {
            continue;
        }
        let read = ReadPath { above: &filled, ..read };
        let full_paths = read.full_paths();
        let paths: Vec<String> = full_paths.iter().map(|path| dotted_names(path)).collect();
        let mut arrays = full_paths.iter().flat_map(|path| arrays_of(path));
        let is_empty = arrays.any(|array| seen.has(&array) && !seen.has_object(&array));
        if paths.is_empty() || is_empty || paths.iter().any(|path| seen.has(path)) {
            continue;
        }
        // Without a key of its own, a profile reads the reference twice.
        if missing_paths.contains(&paths[0]) {
            continue;
        }
        let near = paths.iter().find_map(|path| near_member(path, read.is_optional, &known, seen));
        let (name, purpose) = (read.paths[0].clone(), read.purpose);
        if read.is_required || near.is_some() {
            let hint = near.or_else(|| {
                let (segment, beside) = seen.beside(&paths[0]);
                suggest(segment, beside.iter().map(|(_, name)| *name)).map(str::to_owned)
            });
            let hint = hint.map(|name| Note::Hint(format!("did you mean {name:?}?")));
            let (file, notes) = (file.to_owned(), hint.into_iter().collect());
            let (is_path, is_required, near) = (true, true, None);
            missing.push(MissingName {
                file,
                name,
                named_by: read.filtered,
                purpose,
                is_path,
                is_in_side_file: false,
                is_required,
                near,
                notes,
            });
            missing_paths.extend(paths.into_iter().next());
        } else if !read.is_optional {
            let message = format!("no document has {name:?}, {purpose}");
            let warning = Problem::for_order(Code::PathMissing, at, message);
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
    let wrappers = seen.wrappers_of(&missing_paths);
    if let ([_, ..], [first, others @ ..]) = (&*wrappers, &mut missing[..]) {
        first.notes = vec![Note::Hint(documents_hint(&wrappers))];
        // Names near the others are of the wrapper, not of a document.
        for missing in others {
            missing.notes.clear();
        }
    }
    if missing.is_empty() { Ok(warnings) } else { Err(profile.name_places.error(&missing)) }
}

/// The member that no rule uses and that a missing path probably means.
fn near_member(
    path: &str,
    is_optional: bool,
    known: &[String],
    seen: &SeenNames,
) -> Option<String> {
    let (segment, beside) = seen.beside(path);
    let unused = || {
        let unused = beside.iter().filter(|(path, _)| !is_used(known, path));
        unused.map(|(_, name)| *name)
    };
    let near = misspelling(segment, unused());
    near.or_else(|| if is_optional { None } else { same_noun(segment, unused()) })
        .map(str::to_owned)
}

/// Whether a path is one that the profile reads, or above one.
fn is_used(known: &[String], path: &str) -> bool {
    let is_above = |known: &str| known.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    known.iter().any(|known| covers(known, path) || is_above(known))
}

/// Whether a known path is this path, or a prefix of it with custom members.
fn covers(known: &str, path: &str) -> bool {
    match known.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => known == path,
    }
}

/// The paths that the profile reads in documents, item elements and people's elements.
fn read_paths(profile: &Profile) -> Vec<ReadPath<'_>> {
    let allows_missing = profile.missing_columns == MissingColumns::Allow;
    let of_rule = |rule: &Rule, name: &str, is_required: bool, above| {
        let paths = if rule.combines() {
            rule.paths.iter().map(|path| vec![path.clone()]).collect()
        } else {
            vec![rule.paths.clone()]
        };
        let read = |paths: Vec<String>| {
            // An export without refunds has none to add up.
            let may_be_empty = paths.iter().any(|path| walks_arrays(path));
            ReadPath {
                paths,
                filtered: None,
                purpose: format!("which the profile reads for {name}"),
                is_required: is_required && !rule.may_be_missing() && !may_be_empty,
                is_optional: allows_missing || rule.may_be_missing(),
                above,
            }
        };
        let language = rule.language.iter().flat_map(|language| &language.paths);
        let language = ReadPath {
            paths: language.flat_map(|path| of_language(above, path)).collect(),
            filtered: None,
            purpose: format!("which the profile reads for the language of {name}"),
            is_required: false,
            is_optional: allows_missing || rule.may_be_missing(),
            above: &[],
        };
        paths.into_iter().map(read).chain([language]).collect::<Vec<_>>()
    };
    let items: &[String] = profile.item_paths.as_deref().unwrap_or_default();
    let mut all = of_rule(&profile.key, "the order key", true, &[]);
    for rule in &profile.rules {
        let FieldTarget::Field(field) = &rule.target else { continue };
        let above = if rule.reads_items() { items } else { &[] };
        all.extend(of_rule(&rule.rule, &field.to_string(), profile.requires(field), above));
        let zone = rule.rule.zone.as_deref();
        all.extend(zone.into_iter().flat_map(|zone| of_rule(zone, "a zone", false, above)));
    }
    let of_items = |paths: &[String], is_required| ReadPath {
        paths: paths.to_vec(),
        filtered: None,
        purpose: "the profile's path of items".to_owned(),
        is_required: is_required && !allows_missing,
        is_optional: allows_missing,
        above: &[],
    };
    // An export may lack some of several arrays.
    all.push(of_items(items, true));
    all.extend(
        items.iter().filter(|_| items.len() > 1).map(|path| of_items(from_ref(path), false)),
    );
    let of_condition = |condition: &Condition, above| {
        let sources = condition.sources().into_iter();
        let paths = sources.map(move |source| ReadPath {
            paths: source.path.iter().flat_map(|path| in_events(profile, path)).collect(),
            filtered: None,
            purpose: "which a condition of the profile reads".to_owned(),
            is_required: false,
            is_optional: source.is_optional,
            above,
        });
        paths.collect::<Vec<_>>()
    };
    all.extend(profile.order_conditions().flat_map(|condition| of_condition(condition, &[])));
    for (rule, condition) in profile.rules.iter().filter_map(with_condition) {
        let above = if rule.reads_items() { items } else { &[] };
        all.extend(of_condition(condition, above));
    }
    all.extend(profile.item_conditions().flat_map(|condition| of_condition(condition, items)));
    for people in &profile.people {
        let above = people.path.as_slice();
        let named = people.rules.iter().filter_map(|rule| match &rule.target {
            FieldTarget::Field(field) => Some((rule, people.role.field_name(&field.to_string()))),
            _ => None,
        });
        all.extend(named.flat_map(|(rule, name)| of_rule(&rule.rule, &name, false, above)));
        let conditions = people.rules.iter().filter_map(with_condition);
        all.extend(conditions.flat_map(|(_, condition)| of_condition(condition, above)));
    }
    all
}

/// A rule that is for documents, with its condition.
fn with_condition(rule: &FieldRule) -> Option<(&FieldRule, &Condition)> {
    let is_for_documents = !rule.rule.paths.is_empty() || !rule.rule.has_source();
    Some((rule, rule.when.as_ref().filter(|_| is_for_documents)?))
}

/// The path of a condition in documents, and beside the order of an event.
fn in_events(profile: &Profile, path: &str) -> Vec<String> {
    let beside = Some(event_path(path)).filter(|beside| profile.checkout_events && *beside != path);
    [path].into_iter().chain(beside).map(str::to_owned).collect()
}

/// All paths that the profile reads; those of items are prefixed with the path of the items.
pub(super) fn known_paths(profile: &Profile) -> Vec<String> {
    let mut known: Vec<String> = profile.key.paths.iter().map(|path| dotted_names(path)).collect();
    let items: &[String] = profile.item_paths.as_deref().unwrap_or_default();
    for path in items {
        known.extend(filter_names(path).into_iter().chain([dotted_names(path)]));
    }
    let paths = |condition: &Condition, above: &[String]| {
        let sources = condition.sources().into_iter();
        let paths = sources.filter_map(|source| source.path.as_deref());
        paths
            .flat_map(|path| below(above, path))
            .flat_map(|path| filter_names(&path).into_iter().chain([dotted_names(&path)]))
            .collect::<Vec<_>>()
    };
    known.extend(profile.order_conditions().flat_map(|condition| paths(condition, &[])));
    known.extend(profile.item_conditions().flat_map(|condition| paths(condition, items)));
    for rule in &profile.rules {
        let above = if rule.reads_items() { items } else { &[] };
        add_known_paths(rule, above, &mut known);
    }
    for PeopleRules { role, path, rules } in &profile.people {
        let Some(path) = path else { continue };
        let mut arrays = vec![path.clone()];
        if *role == PersonRole::Consumer {
            arrays.extend(items.iter().map(|array| format!("{array}.{path}")));
        }
        known.extend(arrays.iter().map(|array| dotted_names(array)));
        for rule in rules {
            add_known_paths(rule, &arrays, &mut known);
        }
    }
    known
}

fn add_known_paths(
    FieldRule { target, rule, when, .. }: &FieldRule,
    above: &[String],
    known: &mut Vec<String>,
) {
    let tested = when.iter().flat_map(Condition::sources);
    let tested = tested.filter_map(|source| source.path.as_deref());
    for path in tested.flat_map(|path| below(above, path)) {
        known.extend(filter_names(&path));
        known.push(dotted_names(&path));
    }
    let language = rule.language.iter().flat_map(|language| &language.paths);
    for path in language.flat_map(|path| of_language(above, path)) {
        known.extend(filter_names(&path));
        known.push(dotted_names(&path));
    }
    let reads_members = rule.language.is_some() || !matches!(target, FieldTarget::Field(_));
    let read = rule.readers().flat_map(|rule| &rule.paths);
    for path in read.flat_map(|path| below(above, path)) {
        known.extend(filter_names(&path));
        let path = dotted_names(&path);
        if reads_members && !path.ends_with('*') {
            known.push(format!("{path}.*"));
        }
        known.extend(rule.scale_member().map(|name| path_beside(&path, name)));
        known.push(path);
    }
}

/// The path of a member beside the one at a path.
pub(super) fn path_beside(path: &str, name: &str) -> String {
    match path.rsplit_once('.') {
        Some((above, _)) => format!("{above}.{name}"),
        None => name.to_owned(),
    }
}
