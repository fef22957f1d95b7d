//! Settings of the config file, the environment (`ORDERFERRY_…`) and `--set`, in ascending
//! precedence.
//!
//! Checks names, types and ranges, not whether the values fit each other; `spec` does, and applies
//! defaults and options. Called by `spec`; `faults` shares the TOML helpers.

use std::{
    collections::BTreeMap,
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use toml::{Table, Value};

use super::{
    error_list::ErrorList,
    origins::Origins,
    ranges,
    setting_names::{CONFIG, TARGET_PREFIX, full_path, variable_setting},
    small_file::read_small_file,
    typed::TypedOptions,
    values::{ByteSize, DurationSetting, InvalidLimit, Rate},
};
use crate::{
    disposition::ChangedExit,
    map::{
        FOUND_TEXT, KeyPath, OnlyTable, TomlDocument, TomlError, TomlText, only_table,
        toml_error_text,
    },
    model::{
        diagnostic::{Diagnostic, Note},
        pricing::PriceBasis,
        route::{ConfirmMode, Mode},
        source_map::SourceMap,
        source_text::{SourceText, error_outside_files},
        suggest::{did_you_mean, suggest},
    },
};

/// File in the working folder that is read without `--config`.
pub(super) const DEFAULT_FILE: &str = "orderferry.toml";

/// Settings whose values are numbers; a variable or `--set` is text, which TOML would not convert.
const NUMBERS: [&str; 7] = [
    "in_flight",
    "max_url_bytes",
    "tries",
    "down_after",
    "max_columns",
    "max_values",
    "max_expansion",
];

/// Settings whose values are booleans.
const SWITCHES: [&str; 2] = ["repeat_after_500", "results_csv"];

/// Settings by their keys in the file; `None` where the file does not set one.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConfigFile {
    pub(super) profile: Option<String>,
    pub(super) ledger: Option<PathBuf>,
    pub(super) max_invalid: Option<InvalidLimit>,
    #[serde(deserialize_with = "ranges::rate")]
    pub(super) rate: Option<Rate>,
    #[serde(deserialize_with = "ranges::in_flight")]
    pub(super) in_flight: Option<usize>,
    #[serde(deserialize_with = "ranges::timeout")]
    pub(super) timeout: Option<DurationSetting>,
    #[serde(deserialize_with = "ranges::identity_pause")]
    pub(super) identity_pause: Option<DurationSetting>,
    #[serde(deserialize_with = "ranges::session_timeout")]
    pub(super) session_timeout: Option<DurationSetting>,
    #[serde(deserialize_with = "ranges::tries")]
    pub(super) tries: Option<u32>,
    pub(super) repeat_after_500: Option<bool>,
    #[serde(deserialize_with = "ranges::down_after")]
    pub(super) down_after: Option<u32>,
    pub(super) give_up_after: Option<DurationSetting>,
    #[serde(deserialize_with = "ranges::max_url_bytes")]
    pub(super) max_url_bytes: Option<usize>,
    #[serde(deserialize_with = "ranges::memory")]
    pub(super) memory: Option<ByteSize>,
    pub(super) max_cell: Option<ByteSize>,
    pub(super) max_record: Option<ByteSize>,
    pub(super) max_columns: Option<usize>,
    pub(super) max_values: Option<usize>,
    pub(super) max_expansion: Option<u64>,
    pub(super) backfill_after: Option<DurationSetting>,
    pub(super) old_orders: OldOrdersSetting,
    pub(super) item_price: PriceBasis,
    pub(super) reused_references: ReusedReferences,
    pub(super) changed_exit: ChangedExit,
    pub(super) unreadable_rows: Option<UnreadableRowsSetting>,
    pub(super) results_csv: Option<bool>,
    /// Target without `--to`.
    #[serde(deserialize_with = "only_table")]
    pub(super) target: TargetSettings,
    /// Targets for `--to`, by name.
    #[serde(deserialize_with = "targets")]
    pub(super) targets: BTreeMap<String, TargetSettings>,
}

fn targets<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, TargetSettings>, D::Error> {
    let targets: BTreeMap<_, OnlyTable<_>> = BTreeMap::deserialize(deserializer)?;
    Ok(targets.into_iter().map(|(name, OnlyTable(target))| (name, target)).collect())
}

/// Where orders are sent, and the attributes of their events that the export does not have.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TargetSettings {
    #[serde(deserialize_with = "ranges::base_url")]
    pub(super) base_url: Option<String>,
    pub(super) client_key: Option<String>,
    pub(super) pos: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) language: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) page: Option<String>,
    pub(super) mode: Option<Mode>,
    pub(super) confirm: Option<ConfirmMode>,
}

/// Treatment of an order whose reference was accepted for another order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ReusedReferences {
    #[default]
    Invalid,
    Send,
}

/// Treatment of orders that are too old to be sent without `--backfill`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum OldOrdersSetting {
    #[default]
    Hold,
    Skip,
}

/// Treatment of unreadable rows whose order is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum UnreadableRowsSetting {
    Refuse,
    Accept,
}

/// Settings, and the folder of their file.
#[derive(Debug)]
pub(super) struct LoadedConfig {
    pub(super) settings: ConfigFile,
    /// Target settings of the environment and of `--set`, for the default target and for a named
    /// one.
    target_overrides: TargetSettings,
    /// The settings apart from those of targets, by name, as text.
    pub(super) set: BTreeMap<String, String>,
    pub(super) folder: Option<PathBuf>,
    pub(super) origins: Origins,
    /// The paths of the settings that are wrong and left out.
    wrong: Vec<KeyPath>,
}

/// Loads the settings: of the file, overridden by the environment, overridden by `--set`. What is
/// wrong is left out and added to the errors.
pub(super) fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    set: &[String],
    typed: TypedOptions,
    errors: &mut ErrorList,
) -> anyhow::Result<LoadedConfig> {
    // Unlike a named file, the default file may be missing.
    let file = file
        .map(Path::to_owned)
        .or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.exists()));
    let read = file.as_deref().map(|file| read_file::<ConfigFile>(CONFIG, file));
    let unreadable = |error: io::Error| {
        let file = file.as_deref().unwrap_or(Path::new(DEFAULT_FILE)).display();
        let place = typed.shown("config").unwrap_or_else(|| file.to_string());
        errors.add(error_outside_files(CONFIG, &place, "", &unreadable_message(&error)));
        ReadFile::unknown()
    };
    let read = read.map(|read| read.unwrap_or_else(unreadable)).unwrap_or_default();
    let ReadFile { source, mut table, texts, tables, errors: errors_of_file, mut wrong } = read;
    let mut outside: Vec<_> = typed.wrong.iter().map(|wrong| wrong.error.clone()).collect();
    wrong.extend(typed.wrong.iter().map(|option| setting_of_option(&option.name)));
    // Kept apart from the file's `[target]`, which a target named with `--to` overrides.
    let mut target_table = Table::new();
    let mut origins = Origins::new(typed);
    let options = options(set, &mut outside);
    for Override { origin, path, value } in variables(environment).into_iter().chain(options) {
        let destination =
            if path.starts_with(TARGET_PREFIX) { &mut target_table } else { &mut table };
        // Checked one by one, so that the error names the variable or the option.
        if let Err(error) = set_value::<ConfigFile>(destination, &path, value) {
            let error = shown_error(&path, error);
            outside.push(error_outside_files(CONFIG, &origin, "", &error));
            wrong.push(path.split('.').map(str::to_owned).collect());
        }
        origins.add_override(&path, &origin);
    }
    let errors_of_file = errors_of_file.into_iter().map(|error| origins.error_of_file(error));
    errors.extend(errors_of_file.map(|error| with_table_hint(error, &tables)));
    errors.extend(outside);
    origins.set_file(source, texts, tables);
    let set = table.iter().filter(|(_, value)| !value.is_table());
    let set = set.map(|(name, value)| (name.clone(), setting_text(value))).collect();
    let settings = Value::Table(table).try_into::<ConfigFile>()?;
    let target_overrides = Value::Table(target_table).try_into::<ConfigFile>()?.target;
    Ok(LoadedConfig {
        settings,
        target_overrides,
        set,
        folder: file.and_then(|file| file.parent().map(Path::to_owned)),
        origins,
        wrong,
    })
}

/// Adds how a target with a name is written to the error of a table within `[target]`.
fn with_table_hint(mut error: Diagnostic, tables: &[(KeyPath, Range<usize>)]) -> Diagnostic {
    let unknown = tables.iter().find_map(|(path, _)| match path.as_slice() {
        [target, name] if target == "target" => {
            (error.title == format!("unknown key {name:?}")).then_some(name)
        }
        _ => None,
    });
    if let Some(name) = unknown {
        let hint = format!("a target with a name is [targets.{name}]; --to {name} uses it");
        error.notes.push(Note::Hint(hint));
    }
    error
}

/// The path of the setting of an option.
fn setting_of_option(name: &str) -> KeyPath {
    full_path(&name.replace('-', "_")).split('.').map(str::to_owned).collect()
}

/// A setting of the environment or of `--set`.
struct Override {
    /// The variable or the option, as messages name it.
    origin: String,
    path: String,
    value: Value,
}

/// The settings of the environment, by name.
fn variables(environment: impl Iterator<Item = (String, String)>) -> Vec<Override> {
    let mut variables: Vec<_> = environment.collect();
    variables.sort();
    let variables = variables.into_iter().filter_map(|(name, value)| {
        let path = variable_setting(&name)?;
        let value = parse_value(&path, &value);
        Some(Override { origin: format!("the variable {name}"), path, value })
    });
    variables.collect()
}

/// The settings of `--set` options; one without a value is an error.
fn options(set: &[String], errors: &mut Vec<Diagnostic>) -> Vec<Override> {
    let mut options = Vec::new();
    for set in set {
        let Some((name, value)) = set.split_once('=') else {
            // The rest of it may be a client key, and so may all of it.
            let is_of_name = |char: &char| char.is_ascii_alphanumeric() || "_.".contains(*char);
            let name: String = set.chars().take_while(is_of_name).collect();
            let place =
                if is_setting(&name) { format!("--set {name}") } else { "--set".to_owned() };
            errors.push(error_outside_files(CONFIG, &place, "", "--set expects KEY=VALUE"));
            continue;
        };
        let path = full_path(name.trim());
        let value = parse_value(&path, value.trim());
        options.push(Override { origin: format!("--set {}", name.trim()), path, value });
    }
    options
}

/// The error of a value as messages show it. A text of a wrong type is shown where a number or a
/// switch belongs; elsewhere, such as in place of a table, it may be a client key.
fn shown_error(path: &str, error: String) -> String {
    let text = error.strip_prefix(FOUND_TEXT);
    match text.and_then(|text| text.rsplit_once("; expected ")) {
        Some((_, expected)) if !NUMBERS.contains(&path) && !SWITCHES.contains(&path) => {
            format!("invalid type; expected {expected}")
        }
        _ => error,
    }
}

/// Whether a setting has this name.
fn is_setting(name: &str) -> bool {
    let path = full_path(name);
    let is_below_setting = path.contains('.') && !path.starts_with(TARGET_PREFIX);
    // Only of a name that is not known serde says so; any other error is of the value.
    let set = set_value::<ConfigFile>(&mut Table::new(), &path, Value::Boolean(true));
    !is_below_setting && !set.is_err_and(|error| error.starts_with("unknown key"))
}

/// A file of settings as it was read.
#[derive(Default)]
pub(super) struct ReadFile {
    /// Its text.
    source: SourceMap,
    /// Its settings, without those that are wrong.
    pub(super) table: Table,
    /// Its texts, with their paths and places.
    texts: Vec<TomlText>,
    /// Its tables, those that are wrong included, with the places of their names.
    tables: Vec<(KeyPath, Range<usize>)>,
    /// What is wrong with it.
    pub(super) errors: Vec<TomlError>,
    /// The paths of what is wrong.
    wrong: Vec<KeyPath>,
}

impl ReadFile {
    /// A file that cannot be read, so that any setting may be in it.
    fn unknown() -> Self {
        Self { wrong: vec![KeyPath::new()], ..Self::default() }
    }
}

/// Reads a file of at most 1 MiB whose settings are those of a `T`; its errors are of a kind.
///
/// # Errors
///
/// If the file cannot be read.
pub(super) fn read_file<T: DeserializeOwned>(
    kind: &'static str,
    file: &Path,
) -> io::Result<ReadFile> {
    let text = read_small_file(file)?;
    let source = SourceText { kind, name: file.display().to_string(), text }.into();
    let mut document = TomlDocument::parse(&source);
    let tables = document.tables();
    // Only a table can be overridden by path; a `T` shows what is wrong in it.
    let table = document.read::<T>().map(|_| document.table()).unwrap_or_default();
    let (texts, wrong) = (document.texts(), document.wrong_paths());
    let errors = document.into_errors();
    Ok(ReadFile { source, table, texts, tables, errors, wrong })
}

/// The message about a file that cannot be read, which is named beside it.
pub(super) fn unreadable_message(error: &io::Error) -> String {
    format!("cannot read the file: {error}")
}

/// Formats the value of a setting: text without quotes.
fn setting_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn parse_value(path: &str, text: &str) -> Value {
    match (text.parse(), text.parse()) {
        (Ok(number), _) if NUMBERS.contains(&path) => Value::Integer(number),
        (_, Ok(switch)) if SWITCHES.contains(&path) => Value::Boolean(switch),
        _ => Value::String(text.to_owned()),
    }
}

/// Sets the value at a dotted path, if the settings are still those of a `T`. An error is a
/// message.
pub(super) fn set_value<T: DeserializeOwned>(
    table: &mut Table,
    path: &str,
    value: Value,
) -> Result<(), String> {
    let mut changed = table.clone();
    let (parents, name) =
        path.rsplit_once('.').map_or((None, path), |(parents, name)| (Some(parents), name));
    let mut current = &mut changed;
    for parent in parents.into_iter().flat_map(|parents| parents.split('.')) {
        let entry = current.entry(parent).or_insert_with(|| Value::Table(Table::new()));
        current = entry
            .as_table_mut()
            .ok_or_else(|| format!("{parent:?} is a setting, not a table of settings"))?;
    }
    current.insert(name.to_owned(), value);
    // A trial conversion of the whole table: serde names the wrong key and the known ones.
    match Value::Table(changed.clone()).try_into::<T>() {
        Ok(_) => *table = changed,
        Err(error) => return Err(toml_error_text(&error)),
    }
    Ok(())
}

impl LoadedConfig {
    /// Whether the value of a setting of the target is known: nothing that may set it is wrong.
    pub(super) fn is_known(&self, name: &str) -> bool {
        let path = full_path(name);
        let of_default: Vec<_> = path.split('.').collect();
        let of_named = self.origins.target_name().map(|to| vec!["targets", to, name]);
        let is_at_or_above = |wrong: &KeyPath, path: &[&str]| {
            path.iter().zip(wrong).filter(|(one, other)| one == other).count() == wrong.len()
        };
        let mut paths = [Some(of_default), of_named].into_iter().flatten();
        !paths.any(|path| self.wrong.iter().any(|wrong| is_at_or_above(wrong, &path)))
    }

    /// The table of the named target, or of the default one, as messages ask for it.
    fn target_table(&self, name: Option<&str>) -> String {
        let file = self.origins.file_name().unwrap_or(DEFAULT_FILE);
        match name {
            Some(name) => format!("[targets.{name}] of {file}"),
            None => format!("[target] of {file}"),
        }
    }

    /// What is missing where no target is set.
    pub(super) fn no_target(&self, name: Option<&str>) -> String {
        let table = self.target_table(name);
        format!(
            "no target\n  hint: set --base-url and --client-key, or base_url in {table}; --sandbox \
             needs none"
        )
    }

    /// What is missing where a target has no client key.
    pub(super) fn no_client_key(&self, name: Option<&str>) -> String {
        let table = self.target_table(name);
        format!("no client key\n  hint: set ORDERFERRY_CLIENT_KEY, or client_key in {table}")
    }

    /// Returns the settings of the named target, or of the default one. The environment and `--set`
    /// override either. A named target inherits from the default one only what does not say
    /// where orders go: the key of one tenant must not be sent to another.
    ///
    /// # Errors
    ///
    /// A message, if the file has no target of that name.
    pub(super) fn target(&self, name: Option<&str>) -> Result<TargetSettings, String> {
        let default_target = self.settings.target.clone();
        let Some(name) = name else { return Ok(self.target_overrides.clone().or(&default_target)) };
        let Some(target) = self.settings.targets.get(name) else {
            let suggestion = suggest(name, self.settings.targets.keys().map(String::as_str));
            let hint = did_you_mean(suggestion);
            return Err(format!("the config file has no target {name:?}{hint}"));
        };
        let inherited =
            TargetSettings { base_url: None, client_key: None, pos: None, ..default_target };
        Ok(self.target_overrides.clone().or(target).or(&inherited))
    }
}

impl TargetSettings {
    /// Returns these settings, with those of `fallback` where these have none.
    pub(super) fn or(self, fallback: &Self) -> Self {
        // An empty value counts as not set: an empty point of sale would lose every order silently.
        let is_set = |value: &String| !value.trim().is_empty();
        let first_set = |mine: Option<String>, other: &Option<String>| {
            mine.filter(is_set).or_else(|| other.clone().filter(is_set))
        };
        Self {
            base_url: first_set(self.base_url, &fallback.base_url),
            client_key: first_set(self.client_key, &fallback.client_key),
            pos: first_set(self.pos, &fallback.pos),
            channel: first_set(self.channel, &fallback.channel),
            language: first_set(self.language, &fallback.language),
            currency: first_set(self.currency, &fallback.currency),
            page: first_set(self.page, &fallback.page),
            mode: self.mode.or(fallback.mode),
            confirm: self.confirm.or(fallback.confirm),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use super::*;
    use crate::pipeline::MaxInvalid;

    fn loaded(
        file: &str,
        environment: &[(&str, &str)],
        set: &[&str],
    ) -> anyhow::Result<LoadedConfig> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("o.toml");
        fs::write(&path, file).unwrap();
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let set: Vec<_> = set.iter().map(|set| (*set).to_owned()).collect();
        let mut errors = ErrorList::default();
        let loaded = load(Some(&path), environment, &set, TypedOptions::default(), &mut errors)?;
        errors.ensure_none()?;
        Ok(loaded)
    }

    fn load_error(file: &str, environment: &[(&str, &str)], set: &[&str]) -> String {
        let error = format!("{:#}", loaded(file, environment, set).unwrap_err());
        error[error.find("o.toml").unwrap_or(0)..].to_owned()
    }

    /// The lines of an error from the name of the file on.
    fn without_folder(error: &str) -> String {
        let lines = error.lines().map(|line| line.find("o.toml").map_or(line, |at| &line[at..]));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn set_overrides_environment_overrides_file() {
        let file = "rate = '5/s'\nin_flight = 3\n[target]\npos = 'file'";
        let with_env =
            loaded(file, &[("ORDERFERRY_RATE", "6/s"), ("ORDERFERRY_POS", "env")], &["rate=7/s"])
                .unwrap();
        assert_eq!(with_env.settings.rate, Some(Rate(Some(7))));
        assert_eq!(with_env.settings.in_flight, Some(3));
        assert_eq!(with_env.target(None).unwrap().pos.as_deref(), Some("env"));
        assert_eq!(
            loaded("max_invalid = 25", &[], &[]).unwrap().settings.max_invalid.unwrap().0,
            MaxInvalid::Orders(25)
        );
        assert_eq!(
            loaded(file, &[("ORDERFERRY_POS", "")], &[])
                .unwrap()
                .target(None)
                .unwrap()
                .pos
                .as_deref(),
            Some("file")
        );
        let with_set =
            loaded(file, &[("HOME", "x")], &["in_flight=9", "targets.eu.pos=p"]).unwrap();
        assert_eq!(with_set.settings.in_flight, Some(9));
        assert_eq!(with_set.target(Some("eu")).unwrap().pos.as_deref(), Some("p"));
    }

    #[test]
    fn ranges_are_checked_with_all_other_errors() {
        let file = "in_flight = 0\nmax_url_bytes = 70000\nmemory = '1B'\ntries = 0\n\
                    timeout = '0s'\nidentity_pause = '2h'\nin_flihgt = 5\n\
                    [targets.eu]\nbase_url = 'http://example.com'\nclient_key = 5\n";
        let set = ["down_after=0", "session_timeout=0s", "base_url=https://example.com/?k"];
        let variables = [("ORDERFERRY_IN_FLIGHT", "20000")];
        insta::assert_snapshot!(without_folder(&load_error(file, &variables, &set)), @r#"
        o.toml:1:13: in_flight: in_flight is 0; expected 1 to 10000; it comes from the config file, which must be right although the variable ORDERFERRY_IN_FLIGHT is set
        o.toml:2:17: max_url_bytes: max_url_bytes is 70000; expected 1 to 65534
        o.toml:3:10: memory: memory is 1 byte; expected 1MB or more
        o.toml:4:9: tries: tries is 0; expected 1 or more
        o.toml:5:11: timeout: timeout is 0; expected more: no response could arrive in time
        o.toml:6:18: identity_pause: identity_pause is 2h; expected at most 1h
        o.toml:7:1: unknown key "in_flihgt"; meant "in_flight"?
        o.toml:9:12: targets.eu.base_url: a base URL must be HTTPS, except to this machine; expected https; it comes from the config file, which must be right although --set base_url is set
        o.toml:10:14: targets.eu.client_key: invalid type; expected a string
            hint: a number is no text: put it in quotes
          the variable ORDERFERRY_IN_FLIGHT: in_flight is 20000; expected 1 to 10000
          --set down_after: down_after is 0; expected 1 or more
          --set session_timeout: session_timeout is 0; expected more: no order could be assembled in time
          --set base_url: base URL "https://example.com/" contains a query, which is not part of a base URL
            hint: base_url = "https://example.com"
        "#);
    }

    #[test]
    fn sections_are_no_lists() {
        let file = "targets = []\n[[target]]\npos = 'a'\n[[rate]]\n";
        insta::assert_snapshot!(without_folder(&load_error(file, &[], &[])), @r#"
        o.toml:1:11: targets: found a list; expected a table
          hint: one table is [name] or name = { … }, without other brackets
        o.toml:2:3: target: found a list; expected a table
            hint: one table is [name] or name = { … }, without other brackets
        o.toml:4:3: rate: expected a number or text
        "#);
        let file = "target = ['a']\n[[targets.eu]]\npos = 'a'\n";
        insta::assert_snapshot!(without_folder(&load_error(file, &[], &[])), @r#"
        o.toml:1:10: target: found a list; expected a table
          hint: one table is [name] or name = { … }, without other brackets
        o.toml:2:11: targets.eu: found a list; expected a table
            hint: one table is [name] or name = { … }, without other brackets
        "#);
    }

    /// With the real messages of all ways to set a value.
    #[test]
    fn secret_is_in_no_message() {
        let url = "https://me:SECRET@api.example";
        for text in [
            &format!("[target]\nbase_url = '{url}'"),
            "target = { clientkey = \"SECRET\", pos = \"p\" }",
            "target = { pos = 'p', client_key = ['SECRET'] }",
            "[target]\nkey = { of_tenant = 'SECRET' }",
        ] {
            let error = loaded(text, &[], &[]).unwrap_err();
            assert!(!format!("{error:?} {error:#}").contains("SECRET"), "{text}: {error:?}");
        }
        for (name, value) in [("BASE_URL", url), ("TARGET", "SECRET")] {
            let variable = format!("ORDERFERRY_{name}");
            let error = load_error("", &[(&variable, value)], &[]);
            assert!(!error.contains("SECRET"), "{error}");
            let error = load_error("", &[], &[&format!("{}={value}", name.to_lowercase())]);
            assert!(!error.contains("SECRET"), "{error}");
        }
        for set in ["SECRETKEY1234", "SECRET.client_key", "client_key: SECRET"] {
            assert!(!load_error("", &[], &[set]).contains("SECRET"), "{set}");
        }
    }

    #[test]
    fn same_syntax_error_on_two_lines_hides_no_other() {
        let file = "rate 5\nin_flight 6\n\ntries = = 3\n";
        insta::assert_snapshot!(without_folder(&load_error(file, &[], &[])), @"
        o.toml:1:6: key with no value; expected =
        o.toml:2:11: key with no value; expected =
        o.toml:4:9: extra =; expected nothing
        ");
    }

    #[test]
    fn named_target_inherits_no_key() {
        let file = "[target]\nclient_key = 'live'\npos = 'live'\npage = 'default'\n[targets.staging]\nbase_url = 'https://s'";
        let staging = loaded(file, &[], &[]).unwrap().target(Some("staging")).unwrap();
        assert_eq!(
            (staging.client_key, staging.pos, staging.page.as_deref()),
            (None, None, Some("default"))
        );
        let with_key = format!("{file}\nclient_key = 'file'");
        let staging = loaded(&with_key, &[("ORDERFERRY_CLIENT_KEY", "env")], &[])
            .unwrap()
            .target(Some("staging"))
            .unwrap();
        assert_eq!(staging.client_key.as_deref(), Some("env"));
        let set = loaded(file, &[("ORDERFERRY_POS", "env")], &["target.pos=set"]).unwrap();
        assert_eq!(set.target(None).unwrap().pos.as_deref(), Some("set"));
        assert!(
            loaded(file, &[], &[])
                .unwrap()
                .target(Some("stagng"))
                .unwrap_err()
                .contains("\"staging\"")
        );
    }

    #[test]
    fn target_sets_mode_and_confirm() {
        let file = "session_timeout = '5min'\n[target]\nmode = 'auto'\nconfirm = 'parts'\n[targets.eu]\nmode = 'multi'";
        let mode_and_confirm = |environment: &[(&str, &str)], set: &[&str], name| {
            let target = loaded(file, environment, set).unwrap().target(name).unwrap();
            (target.mode.unwrap(), target.confirm.unwrap())
        };
        assert_eq!(mode_and_confirm(&[], &[], None), (Mode::Auto, ConfirmMode::Parts));
        assert_eq!(mode_and_confirm(&[], &[], Some("eu")), (Mode::Multi, ConfirmMode::Parts));
        assert_eq!(
            mode_and_confirm(&[("ORDERFERRY_MODE", "single")], &["confirm=whole"], Some("eu")),
            (Mode::Single, ConfirmMode::Whole)
        );
        let timeout =
            loaded(file, &[], &["session_timeout=7min"]).unwrap().settings.session_timeout;
        assert_eq!(timeout, Some(DurationSetting(Duration::from_secs(7 * 60))));
        insta::assert_snapshot!(load_error("[target]\nmode = 'mulit'", &[], &[]), @r#"o.toml:2:8: target.mode: unknown value "mulit"; meant "multi"? or "single", "auto""#);
    }

    #[test]
    fn errors_name_position_and_suggestion() {
        insta::assert_snapshot!(load_error("rate = '5/s'\nin_fligth = 3", &[], &[]).replace("`, `", " "), @r#"o.toml:2:1: unknown key "in_fligth"; meant "in_flight"?"#);
        assert_eq!(
            loaded("rate = 5", &[], &["pos=p"]).unwrap().target(None).unwrap().pos.as_deref(),
            Some("p")
        );
        insta::assert_snapshot!(load_error("backfill_after = 5", &[], &[]), @r#"o.toml:1:18: backfill_after: not a duration; expected a duration such as "30d""#);
        insta::assert_snapshot!(load_error("rate = 'fast'", &[], &[]), @r#"o.toml:1:8: rate: invalid rate "fast"; expected for example 20/s"#);
        insta::assert_snapshot!(load_error("", &[("ORDERFERRY_TIMEOUT", "soon")], &[]).split("; expected").next().unwrap(), @r#"the variable ORDERFERRY_TIMEOUT: invalid duration "soon""#);
        insta::assert_snapshot!(load_error("", &[], &["rate"]), @"--set rate: --set expects KEY=VALUE");
        assert!(load_error("", &[], &["target.poss=x"]).contains("meant \"pos\"?"));
    }
}
