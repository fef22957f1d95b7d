//! Settings of the config file, the environment (`ORDERFERRY_…`) and `--set`, in ascending
//! precedence.
//!
//! Checks names, types and ranges, not whether the values fit each other; `spec` does, and applies
//! defaults and options. Called by `spec`; `faults` shares the TOML helpers.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use serde::{Deserialize, de::DeserializeOwned};
use toml::{Table, Value};

use super::{
    ranges,
    small_file::read_small_file,
    values::{ByteSize, DurationSetting, InvalidLimit, Rate},
};
use crate::{
    disposition::ChangedExit,
    map::{TomlDocument, toml_error_text},
    model::{
        diagnostic::{Diagnostic, Diagnostics},
        pricing::PriceBasis,
        route::{ConfirmMode, Mode},
        source_text::SourceText,
        suggest::{did_you_mean, suggest},
    },
};

/// File in the working folder that is read without `--config`.
const DEFAULT_FILE: &str = "orderferry.toml";

/// The kind of the faults of settings.
const KIND: &str = "config";

/// Path prefix of the settings of the default target.
const TARGET_PREFIX: &str = "target.";

/// Prefix of the environment variables.
const VARIABLE_PREFIX: &str = "ORDERFERRY_";

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
    pub(super) target: TargetSettings,
    /// Targets for `--to`, by name.
    pub(super) targets: BTreeMap<String, TargetSettings>,
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
}

/// Loads the settings: of the file, overridden by the environment, overridden by `--set`.
pub(super) fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    set: &[String],
) -> anyhow::Result<LoadedConfig> {
    // Unlike a named file, the default file may be missing.
    let file = file
        .map(Path::to_owned)
        .or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.exists()));
    let mut faults = Vec::new();
    let mut table = match &file {
        Some(file) => read_table::<ConfigFile>(KIND, file, &mut faults)?,
        None => Table::new(),
    };
    let n_of_file = faults.len();
    // Kept apart from the file's `[target]`, which a target named with `--to` overrides.
    let mut target_table = Table::new();
    let options = options(set, &mut faults);
    for Override { origin, path, value } in variables(environment).into_iter().chain(options) {
        let destination =
            if path.starts_with(TARGET_PREFIX) { &mut target_table } else { &mut table };
        // Checked one by one, so that the error names the variable or the option.
        if let Err(error) = set_value::<ConfigFile>(destination, &path, value) {
            faults.push(fault_of(KIND, &origin, &error));
        }
    }
    if !faults.is_empty() {
        let file = file.as_deref().filter(|_| faults.len() == n_of_file);
        let place =
            file.map_or_else(|| "the settings".to_owned(), |file| file.display().to_string());
        return Err(Diagnostics::before_reading(faults, &place).into());
    }
    let set = table.iter().filter(|(_, value)| !value.is_table());
    let set = set.map(|(name, value)| (name.clone(), setting_text(value))).collect();
    let settings = Value::Table(table).try_into::<ConfigFile>()?;
    let target_overrides = Value::Table(target_table).try_into::<ConfigFile>()?.target;
    Ok(LoadedConfig {
        settings,
        target_overrides,
        set,
        folder: file.and_then(|file| file.parent().map(Path::to_owned)),
    })
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

/// The settings of `--set` options; one without a value is a fault.
fn options(set: &[String], faults: &mut Vec<Diagnostic>) -> Vec<Override> {
    let mut options = Vec::new();
    for set in set {
        let Some((name, value)) = set.split_once('=') else {
            // The rest of it may be a client key.
            let is_of_name = |char: &char| char.is_ascii_alphanumeric() || "_.".contains(*char);
            let name: String = set.chars().take_while(is_of_name).collect();
            faults.push(fault_of(KIND, &format!("--set {name}"), "--set expects KEY=VALUE"));
            continue;
        };
        let path = full_path(name.trim());
        let value = parse_value(&path, value.trim());
        options.push(Override { origin: format!("--set {}", name.trim()), path, value });
    }
    options
}

/// The fault of a setting that no file has. `origin` is a variable or an option.
pub(super) fn fault_of(kind: &'static str, origin: &str, message: &str) -> Diagnostic {
    let source = SourceText { kind, name: origin.to_owned(), text: String::new() };
    source.error(None, "", message)
}

/// Reads a file of at most 1 MiB whose settings are those of a `T`. What is wrong is left out of
/// the table and added to the faults, which are of a kind.
///
/// # Errors
///
/// If the file cannot be read.
pub(super) fn read_table<T: DeserializeOwned>(
    kind: &'static str,
    file: &Path,
    faults: &mut Vec<Diagnostic>,
) -> anyhow::Result<Table> {
    let text = read_small_file(file).with_context(|| file.display().to_string())?;
    let source = SourceText { kind, name: file.display().to_string(), text };
    let mut document = TomlDocument::parse(&source);
    // Only a table can be overridden by path; a `T` shows what is wrong in it.
    let table = document.read::<T>().map(|_| document.table());
    faults.extend(document.into_faults());
    Ok(table.unwrap_or_default())
}

/// Returns the setting of a variable: `ORDERFERRY_CLIENT_KEY` is `target.client_key`,
/// `ORDERFERRY_RATE` is `rate`. Variables of options that are no settings are read by clap.
fn variable_setting(name: &str) -> Option<String> {
    const OPTION_VARIABLES: [&str; 5] = ["config", "out", "to", "format", "quiet"];
    let name = name.strip_prefix(VARIABLE_PREFIX)?.to_ascii_lowercase();
    (!OPTION_VARIABLES.contains(&name.as_str())).then(|| full_path(&name))
}

/// Returns the path of the setting in `KEY=VALUE`.
pub(super) fn setting_path(set: &str) -> Option<String> {
    set.split_once('=').map(|(path, _)| full_path(path.trim()))
}

/// Whether `KEY=VALUE` sets the client key of a target.
pub(super) fn sets_client_key(set: &str) -> bool {
    setting_path(set).is_some_and(|path| path.rsplit('.').next() == Some("client_key"))
}

/// Expands the short name of a target's setting: `pos` is `target.pos`.
fn full_path(name: &str) -> String {
    const TARGET_KEYS: [&str; 9] = [
        "base_url",
        "client_key",
        "pos",
        "channel",
        "language",
        "currency",
        "page",
        "mode",
        "confirm",
    ];
    if TARGET_KEYS.contains(&name) { format!("{TARGET_PREFIX}{name}") } else { name.to_owned() }
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
    /// Returns the settings of the named target, or of the default one. The environment and `--set`
    /// override either. A named target inherits from the default one only what does not say
    /// where orders go: the key of one tenant must not be sent to another.
    pub(super) fn target(&self, name: Option<&str>) -> anyhow::Result<TargetSettings> {
        let default_target = self.settings.target.clone();
        let Some(name) = name else { return Ok(self.target_overrides.clone().or(&default_target)) };
        let Some(target) = self.settings.targets.get(name) else {
            let suggestion = suggest(name, self.settings.targets.keys().map(String::as_str));
            bail!("the config file has no target {name:?}{}", did_you_mean(suggestion));
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
    use std::{fs, num::NonZeroU32, time::Duration};

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
        load(Some(&path), environment, &set)
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
        assert_eq!(with_env.settings.rate, Some(Rate(NonZeroU32::new(7))));
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
    fn ranges_are_checked_with_all_other_faults() {
        let file = "in_flight = 0\nmax_url_bytes = 70000\nmemory = '1kB'\ntries = 0\n\
                    timeout = '0s'\nidentity_pause = '2h'\nin_flihgt = 5\n\
                    [targets.eu]\nbase_url = 'http://example.com'\nclient_key = 5\n";
        let set = ["down_after=0", "session_timeout=0s", "base_url=https://example.com/?k"];
        let variables = [("ORDERFERRY_IN_FLIGHT", "20000")];
        insta::assert_snapshot!(without_folder(&load_error(file, &variables, &set)), @r#"
        o.toml:1:13: in_flight: in_flight is 0; expected 1 to 10000
        o.toml:2:17: max_url_bytes: max_url_bytes is 70000; expected 1 to 65534
        o.toml:3:10: memory: memory is 1000 bytes; expected 1MB or more
        o.toml:4:9: tries: tries is 0; expected 1 or more
        o.toml:5:11: timeout: timeout is 0; expected more: no response could arrive in time
        o.toml:6:18: identity_pause: identity_pause is 2h; expected at most 1h
        o.toml:7:1: unknown key "in_flihgt"; meant "in_flight"?
        o.toml:9:12: targets.eu.base_url: base URL "http://example.com" is not HTTPS; HTTP is allowed for addresses of this machine only
        o.toml:10:14: targets.eu.client_key: invalid type; expected a string
          the variable ORDERFERRY_IN_FLIGHT: in_flight is 20000; expected 1 to 10000
          --set down_after: down_after is 0; expected 1 or more
          --set session_timeout: session_timeout is 0; expected more: no order could be assembled in time
          --set base_url: base URL "https://example.com/" contains a query, which is not part of a base URL
            hint: base_url = "https://example.com"
        "#);
    }

    #[test]
    fn same_syntax_fault_on_two_lines_hides_no_other() {
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
                .to_string()
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
        insta::assert_snapshot!(load_error("rate = 'fast'", &[], &[]), @r#"o.toml:1:8: rate: invalid rate "fast"; expected for example 20/s"#);
        insta::assert_snapshot!(load_error("", &[("ORDERFERRY_TIMEOUT", "soon")], &[]).split("; expected").next().unwrap(), @r#"the variable ORDERFERRY_TIMEOUT: invalid duration "soon""#);
        insta::assert_snapshot!(load_error("", &[], &["rate"]), @"--set rate: --set expects KEY=VALUE");
        assert!(load_error("", &[], &["target.poss=x"]).contains("meant \"pos\"?"));
    }
}
