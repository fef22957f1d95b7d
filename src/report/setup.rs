//! Setup of a run, as its report names it: target, profile and settings.
//!
//! Never holds the client key. Filled by `cli`; written by `summary`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command_line::{CommandLine, is_decided_by_plan};

/// The name of the point of sale among the settings of a plan.
const POS: &str = "pos";

/// How a run was set up.
#[derive(Debug, Clone, Default)]
pub struct RunSetup {
    /// The target; none for a check without one.
    pub target: Option<TargetSummary>,
    /// The point of sale of orders that have none of their own.
    pub pos: Option<String>,
    /// The profile, as it was named; none for a resumed plan, which holds mapped orders.
    pub profile: Option<String>,
    /// The profiles that it extends, the nearest first.
    pub profile_extends: Vec<String>,
    /// The settings that an option, a variable or the config file sets, by name.
    pub settings: BTreeMap<String, String>,
    /// How the run was called.
    pub command_line: CommandLine,
}

impl RunSetup {
    /// The settings that a plan of this run decides for the runs that resume it.
    #[must_use]
    pub fn settings_of_plan(&self) -> BTreeMap<String, String> {
        let mut settings = self.settings.clone();
        settings.retain(|name, _| is_decided_by_plan(name));
        settings.extend(self.pos.clone().map(|pos| (POS.to_owned(), pos)));
        settings
    }

    /// Takes over the settings that a plan has decided, for a run that resumes it.
    pub fn set_from_plan(&mut self, mut settings: BTreeMap<String, String>) {
        self.pos = settings.remove(POS);
        self.settings.extend(settings);
    }
}

/// Target of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetSummary {
    /// Its name in the config file; none if it is the default target or was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its base URL.
    pub base_url: String,
    /// The first digits of its hash, as `--target` of the ledger's commands takes them.
    pub hash: String,
    /// Whether it is a sandbox inside the process of the run.
    pub sandbox: bool,
}
