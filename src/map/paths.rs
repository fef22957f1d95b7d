//! Paths of a profile, compared with the names that the documents have: members that no rule uses,
//! and paths that no document has.
//!
//! Runs once per file or export. Called through `file_mapper` and by `shuffle`.

use std::iter::once;

use super::{
    checkout_event::event_path,
    condition::{CellSource, Condition},
    copies::VERSION,
    error::MapError,
    header_columns::unknown_column,
    header_hint::first_names,
    join::Join,
    known_format::{KnownFormat, known_documents},
    missing_name::MissingName,
    misspelling::{misspelling, other_zone, same_noun},
    path_text::{
        arrays_of, dotted_names, filter_members, filter_names, is_used, path_beside, walks_arrays,
    },
    profile::{FieldRule, FieldTarget, PeopleRules, Profile},
    refunds::Refunds,
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
    /// The default of its rule, which is for documents without a value.
    default_value: Option<&'p str>,
    /// Whether a condition tests it.
    is_tested: bool,
    /// The arrays whose elements the paths belong to; none if that is the document.
    above: &'p [String],
}

impl ReadPath<'_> {
    /// Its paths from the root of a document, if the documents have none of them; none if they have
    /// one, or do not show it: of several arrays those without elements say nothing.
    fn lacking_paths(&self, seen: &SeenNames) -> Vec<String> {
        let has_elements = |array: &&String| seen.has_object(&dotted_names(array));
        let above: Vec<String> = self.above.iter().filter(has_elements).cloned().collect();
        if above.is_empty() && !self.above.is_empty() {
            return Vec::new();
        }
        let full: Vec<String> = self.paths.iter().flat_map(|path| below(&above, path)).collect();
        let mut arrays = full.iter().flat_map(|path| arrays_of(path));
        let is_empty = arrays.any(|array| seen.has(&array) && !seen.has_object(&array));
        let paths: Vec<String> = full.iter().map(|path| dotted_names(path)).collect();
        if is_empty || paths.iter().any(|path| seen.has(path)) { Vec::new() } else { paths }
    }

    /// Its paths from the root of a document, without brackets.
    fn full_paths(&self) -> impl Iterator<Item = String> {
        let full = self.paths.iter().flat_map(|path| below(self.above, path));
        full.map(|path| dotted_names(&path))
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
    ensure_joins_hide_no_member(profile, seen, file)?;
    let read = read_paths(profile);
    let tested = read.iter().filter(|read| read.is_tested).flat_map(ReadPath::full_paths).collect();
    let used = UsedPaths { known: known_paths(profile), tested };
    let (mut missing, mut missing_paths, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    let is_of_join = |path: &String| profile.joins.iter().any(|join| join.has_column(path));
    // Those of side files are found when these are read.
    let read = read.into_iter().filter(|read| !read.paths.iter().any(is_of_join));
    // Refunds need not have what an order has, but what makes all documents refunds may be misspelt.
    let of_refunds: Vec<&String> = profile.refunds.iter().flat_map(Refunds::paths).collect();
    let has_orders = seen.has_orders();
    let read =
        read.filter(|read| has_orders || read.paths.iter().any(|path| of_refunds.contains(&path)));
    for read in read.flat_map(|read| read.with_filters(seen)) {
        let paths = read.lacking_paths(seen);
        let Some(first) = paths.first() else { continue };
        // Without a key of its own, a profile reads the reference twice.
        if missing_paths.contains(first) {
            continue;
        }
        let near = paths.iter().find_map(|path| near_member(path, &read, &used, seen));
        if read.is_required && has_orders || near.is_some() {
            missing.push(missing_name(read, near.or_else(|| similar_member(first, seen)), file));
            missing_paths.push(first.clone());
        } else if !read.is_optional {
            let default = read.default_value.map_or_else(String::new, |value| {
                format!("; its default {value:?} is used everywhere")
            });
            let message = format!("no document has {:?}, {}{default}", read.paths[0], read.purpose);
            let warning = Problem::for_order(Code::PathMissing, at, message);
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
    // A profile of the user's own may be one for these documents, with a misspelling.
    let is_of_built_in = profile.name_places.is_of_built_in();
    let format = other_format(profile, seen).filter(|_| is_of_built_in);
    if let (Some(format), [_, ..]) = (format, &missing[..]) {
        // Its own profile says where its documents are.
        missing.truncate(1);
        missing[0].notes = vec![Note::Hint(format.hint())];
        return Err(profile.name_places.error(&missing));
    }
    let wrappers = seen.wrappers_of(&missing_paths);
    if let ([_, ..], [first, others @ ..]) = (&*wrappers, &mut missing[..]) {
        first.notes = vec![Note::Hint(documents_hint(&wrappers))];
        // Names near the others are of the wrapper, not of a document.
        for missing in others {
            missing.notes.clear();
        }
    }
    let mut of_paths = missing.iter_mut().zip(&missing_paths);
    if let ([], Some((first, path))) = (&*wrappers, of_paths.find(|(one, _)| one.notes.is_empty()))
    {
        first.notes.extend(names_beside(path, seen));
    }
    if missing.is_empty() { Ok(warnings) } else { Err(profile.name_places.error(&missing)) }
}

/// The known format of documents that the profile is not for.
fn other_format(profile: &Profile, seen: &SeenNames) -> Option<&'static KnownFormat> {
    let has_all = |paths: &[&str]| {
        let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
        paths.iter().all(|path| seen.has(path)) || !seen.wrappers_of(&paths).is_empty()
    };
    known_documents(has_all).filter(|format| !format.is_read_by(profile))
}

/// Refuses documents with a member that has the name of a join, below which paths are looked up in
/// the file of the join.
fn ensure_joins_hide_no_member(
    profile: &Profile,
    seen: &SeenNames,
    file: &str,
) -> Result<(), MapError> {
    let of_people = profile.people.iter().filter_map(|people| people.path.as_ref());
    let arrays: Vec<_> = profile.item_paths.iter().flatten().chain(of_people).cloned().collect();
    for Join { name, .. } in &profile.joins {
        let of_elements = arrays.iter().map(|array| dotted_names(&format!("{array}.{name}")));
        let mut members = once(name.clone()).chain(of_elements);
        if let Some(member) = members.find(|member| seen.has_below(member)) {
            return Err(MapError::member_named_as_join(file, &member, name));
        }
    }
    Ok(())
}

/// A path that no document has, as an error; `meant` is the member that it may mean.
fn missing_name(read: ReadPath<'_>, meant: Option<String>, file: &str) -> MissingName {
    let wanted = read.paths.first().map_or("", String::as_str);
    let hint = meant.map(|name| {
        let hint = other_zone(wanted, &name);
        Note::Hint(hint.unwrap_or_else(|| format!("did you mean {name:?}?")))
    });
    MissingName {
        file: file.to_owned(),
        name: read.paths.into_iter().next().unwrap_or_default(),
        named_by: read.filtered,
        purpose: read.purpose,
        is_path: true,
        side_format: None,
        is_of_part: false,
        is_required: true,
        default_value: read.default_value.map(str::to_owned),
        near: None,
        notes: hint.into_iter().collect(),
    }
}

/// The names that documents have in the place of a missing path.
fn names_beside(path: &str, seen: &SeenNames) -> Option<Note> {
    let (_, beside) = seen.beside(path);
    let paths: Vec<_> = beside.into_iter().map(|(path, _)| path).collect();
    let has = || format!("the documents have {}", first_names(&paths, "members"));
    (!paths.is_empty()).then(|| Note::Fact(has()))
}

/// The member in the place of a missing path whose name is the most similar one.
fn similar_member(path: &str, seen: &SeenNames) -> Option<String> {
    let (segment, beside) = seen.beside(path);
    suggest(segment, beside.iter().map(|(_, name)| *name)).map(str::to_owned)
}

/// The paths that the profile reads.
struct UsedPaths {
    known: Vec<String>,
    /// Those that conditions test.
    tested: Vec<String>,
}

/// The member that a missing path probably means: one that no rule uses. A condition may mean one
/// that a rule uses, but not one that another condition tests beside it.
fn near_member(
    path: &str,
    read: &ReadPath<'_>,
    used: &UsedPaths,
    seen: &SeenNames,
) -> Option<String> {
    let (segment, beside) = seen.beside(path);
    let except = |used: &[String]| -> Vec<&str> {
        let unused = beside.iter().filter(|(path, _)| !is_used(used, path));
        unused.map(|(_, name)| *name).collect()
    };
    let unused = except(&used.known);
    let meant = if read.is_tested { except(&used.tested) } else { unused.clone() };
    let of_same_noun = || same_noun(segment, unused).filter(|_| !read.is_optional);
    misspelling(segment, meant).or_else(of_same_noun).map(str::to_owned)
}

/// The paths that the profile reads in documents, item elements and people's elements.
fn read_paths(profile: &Profile) -> Vec<ReadPath<'_>> {
    let items: &[String] = profile.item_paths.as_deref().unwrap_or_default();
    let mut all = paths_of_rule(profile, (&profile.key, "the order key"), true, &[]);
    // An export may have no refunds.
    for (rule, name) in profile.refunds.iter().flat_map(Refunds::named_rules) {
        all.extend(paths_of_rule(profile, (rule, name), false, &[]));
    }
    if let Some(duplicates) = &profile.duplicates {
        all.extend(paths_of_rule(profile, (&duplicates.by, VERSION), true, &[]));
    }
    if let Some(parent) = &profile.parent {
        // An export may have orders without items. An item without a parent ends the run.
        all.extend(paths_of_rule(profile, (parent, "parent"), false, &[]));
    }
    for join in &profile.joins {
        let purpose = join.purpose_of_key();
        let keys = join.keys.iter();
        all.extend(keys.flat_map(|key| paths_of_rule(profile, (&key.from, &purpose), true, &[])));
    }
    for rule in &profile.rules {
        let FieldTarget::Field(field) = &rule.target else { continue };
        let above = if profile.reads_own_items(rule) { items } else { &[] };
        let (name, is_required) = (field.to_string(), profile.requires(field));
        all.extend(paths_of_rule(profile, (&rule.rule, &name), is_required, above));
        if let Some(companion) = rule.rule.companion.as_deref() {
            let name = format!("the {} of {name}", rule.rule.companion_kind().name());
            all.extend(paths_of_rule(profile, (companion, &name), false, above));
        }
    }
    all.extend(paths_of_items(profile, items));
    let of_order = profile.order_conditions();
    all.extend(of_order.flat_map(|condition| paths_of_condition(profile, condition, &[])));
    for (rule, condition) in profile.rules.iter().filter_map(with_condition) {
        let above = if profile.reads_own_items(rule) { items } else { &[] };
        all.extend(paths_of_condition(profile, condition, above));
    }
    let of_items = profile.own_item_conditions();
    all.extend(of_items.flat_map(|condition| paths_of_condition(profile, condition, items)));
    let of_joins = profile.joined_item_conditions();
    all.extend(of_joins.flat_map(|condition| paths_of_condition(profile, condition, &[])));
    all.extend(profile.people.iter().flat_map(|people| paths_of_people(profile, people)));
    all
}

/// Those of a rule, for what it is named by in messages.
fn paths_of_rule<'p>(
    profile: &Profile,
    (rule, name): (&'p Rule, &str),
    is_required: bool,
    above: &'p [String],
) -> Vec<ReadPath<'p>> {
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
            is_required: is_required && !rule.is_optional && !may_be_empty,
            is_optional: profile.may_lack(rule, name),
            default_value: rule.default_value.as_deref(),
            is_tested: false,
            above,
        }
    };
    let language = rule.language.iter().flat_map(|language| &language.paths);
    let language = ReadPath {
        paths: language.flat_map(|path| of_language(above, path)).collect(),
        filtered: None,
        purpose: format!("which the profile reads for the language of {name}"),
        is_required: false,
        is_optional: profile.allows_missing() || rule.may_be_missing(),
        default_value: None,
        is_tested: false,
        above: &[],
    };
    paths.into_iter().map(read).chain([language]).collect()
}

/// Those of the arrays of items, of which the export may lack some of several, and of the list of
/// items in a text.
fn paths_of_items<'p>(profile: &Profile, items: &[String]) -> Vec<ReadPath<'p>> {
    let read = |paths: Vec<String>, is_required| ReadPath {
        paths,
        filtered: None,
        purpose: "the profile's path of items".to_owned(),
        is_required: is_required && !profile.allows_missing_items(),
        is_optional: profile.allows_missing_items() || profile.allows_missing(),
        default_value: None,
        is_tested: false,
        above: &[],
    };
    let several = items.iter().filter(|_| items.len() > 1);
    let several = several.map(|path| read(vec![path.clone()], false));
    let packed = profile.packed_path().map(|path| read(vec![path.to_owned()], true));
    [read(items.to_vec(), true)].into_iter().chain(several).chain(packed).collect()
}

/// Those that a condition tests.
fn paths_of_condition<'p>(
    profile: &Profile,
    condition: &Condition,
    above: &'p [String],
) -> Vec<ReadPath<'p>> {
    let read = |source: &CellSource| ReadPath {
        paths: source.path.iter().flat_map(|path| in_events(profile, path)).collect(),
        filtered: None,
        purpose: "which a condition of the profile reads".to_owned(),
        is_required: false,
        is_optional: source.is_optional,
        default_value: None,
        is_tested: true,
        above,
    };
    condition.sources().into_iter().map(read).collect()
}

/// Those of the rules of people, and of their conditions.
fn paths_of_people<'p>(profile: &Profile, people: &'p PeopleRules) -> Vec<ReadPath<'p>> {
    let (above, mut all) = (people.path.as_slice(), Vec::new());
    for rule in &people.rules {
        let FieldTarget::Field(field) = &rule.target else { continue };
        let name = people.role.field_name(&field.to_string());
        all.extend(paths_of_rule(profile, (&rule.rule, &name), false, above));
    }
    for (_, condition) in people.rules.iter().filter_map(with_condition) {
        all.extend(paths_of_condition(profile, condition, above));
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
    let of_rows = profile.row_rules().flat_map(Rule::readers).flat_map(|rule| &rule.paths);
    let mut known: Vec<String> = of_rows.map(|path| dotted_names(path)).collect();
    known.extend(profile.joins.iter().flat_map(Join::paths).map(|path| dotted_names(path)));
    known.extend(profile.packed_path().map(dotted_names));
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
    known.extend(profile.own_item_conditions().flat_map(|condition| paths(condition, items)));
    known.extend(profile.joined_item_conditions().flat_map(|condition| paths(condition, &[])));
    for rule in &profile.rules {
        let above = if profile.reads_own_items(rule) { items } else { &[] };
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
