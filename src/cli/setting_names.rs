//! Names of settings: the path of each in the config file, its variable and its option.
//!
//! Knows no values. Used by `config`, `origins`, `typed` and `spec`.

/// The kind of the errors of settings.
pub(super) const CONFIG: &str = "config";

/// Path prefix of the settings of the default target.
pub(super) const TARGET_PREFIX: &str = "target.";

/// Prefix of the environment variables.
const VARIABLE_PREFIX: &str = "ORDERFERRY_";

/// Returns the setting of a variable: `ORDERFERRY_CLIENT_KEY` is `target.client_key`,
/// `ORDERFERRY_RATE` is `rate`. Variables of options that are no settings are read by clap.
pub(super) fn variable_setting(name: &str) -> Option<String> {
    const OPTION_VARIABLES: [&str; 5] = ["config", "out", "to", "format", "quiet"];
    let name = name.strip_prefix(VARIABLE_PREFIX)?.to_ascii_lowercase();
    (!OPTION_VARIABLES.contains(&name.as_str())).then(|| full_path(&name))
}

/// Returns the variable of a setting or an option.
pub(super) fn variable_of(name: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", name.replace('-', "_").to_ascii_uppercase())
}

/// Returns the path of the setting in `KEY=VALUE`.
fn setting_path(set: &str) -> Option<String> {
    set.split_once('=').map(|(path, _)| full_path(path.trim()))
}

/// Whether `KEY=VALUE` sets the client key of a target.
pub(super) fn sets_client_key(set: &str) -> bool {
    setting_path(set).is_some_and(|path| path.rsplit('.').next() == Some("client_key"))
}

/// Expands the short name of a target's setting: `pos` is `target.pos`.
pub(super) fn full_path(name: &str) -> String {
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

/// The option of a setting, without its dashes.
pub(super) fn option_of(name: &str) -> String {
    name.replace('_', "-")
}
