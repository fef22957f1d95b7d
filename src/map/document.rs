//! Maps the documents of an NDJSON file.

use std::collections::HashSet;

use super::{
    MapError,
    collect::{Collector, Found, row_without_cells},
    columns::{any_field, unknown_column},
    profile::{FieldRule, Goal, Profile},
    reading::{MissingColumns, UnknownColumns},
    rule::{Condition, Rule},
};
use crate::model::{
    draft::{ItemDraft, MappedRow, RowKind},
    field::{ExtensionKind, Field, Part},
    nearest::{did_you_mean, nearest},
    origin::{Position, RowOrigin},
    problem::{Code, Problem},
    row::{Json, Node},
};

pub(super) struct DocumentMapper<'p> {
    profile: &'p Profile,
    file: String,
    /// Whether any document has something where the items are; none while there was no document.
    has_items: Option<bool>,
    /// The members of the last document, for hints.
    members: Vec<String>,
    order_rules: Vec<&'p FieldRule>,
    item_rules: Vec<&'p FieldRule>,
    known: Vec<String>,
    judged: HashSet<String>,
    pub(super) unknown: Vec<Problem>,
}

impl<'p> DocumentMapper<'p> {
    pub(super) fn bind(profile: &'p Profile, file: &str) -> Result<Self, MapError> {
        if profile.key.paths.is_empty() {
            let field = "the order's reference".to_owned();
            return Err(MapError::OtherForm { file: file.to_owned(), wanted: "path", field });
        }
        let (item_rules, order_rules) = profile.rules.iter().partition(|rule| rule.goal.part() == Part::Item);
        let known = known_paths(profile);
        Ok(Self {
            profile,
            file: file.to_owned(),
            has_items: None,
            members: Vec::new(),
            order_rules,
            item_rules,
            known,
            judged: HashSet::new(),
            unknown: Vec::new(),
        })
    }

    /// A path of items that leads nowhere is a slip of the pen, like a column that is not there.
    pub(super) fn finish(&self) -> Result<(), MapError> {
        match &self.profile.items_path {
            Some(path) if self.has_items == Some(false) && self.profile.missing_columns == MissingColumns::Refuse => {
                let hint = did_you_mean(nearest(path, self.members.iter().map(String::as_str)));
                Err(MapError::MissingItems { file: self.file.clone(), path: path.clone(), hint })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn map(&mut self, document: &Node, origin: RowOrigin) -> MappedRow {
        self.look_for_items(document);
        if self.profile.unknown_columns == UnknownColumns::Warn {
            self.report_unknown(document, "", &origin);
        }
        if is_blank(document) {
            return row_without_cells(origin, RowKind::Blank);
        }
        let mut order = Collector::new(origin.position());
        let place = Place { origin: &origin };
        place.apply(&mut order, &self.order_rules, document);
        let items = self.items(document, &place, &mut order);
        let skip = self.profile.skips.iter().find(|skip| holds(&skip.when, document));
        let key = self.key(document);
        let kind = match (&self.profile.items_path, key) {
            (Some(_), key) => RowKind::Whole(key),
            (None, Some(key)) => RowKind::Part(key),
            (None, None) => RowKind::Keyless,
        };
        MappedRow {
            kind,
            cells: order.cells,
            items,
            skip: skip.map(|skip| skip.reason.clone()).or(order.skip),
            problems: order.problems,
            origin,
        }
    }

    fn look_for_items(&mut self, document: &Node) {
        let Some(path) = self.profile.items_path.as_deref().filter(|_| self.has_items != Some(true)) else { return };
        self.has_items = Some(document.at(path).is_some());
        self.members = members_of(document).into_iter().map(|(name, _)| name.to_owned()).collect();
    }

    /// The key of a document that cannot be read, if it is certain: an alternative path does not stand in for one whose
    /// member may be lost in the damage.
    pub(super) fn certain_key(&self, document: &Node) -> Option<Box<str>> {
        self.key_at(document, self.profile.key.paths.get(..1)?)
    }

    fn key(&self, document: &Node) -> Option<Box<str>> {
        self.key_at(document, &self.profile.key.paths)
    }

    fn key_at(&self, document: &Node, paths: &[String]) -> Option<Box<str>> {
        self.profile.key_of(&scalar(find(document, paths)?)?)
    }

    fn items(&self, document: &Node, place: &Place<'_>, order: &mut Collector) -> Vec<ItemDraft> {
        let elements: &[Node] = match &self.profile.items_path {
            None => std::slice::from_ref(document),
            Some(path) => match document.at(path) {
                // XML turned into JSON has an object where there is only one.
                Some(node @ Node { value: Json::Object(_), .. }) => std::slice::from_ref(node),
                Some(Node { value: Json::Array(elements), .. }) => elements,
                None | Some(Node { value: Json::Null, .. }) => &[],
                Some(other) => {
                    let words = format!("{path:?} is no array of items");
                    order.problems.push(Problem::of_order(Code::NotAScalar, place.of(other), words));
                    &[]
                }
            },
        };
        elements.iter().filter_map(|element| self.item(element, place, order)).collect()
    }

    fn item(&self, element: &Node, place: &Place<'_>, order: &mut Collector) -> Option<ItemDraft> {
        if self.profile.item_rows.as_ref().is_some_and(|rows| !holds(rows, element)) {
            return None;
        }
        let mut item = Collector::new(place.of(element));
        if self.profile.items_path.is_some() && !matches!(element.value, Json::Object(_) | Json::Null) {
            let words = format!("{} where an item is expected", name_of(&element.value));
            item.problems.push(Problem::of_order(Code::NotAScalar, place.of(element), words));
        }
        place.apply(&mut item, &self.item_rules, element);
        let n_filled = item.n_filled;
        order.problems.append(&mut item.problems);
        order.skip = order.skip.take().or(item.skip);
        (n_filled > 0).then(|| ItemDraft { at: place.of(element), cells: item.cells })
    }

    fn report_unknown(&mut self, node: &Node, path: &str, origin: &RowOrigin) {
        match &node.value {
            Json::Object(members) => {
                for (name, member) in members {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.report_unknown(member, &path, origin);
                }
            }
            Json::Array(elements) => {
                for element in elements.iter().filter(|element| matches!(element.value, Json::Object(_))) {
                    self.report_unknown(element, path, origin);
                }
            }
            _ => {}
        }
        // Each path is judged once, not on every line.
        if path.is_empty() || !self.judged.insert(path.to_owned()) {
            return;
        }
        let is_above = |known: &str| known.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        if !self.known.iter().any(|known| covers(known, path) || is_above(known)) {
            let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
            self.unknown.push(unknown_column(path, node.position(origin.file, origin.line), &known));
        }
    }
}

/// Whether a known path is this one or one above it whose members are free.
fn covers(known: &str, path: &str) -> bool {
    match known.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => known == path,
    }
}

/// All paths that the profile takes something from; those of items below the path of the items.
fn known_paths(profile: &Profile) -> Vec<String> {
    let mut known: Vec<String> = profile.key.paths.clone();
    known.extend(profile.items_path.clone());
    known.extend(profile.skips.iter().filter_map(|skip| skip.when.path.clone()));
    let of_items = profile.item_rows.as_ref().and_then(|rows| rows.path.as_deref());
    let below_items =
        |path: &str| profile.items_path.as_ref().map_or_else(|| path.to_owned(), |above| format!("{above}.{path}"));
    known.extend(of_items.map(below_items));
    for FieldRule { goal, rule } in &profile.rules {
        let above = profile.items_path.as_deref().filter(|_| goal.part() == Part::Item);
        for path in &rule.paths {
            let path = above.map_or_else(|| path.clone(), |above| format!("{above}.{path}"));
            if !matches!(goal, Goal::Field(_)) && !path.ends_with('*') {
                known.push(format!("{path}.*"));
            }
            known.push(path);
        }
    }
    known
}

fn holds(condition: &Condition, node: &Node) -> bool {
    let found = condition.path.as_deref().and_then(|path| node.at(path));
    condition.holds(&found.and_then(scalar).unwrap_or_default())
}

/// The first of the paths at which something stands.
fn find<'n>(node: &'n Node, paths: &[String]) -> Option<&'n Node> {
    paths.iter().filter_map(|path| node.at(path)).find(|found| !is_empty(found))
}

/// Whether nothing stands in a document.
fn is_blank(document: &Node) -> bool {
    members_of(document).into_iter().all(|(_, member)| is_empty(member))
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Json::Null => true,
        Json::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// The text of a value that is neither an array nor an object; nothing for null.
fn scalar(node: &Node) -> Option<String> {
    match &node.value {
        Json::Text(text) => Some(text.trim().to_owned()),
        Json::Number(digits) => Some(digits.clone()),
        Json::Boolean(value) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn name_of(value: &Json) -> &'static str {
    match value {
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
        Json::Null => "null",
        Json::Boolean(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::Text(_) => "a text",
    }
}

/// The line that nodes stand on.
struct Place<'a> {
    origin: &'a RowOrigin,
}

impl Place<'_> {
    fn of(&self, node: &Node) -> Position {
        node.position(self.origin.file, self.origin.line)
    }

    fn apply(&self, collector: &mut Collector, rules: &[&FieldRule], node: &Node) {
        for FieldRule { goal, rule } in rules {
            match goal {
                Goal::Field(field) => self.take(collector, field, rule, find(node, &rule.paths)),
                Goal::AnyIdentifier => self.identifiers(collector, rule, node),
                any => self.extensions(collector, any, rule, node),
            }
        }
    }

    fn take(&self, collector: &mut Collector, field: &Field, rule: &Rule, node: Option<&Node>) {
        let Some(node) = node else { return collector.take(field, rule, None) };
        let text = match (&node.value, field) {
            (Json::Array(lines), Field::GuestStreet) => lines.iter().map(scalar).collect::<Option<Vec<_>>>(),
            _ => scalar(node).map(|text| vec![text]),
        };
        match text {
            Some(lines) => {
                let text = lines.join("\n");
                collector.take(field, rule, Some(&Found { text: text.trim(), at: self.of(node) }));
            }
            None => collector.not_a_scalar(field, self.of(node), name_of(&node.value)),
        }
    }

    /// Identifiers as `[{provider, id}]`, or as an object or flat members by provider.
    fn identifiers(&self, collector: &mut Collector, rule: &Rule, node: &Node) {
        for path in &rule.paths {
            match node.at(path).map(|found| (found, &found.value)) {
                Some((_, Json::Array(elements))) => {
                    for element in elements {
                        self.identifier(collector, rule, element);
                    }
                }
                Some((found, Json::Object(_))) if found.member("provider").is_some() => {
                    self.identifier(collector, rule, found);
                }
                Some((found, _)) if scalar(found).is_some_and(|text| !text.is_empty()) => {
                    self.identifier(collector, rule, found);
                }
                _ => {
                    for (name, member) in free_members(node, path) {
                        self.take(
                            collector,
                            &Field::Identifier(name.into()),
                            rule,
                            Some(member).filter(|m| !is_empty(m)),
                        );
                    }
                }
            }
        }
    }

    fn identifier(&self, collector: &mut Collector, rule: &Rule, element: &Node) {
        let part = |name| element.member(name).and_then(scalar).filter(|text| !text.is_empty());
        let id = element.member("id").filter(|_| part("id").is_some());
        if let (Some(provider), Some(id)) = (part("provider"), id) {
            return self.take(collector, &Field::Identifier(provider.into()), rule, Some(id));
        }
        let words = "an identifier has a provider and an id: {\"provider\": …, \"id\": …}";
        let problem = Problem::of(Code::MissingAttribute, "guest.identifiers", self.of(element), words);
        collector.broken(&Field::Identifier("?".into()), problem, "");
    }

    /// Extension attributes as an object, in the event's own array form, or as flat members.
    fn extensions(&self, collector: &mut Collector, any: &Goal, rule: &Rule, node: &Node) {
        for path in &rule.paths {
            let found = node.at(path);
            if let Some(found) = found.filter(|found| scalar(found).is_some_and(|text| !text.is_empty())) {
                self.no_extension(collector, found);
            }
            let single = match found.map(|found| &found.value) {
                Some(Json::Array(elements)) => match elements.as_slice() {
                    [] => continue,
                    [single @ Node { value: Json::Object(_), .. }] => Some(single),
                    [other] => {
                        self.no_extension(collector, other);
                        continue;
                    }
                    [_, second, ..] => {
                        let words = format!("{} extension objects, expected one", elements.len());
                        collector.problems.push(Problem::of_order(Code::ExtensionValue, self.of(second), words));
                        continue;
                    }
                },
                _ => None,
            };
            let members = single.map_or_else(|| free_members(node, path), |single| members_of(single));
            let is_event_form = |name: &str, value: &Node| match name {
                "name" => value.value == Json::Text("ext".to_owned()),
                "key" => value.value == Json::Text("default".to_owned()),
                _ => false,
            };
            for (name, value) in members.into_iter().filter(|(name, value)| !is_event_form(name, value)) {
                self.extension(collector, any, rule, name, value);
            }
        }
    }

    fn no_extension(&self, collector: &mut Collector, found: &Node) {
        let words = format!("{} where an object of extension attributes is expected", name_of(&found.value));
        collector.problems.push(Problem::of_order(Code::ExtensionValue, self.of(found), words));
    }

    fn extension(&self, collector: &mut Collector, any: &Goal, rule: &Rule, name: &str, value: &Node) {
        let shown = match &value.value {
            Json::Boolean(_) => Some(ExtensionKind::Boolean),
            Json::Number(digits) if digits.contains(['.', 'e', 'E']) => Some(ExtensionKind::Float),
            Json::Number(_) => Some(ExtensionKind::Integer),
            _ => None,
        };
        self.take(collector, &any_field(any, name, shown), rule, Some(value).filter(|value| !is_empty(value)));
    }
}

/// The members of the object at a path, or those of `node` whose names begin as a path that ends in `*`.
fn free_members<'n>(node: &'n Node, path: &str) -> Vec<(&'n str, &'n Node)> {
    match path.strip_suffix('*') {
        Some(prefix) => {
            let members = members_of(node).into_iter();
            members.filter_map(|(name, member)| Some((name.strip_prefix(prefix)?, member))).collect()
        }
        None => node.at(path).map(members_of).unwrap_or_default(),
    }
}

fn members_of(node: &Node) -> Vec<(&str, &Node)> {
    match &node.value {
        Json::Object(members) => members.iter().map(|(name, member)| (name.as_str(), member)).collect(),
        _ => Vec::new(),
    }
}
