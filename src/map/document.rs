//! Maps the documents of an NDJSON file.

use std::{borrow::Cow, collections::HashSet};

use super::{
    MapError,
    collect::{Collector, Found},
    columns::{any_field, unknown_column},
    profile::{FieldRule, Goal, PeopleRules, Profile},
    reading::{MissingColumns, UnknownColumns},
    rule::{Condition, Rule},
};
use crate::model::{
    draft::{Cells, ItemDraft, MappedRow, PersonDraft, Place, Role, RowKind},
    field::{ExtensionKind, Field, Part},
    nearest::{did_you_mean, nearest},
    problem::{Code, Problem},
    row::{Json, Node, Row},
};

/// Unknown members that are judged; more come from names that are data, and nobody reads of them all.
const MOST_JUDGED: usize = 10_000;

pub(super) struct DocumentMapper<'p> {
    profile: &'p Profile,
    file: String,
    order_rules: Vec<&'p FieldRule>,
    item_rules: Vec<&'p FieldRule>,
    known: Vec<String>,
}

/// What is to be said of a file of documents once all were seen.
#[derive(Debug, Default)]
pub struct Noticed {
    /// Whether any document has something where the items are; none while there was no document.
    has_items: Option<bool>,
    /// The members of the last document, for hints.
    members: Vec<String>,
    judged: HashSet<String>,
    /// The members that the profile does not know, each once, if it wants to hear of them.
    unknown: Vec<(String, Problem)>,
}

impl Noticed {
    /// Adds what was noticed in later documents.
    pub fn append(&mut self, later: Self) {
        self.has_items = self.has_items.max(later.has_items);
        if !later.members.is_empty() {
            self.members = later.members;
        }
        for (path, problem) in later.unknown {
            if self.judged.len() < MOST_JUDGED && self.judged.insert(path.clone()) {
                self.unknown.push((path, problem));
            }
        }
    }

    /// The members that the profile does not know, each once, in the order of the file.
    pub fn unknown(&self) -> impl Iterator<Item = &Problem> {
        self.unknown.iter().map(|(_, problem)| problem)
    }
}

impl<'p> DocumentMapper<'p> {
    pub(super) fn bind(profile: &'p Profile, file: &str) -> Result<Self, MapError> {
        if profile.key.paths.is_empty() {
            let field = "the order's reference".to_owned();
            return Err(MapError::OtherForm { file: file.to_owned(), wanted: "path", field });
        }
        let (item_rules, order_rules) = profile.rules.iter().partition(|rule| rule.goal.part() == Part::Item);
        let known = known_paths(profile);
        Ok(Self { profile, file: file.to_owned(), order_rules, item_rules, known })
    }

    /// A path of items that leads nowhere is a slip of the pen, like a column that is not there.
    pub(super) fn finish(&self, unknown_names: &Noticed) -> Result<(), MapError> {
        match &self.profile.items_path {
            Some(path)
                if unknown_names.has_items == Some(false) && self.profile.missing_columns == MissingColumns::Refuse =>
            {
                let hint = did_you_mean(nearest(path, unknown_names.members.iter().map(String::as_str)));
                Err(MapError::MissingItems { file: self.file.clone(), path: path.clone(), hint })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn notice(&self, document: &Node, row: &Row<'_>, unknown_names: &mut Noticed) {
        if let Some(path) = self.profile.items_path.as_deref().filter(|_| unknown_names.has_items != Some(true)) {
            unknown_names.has_items = Some(document.at(path).is_some());
            unknown_names.members = members_of(document).into_iter().map(|(name, _)| name.to_owned()).collect();
        }
        if self.profile.unknown_columns == UnknownColumns::Warn {
            self.notice_unknown(document, "", row, unknown_names);
        }
    }

    pub(super) fn kind<'a>(&'a self, document: &'a Node) -> RowKind<'a> {
        if is_blank(document) {
            return RowKind::Blank;
        }
        let key = self.key(document);
        match (&self.profile.items_path, key) {
            (Some(_), key) => RowKind::Whole(key),
            (None, Some(key)) => RowKind::Part(key),
            (None, None) => RowKind::Keyless(None),
        }
    }

    pub(super) fn map<'a>(&'a self, row: &'a Row<'a>, document: &'a Node, into: &mut MappedRow<'a>) {
        let mut order = Collector::new(Place::Row(row), std::mem::take(&mut into.cells));
        let context = Here { row };
        context.apply(&mut order, self.order_rules.iter().copied(), document);
        self.add_items(document, context, &mut order, into);
        let skip = self.profile.skips.iter().find(|skip| holds(&skip.when, document));
        order.hand_over(skip.map(|skip| &skip.reason), into);
    }

    /// The key of a document that cannot be read, if it is certain: an alternative path does not stand in for one whose
    /// member may be lost in the damage.
    pub(super) fn certain_key<'a>(&'a self, document: &'a Node) -> Option<Cow<'a, str>> {
        self.key_at(document, self.profile.key.paths.get(..1)?)
    }

    fn key<'a>(&'a self, document: &'a Node) -> Option<Cow<'a, str>> {
        self.key_at(document, &self.profile.key.paths)
    }

    fn key_at<'a>(&'a self, document: &'a Node, paths: &[String]) -> Option<Cow<'a, str>> {
        self.profile.key_of(scalar(find(document, paths)?)?)
    }

    /// The items, and the people of the document and of its items.
    fn add_items<'a>(
        &'a self,
        document: &'a Node,
        context: Here<'a>,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        let elements = match &self.profile.items_path {
            None => std::slice::from_ref(document),
            Some(path) => context.elements(document, path, None, order),
        };
        for element in elements {
            let index = self.item(element, context, order).map(|item| {
                into.items.push(item);
                into.items.len() - 1
            });
            for people in self.profile.people.iter().filter(|people| people.role == Role::Consumer) {
                people_of(people, element, index, context, order, &mut into.people);
            }
        }
        // Where the document is the only element, its consumers are told already.
        let is_element = self.profile.items_path.is_none();
        for people in self.profile.people.iter().filter(|people| people.role == Role::Contact || !is_element) {
            people_of(people, document, None, context, order, &mut into.people);
        }
    }

    fn item<'a>(&'a self, element: &'a Node, context: Here<'a>, order: &mut Collector<'a>) -> Option<ItemDraft<'a>> {
        if self.profile.item_rows.as_ref().is_some_and(|rows| !holds(rows, element)) {
            return None;
        }
        let mut item = Collector::new(context.at(element), Cells::with_capacity(room(element, &self.item_rules)));
        if self.profile.items_path.is_some() && !matches!(element.value, Json::Object(_) | Json::Null) {
            let message = format!("{} where an item is expected", name_of(&element.value));
            item.problems.push(Problem::of_order(Code::NotAScalar, context.at(element).position(), message));
        }
        context.apply(&mut item, self.item_rules.iter().copied(), element);
        let filled = item.n_filled;
        order.problems.append(&mut item.problems);
        order.skip = order.skip.take().or(item.skip);
        (filled > 0).then(|| ItemDraft { at: context.at(element), cells: item.cells.trimmed() })
    }

    fn notice_unknown(&self, node: &Node, path: &str, row: &Row<'_>, unknown_names: &mut Noticed) {
        match &node.value {
            Json::Object(members) => {
                for (name, member) in members {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.notice_unknown(member, &path, row, unknown_names);
                }
            }
            Json::Array(elements) => {
                for element in elements.iter().filter(|element| matches!(element.value, Json::Object(_))) {
                    self.notice_unknown(element, path, row, unknown_names);
                }
            }
            _ => {}
        }
        // Each path is judged once, not on every line.
        let is_checked =
            path.is_empty() || unknown_names.judged.len() >= MOST_JUDGED || unknown_names.judged.contains(path);
        if is_checked || !unknown_names.judged.insert(path.to_owned()) {
            return;
        }
        let is_above = |known: &str| known.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        if !self.known.iter().any(|known| covers(known, path) || is_above(known)) {
            let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
            let at = node.position(row.origin.file, row.origin.line);
            unknown_names.unknown.push((path.to_owned(), unknown_column(path, at, &known)));
        }
    }
}

/// Adds the people that stand in a document or in an item.
fn people_of<'a>(
    people: &'a PeopleRules,
    node: &'a Node,
    item: Option<usize>,
    context: Here<'a>,
    order: &mut Collector<'a>,
    into: &mut Vec<PersonDraft<'a>>,
) {
    let Some(path) = &people.path else { return };
    for element in context.elements(node, path, Some(people.role), order) {
        let mut person = Collector::new(context.at(element), Cells::with_capacity(room(element, &people.rules)));
        if !matches!(element.value, Json::Object(_) | Json::Null) {
            let message = format!("{} where a {} is expected", name_of(&element.value), people.role.name());
            let at = context.at(element).position();
            order.problems.push(Problem::of(Code::NotAScalar, people.role.name(), at, message));
        }
        context.apply(&mut person, &people.rules, element);
        into.extend(person.person(people.role, item, order));
    }
}

/// Room for the cells of an element: one for each rule, but hardly more than it has members.
fn room<R>(element: &Node, rules: &[R]) -> usize {
    match &element.value {
        Json::Object(members) => rules.len().min(members.len() + 1),
        _ => 1,
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
    let item_rows_path = profile.item_rows.as_ref().and_then(|rows| rows.path.as_deref());
    let below_items =
        |path: &str| profile.items_path.as_ref().map_or_else(|| path.to_owned(), |above| format!("{above}.{path}"));
    known.extend(item_rows_path.map(below_items));
    for rule in &profile.rules {
        let above = profile.items_path.as_deref().filter(|_| rule.goal.part() == Part::Item);
        add_known_paths(rule, above, &mut known);
    }
    for PeopleRules { role, path, rules } in &profile.people {
        let Some(path) = path else { continue };
        let in_items = profile.items_path.as_ref().filter(|_| *role == Role::Consumer);
        for above in in_items.map(|items| format!("{items}.{path}")).iter().chain([path]) {
            known.push(above.clone());
            for rule in rules {
                add_known_paths(rule, Some(above), &mut known);
            }
        }
    }
    known
}

fn add_known_paths(FieldRule { goal, rule }: &FieldRule, above: Option<&str>, known: &mut Vec<String>) {
    for path in &rule.paths {
        let path = above.map_or_else(|| path.clone(), |above| format!("{above}.{path}"));
        if !matches!(goal, Goal::Field(_)) && !path.ends_with('*') {
            known.push(format!("{path}.*"));
        }
        known.push(path);
    }
}

fn holds(condition: &Condition, node: &Node) -> bool {
    let found = condition.path.as_deref().and_then(|path| node.at(path));
    condition.holds(found.and_then(scalar).unwrap_or_default())
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
fn scalar(node: &Node) -> Option<&str> {
    match &node.value {
        Json::Text(text) => Some(text.trim()),
        Json::Number(digits) => Some(digits),
        Json::Boolean(true) => Some("true"),
        Json::Boolean(false) => Some("false"),
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

/// The row that nodes stand in.
#[derive(Clone, Copy)]
struct Here<'a> {
    row: &'a Row<'a>,
}

impl<'a> Here<'a> {
    fn at(self, node: &'a Node) -> Place<'a> {
        Place::Node(self.row, node)
    }

    /// The elements of the array at a path, if there is one: people of a role, or items.
    fn elements(self, node: &'a Node, path: &str, role: Option<Role>, order: &mut Collector<'a>) -> &'a [Node] {
        match node.at(path) {
            // XML turned into JSON has an object where there is only one.
            Some(node @ Node { value: Json::Object(_), .. }) => std::slice::from_ref(node),
            Some(Node { value: Json::Array(elements), .. }) => elements,
            None | Some(Node { value: Json::Null, .. }) => &[],
            Some(other) => {
                let message = format!("{path:?} is no array of {}", if role.is_some() { "people" } else { "items" });
                let problem = Problem::of_order(Code::NotAScalar, self.at(other).position(), message);
                order.problems.push(Problem { field: role.map(|role| format!("{}s", role.name())), ..problem });
                &[]
            }
        }
    }

    fn apply(self, collector: &mut Collector<'a>, rules: impl IntoIterator<Item = &'a FieldRule>, node: &'a Node) {
        for FieldRule { goal, rule } in rules {
            match goal {
                Goal::Field(field) => self.take(collector, Cow::Borrowed(field), rule, find(node, &rule.paths)),
                Goal::AnyIdentifier => self.identifiers(collector, rule, node),
                wildcard => self.extensions(collector, wildcard, rule, node),
            }
        }
    }

    fn take(self, collector: &mut Collector<'a>, field: Cow<'a, Field>, rule: &'a Rule, node: Option<&'a Node>) {
        let Some(node) = node else { return collector.take(field, rule, None) };
        if let (Json::Array(lines), Field::GuestStreet) = (&node.value, &*field)
            && let Some(lines) = lines.iter().map(scalar).collect::<Option<Vec<_>>>()
        {
            return self.take_lines(collector, field, rule, &lines, node);
        }
        match scalar(node) {
            Some(text) => collector.take(field, rule, Some(Found { text, at: self.at(node) })),
            None => collector.not_a_scalar(field, self.at(node), name_of(&node.value)),
        }
    }

    /// Several lines of text as one value.
    fn take_lines(
        self,
        collector: &mut Collector<'a>,
        field: Cow<'a, Field>,
        rule: &'a Rule,
        lines: &[&str],
        node: &'a Node,
    ) {
        let text = lines.join("\n");
        let result = rule.make(text.trim()).into_owned();
        collector.take_made(field, rule, result, Cow::Owned(text.trim().to_owned()), self.at(node));
    }

    /// Identifiers as `[{provider, id}]`, or as an object or flat members by provider.
    fn identifiers(self, collector: &mut Collector<'a>, rule: &'a Rule, node: &'a Node) {
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
                        let field = Cow::Owned(Field::Identifier(name.into()));
                        self.take(collector, field, rule, Some(member).filter(|m| !is_empty(m)));
                    }
                }
            }
        }
    }

    fn identifier(self, collector: &mut Collector<'a>, rule: &'a Rule, element: &'a Node) {
        let member_text = |name| element.member(name).and_then(scalar).filter(|text| !text.is_empty());
        let id = element.member("id").filter(|_| member_text("id").is_some());
        if let (Some(provider), Some(id)) = (member_text("provider"), id) {
            return self.take(collector, Cow::Owned(Field::Identifier(provider.into())), rule, Some(id));
        }
        let message = "an identifier has a provider and an id: {\"provider\": …, \"id\": …}";
        let problem = Problem::of(Code::MissingAttribute, "guest.identifiers", self.at(element).position(), message);
        collector.broken(Cow::Owned(Field::Identifier("?".into())), problem, Cow::Borrowed(""), self.at(element));
    }

    /// Extension attributes as an object, in the event's own array form, or as flat members.
    fn extensions(self, collector: &mut Collector<'a>, wildcard: &Goal, rule: &'a Rule, node: &'a Node) {
        for path in &rule.paths {
            let found = node.at(path);
            if let Some(found) = found.filter(|found| scalar(found).is_some_and(|text| !text.is_empty())) {
                self.no_extension(collector, wildcard, found);
            }
            let single = match found.map(|found| &found.value) {
                Some(Json::Array(elements)) => match elements.as_slice() {
                    [] => continue,
                    [single @ Node { value: Json::Object(_), .. }] => Some(single),
                    [other] => {
                        self.no_extension(collector, wildcard, other);
                        continue;
                    }
                    [_, second, ..] => {
                        let message = format!("{} extension objects, expected one", elements.len());
                        self.extension_fault(collector, wildcard, second, message);
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
                self.extension(collector, wildcard, rule, name, value);
            }
        }
    }

    fn no_extension(self, collector: &mut Collector<'a>, wildcard: &Goal, found: &'a Node) {
        let message = format!("{} where an object of extension attributes is expected", name_of(&found.value));
        self.extension_fault(collector, wildcard, found, message);
    }

    fn extension_fault(self, collector: &mut Collector<'a>, wildcard: &Goal, found: &'a Node, message: String) {
        let problem = Problem::of_order(Code::ExtensionValue, self.at(found).position(), message);
        let field = matches!(wildcard, Goal::AnyItemProduct).then(|| "item.product".to_owned());
        collector.problems.push(Problem { field, ..problem });
    }

    fn extension(self, collector: &mut Collector<'a>, wildcard: &Goal, rule: &'a Rule, name: &str, value: &'a Node) {
        let json_type = match &value.value {
            Json::Boolean(_) => Some(ExtensionKind::Boolean),
            Json::Number(digits) if digits.contains(['.', 'e', 'E']) => Some(ExtensionKind::Float),
            Json::Number(_) => Some(ExtensionKind::Integer),
            _ => None,
        };
        let field = Cow::Owned(any_field(wildcard, name, json_type));
        self.take(collector, field, rule, Some(value).filter(|value| !is_empty(value)));
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
