//! Setup of a run for its report: target, profile and settings as text.
//!
//! Decides nothing; `spec` reads the same values for the run itself. Called by `spec`.

use std::collections::BTreeMap;

use super::config::{LoadedConfig, TargetSettings};
use crate::{
    ledger::TargetHash,
    map::{key_and_value, profile::Profile},
    model::{route::ConfirmMode, target::Target},
    report::{CLIENT_KEY, CommandLine, RunSetup, TargetSummary, TypedOption, is_decided_by_plan},
};

/// Options that are no settings of the run, and those that the summary has keys for.
const NO_SETTINGS: [&str; 18] = [
    "profile",
    "to",
    "base-url",
    CLIENT_KEY,
    "pos",
    "config",
    "set",
    "out",
    "events",
    "explain",
    "explain-first",
    "format",
    "quiet",
    "ledger",
    "resume",
    "sandbox",
    "new-ledger",
    "new-target",
];

/// The option of an answer to an open question, of which there may be several.
const ANSWER: &str = "answer";

/// The option of the file of a join, of which there may be several.
const JOIN: &str = "join";

/// Settings that the summary has keys for, and the place of the ledger.
const NAMED_SETTINGS: [&str; 2] = ["profile", "ledger"];

/// Describes the setup of a run, except for its target.
pub(super) fn run_setup(
    inputs: &[String],
    options: Vec<TypedOption>,
    loaded: &LoadedConfig,
    values: &TargetSettings,
    profile_name: &str,
    profile: &Profile,
) -> RunSetup {
    let mut settings = settings(&options, loaded, values);
    let command_line = CommandLine { inputs: inputs.to_vec(), options, own_ledger: None };
    let has = |name| command_line.options.iter().any(|option: &TypedOption| option.name == name);
    // A saved plan holds mapped orders: the profile, the point of sale and what else it has
    // decided are not used.
    let is_resumed = has("resume");
    settings.retain(|name, _| !is_resumed || !is_decided_by_plan(name));
    RunSetup {
        target: None,
        pos: values.pos.clone().filter(|_| !is_resumed),
        profile: Some(profile_name.to_owned()).filter(|_| !is_resumed),
        profile_extends: profile.extends.clone(),
        settings,
        command_line,
    }
}

/// Describes the target. `name` is that of the config file.
pub(super) fn target_summary(
    target: &Target,
    name: Option<&str>,
    is_sandbox: bool,
) -> TargetSummary {
    TargetSummary {
        name: name.map(str::to_owned),
        base_url: target.base_url.clone(),
        hash: TargetHash::of(target).to_string(),
        sandbox: is_sandbox,
    }
}

/// The settings that are set, in ascending precedence: of the file, the environment and `--set`, of
/// the options, of the target.
fn settings(
    options: &[TypedOption],
    loaded: &LoadedConfig,
    values: &TargetSettings,
) -> BTreeMap<String, String> {
    let set = loaded.set.iter().filter(|(name, _)| !NAMED_SETTINGS.contains(&name.as_str()));
    let mut settings: BTreeMap<_, _> =
        set.map(|(name, value)| (name.clone(), value.clone())).collect();
    for TypedOption { name, value } in options {
        let answer = value.as_deref().filter(|_| name == ANSWER).and_then(key_and_value);
        let joined =
            value.as_deref().filter(|_| name == JOIN).and_then(|file| file.split_once('='));
        if let Some((join, file)) = joined {
            settings.insert(format!("{JOIN}.{join}"), file.to_owned());
        } else if let Some((key, value)) = answer {
            settings.insert(format!("{ANSWER}.{}", key.join(".")), value.to_owned());
        } else if !NO_SETTINGS.contains(&name.as_str()) {
            let value = value.clone().unwrap_or_else(|| "true".to_owned());
            settings.insert(name.replace('-', "_"), value);
        }
    }
    let TargetSettings { channel, language, currency, page, mode, confirm, .. } = values.clone();
    let confirm = confirm.map(|confirm| match confirm {
        ConfirmMode::Whole => "whole".to_owned(),
        ConfirmMode::Parts => "parts".to_owned(),
    });
    let of_target = [
        ("channel", channel),
        ("language", language),
        ("currency", currency),
        ("page", page),
        ("mode", mode.map(|mode| mode.to_string())),
        ("confirm", confirm),
    ];
    let of_target = of_target.into_iter().filter_map(|(name, value)| Some((name, value?)));
    settings.extend(of_target.map(|(name, value)| (name.to_owned(), value)));
    settings
}
