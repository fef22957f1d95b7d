//! Command line of a run: how it was called, and the commands that continue from it, quoted for a
//! POSIX shell.
//!
//! Never holds the client key: a command reads it from the environment. Filled by `cli`; used by
//! `next_steps`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::remedy::Remedy;
use crate::model::shell::{shell_path, shell_word};

/// What to do next, with the command that does it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NextStep {
    /// Why, or what it is for.
    pub why: String,
    /// The command, quoted for a POSIX shell.
    pub command: String,
}

/// How a run was called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// The inputs as they were typed.
    pub inputs: Vec<String>,
    /// The options that were typed or are set by a variable of their own.
    pub options: Vec<TypedOption>,
    /// The ledger that belongs to this run alone, if its target is an embedded sandbox.
    pub own_ledger: Option<String>,
}

/// An option as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedOption {
    /// Its name without the dashes.
    pub name: String,
    /// Its value; none for a flag, and for the client key.
    pub value: Option<String>,
}

/// The option of the client key.
pub const CLIENT_KEY: &str = "client-key";

/// Options of one run that the next one does not repeat: where it writes, what it prints, and what
/// it does with unknown orders. The client key is read from the environment.
const OPTIONS_OF_ONE_RUN: [&str; 8] =
    ["out", "events", "explain", "explain-first", "format", "quiet", "unknown", CLIENT_KEY];

/// Options that only a ledger without an attempt to this target takes.
const OPTIONS_OF_FIRST_RUN: [&str; 2] = ["new-ledger", "new-target"];

/// Settings that a saved plan has decided, and answers to open questions: how the export is read,
/// and what its events hold.
const SETTINGS_OF_PLAN: [&str; 14] = [
    "profile",
    "answer",
    "join",
    "encoding",
    "mode",
    "confirm",
    "item_price",
    "max_url_bytes",
    "unreadable_rows",
    "max_cell",
    "max_record",
    "max_columns",
    "max_values",
    "max_expansion",
];

/// Those that belong to a target: scripts repeat their options with each command.
const ATTRIBUTES_OF_TARGET: [&str; 5] = ["pos", "channel", "language", "currency", "page"];

/// Options of a real target, which a sandbox replaces: it has a ledger of its own.
const OPTIONS_OF_TARGET: [&str; 3] = ["to", "base-url", "ledger"];

/// What an option means for a run that sends a saved plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithPlan {
    /// It holds for the run.
    Used,
    /// It may be repeated as it is in the plan, which has decided it.
    Repeated,
    /// It cannot be given: the plan has decided it.
    Refused,
}

/// Whether a saved plan has decided a setting, as the summary names it.
#[must_use]
pub fn is_decided_by_plan(setting: &str) -> bool {
    // An answer has the path of its question behind it.
    let name = setting.split_once('.').map_or(setting, |(name, _)| name);
    SETTINGS_OF_PLAN.contains(&name) || ATTRIBUTES_OF_TARGET.contains(&name)
}

impl TypedOption {
    /// The short name of the setting that it sets: `pos` of `--set target.pos=x` and of `--pos x`.
    #[must_use]
    pub fn setting(&self) -> String {
        let set = self.value.as_deref().filter(|_| self.name == "set");
        let path = set.and_then(|set| set.split_once('=')).map_or(&*self.name, |(path, _)| path);
        let name = path.rsplit_once('.').map_or(path, |(_, name)| name);
        name.trim().replace('-', "_")
    }

    /// Whether it names the file of a join.
    fn names_file_of(&self, join: &str) -> bool {
        let value = self.value.as_deref().filter(|_| self.name == "join");
        value.and_then(|value| value.split_once('=')).is_some_and(|(name, _)| name == join)
    }

    /// What it means for a run that sends a saved plan.
    #[must_use]
    pub fn with_plan(&self) -> WithPlan {
        let setting = self.setting();
        if self.name != "set" && ATTRIBUTES_OF_TARGET.contains(&&*setting) {
            WithPlan::Repeated
        } else if is_decided_by_plan(&setting) {
            WithPlan::Refused
        } else {
            WithPlan::Used
        }
    }

    fn text(&self) -> String {
        match &self.value {
            Some(value) => format!("--{} {}", self.name, shell_word(value)),
            None => format!("--{}", self.name),
        }
    }
}

impl CommandLine {
    /// The same command again. `is_first_run`: whether no attempt of it is in the ledger.
    pub(super) fn again(&self, command: &str, is_first_run: bool) -> String {
        self.with_inputs(command, &self.inputs, is_first_run)
    }

    /// The same command with other inputs.
    pub(super) fn with_inputs(
        &self,
        command: &str,
        inputs: &[String],
        is_first_run: bool,
    ) -> String {
        let words = inputs.iter().map(|input| shell_path(input).into_owned());
        // A resumed plan takes no inputs.
        let options = self
            .options_without(&OPTIONS_OF_ONE_RUN)
            .filter(|option| inputs.is_empty() || option.name != "resume")
            .filter(|option| is_first_run || !OPTIONS_OF_FIRST_RUN.contains(&option.name.as_str()));
        join(command, words.chain(options.map(TypedOption::text)))
    }

    /// The same command for rejects, with the files of the joins, which are not beside them.
    pub(super) fn with_rejects(
        &self,
        inputs: &[String],
        joins: &[(&str, &str)],
        is_first_run: bool,
    ) -> String {
        let named = |join: &str| self.options.iter().any(|option| option.names_file_of(join));
        let added = joins.iter().filter(|(join, _)| !named(join)).map(|(join, file)| TypedOption {
            name: "join".to_owned(),
            value: Some(format!("{join}={file}")),
        });
        let options = self.options.iter().cloned().chain(added).collect();
        Self { options, ..self.clone() }.with_inputs("send", inputs, is_first_run)
    }

    /// The same command, changed so that it is not refused again.
    pub(super) fn with_remedy(&self, command: &str, remedy: &Remedy) -> String {
        let (added, left_out) = (remedy.added(), remedy.left_out());
        let is_changed = |option: &&TypedOption| match remedy {
            // Other joins have files of their own.
            Remedy::SideFile(join) => option.names_file_of(join),
            _ => [left_out, added.as_ref().map(|new| new.0)].contains(&Some(&*option.name)),
        };
        let kept = self.options.iter().filter(|option| !is_changed(option)).cloned();
        let added = added.clone().map(|(name, value)| TypedOption { name: name.to_owned(), value });
        let options = kept.chain(added).collect();
        Self { options, ..self.clone() }.again(command, true)
    }

    /// A send of the inputs to a sandbox.
    pub(super) fn to_sandbox(&self) -> String {
        let words = self.inputs.iter().map(|input| shell_path(input).into_owned());
        let options = self
            .options_without(&OPTIONS_OF_ONE_RUN)
            .filter(|option| !OPTIONS_OF_TARGET.contains(&option.name.as_str()))
            .map(TypedOption::text);
        join("send", words.chain(["--sandbox".to_owned()]).chain(options))
    }

    /// A send of the rest of the plan in this run folder.
    fn resume(&self, folder: &str) -> String {
        let left_out = [&OPTIONS_OF_ONE_RUN[..], &OPTIONS_OF_FIRST_RUN, &["resume"]].concat();
        let options =
            self.options_without(&left_out).filter(|option| !is_decided_by_plan(&option.setting()));
        let resume = format!("--resume {}", shell_path(folder));
        join("send", [resume].into_iter().chain(options.map(TypedOption::text)))
    }

    /// A send of what a stopped send did not reach: what was read only once is in its plan.
    pub(super) fn rest(&self, folder: &str, has_attempt: bool) -> String {
        if has_attempt && self.reads_stdin() {
            self.resume(folder)
        } else {
            self.again("send", !has_attempt)
        }
    }

    /// A command on the ledger of the run.
    pub(super) fn on_ledger(&self, command: &str) -> String {
        let shared = |option: &&TypedOption| ["ledger", "config", "set"].contains(&&*option.name);
        let own = self.own_ledger.iter().map(|ledger| format!("--ledger {}", shell_word(ledger)));
        let options = self.options.iter().filter(shared).map(TypedOption::text);
        join(&format!("ledger {command}"), own.chain(options))
    }

    /// Whether an input can be read only once.
    fn reads_stdin(&self) -> bool {
        self.inputs.iter().any(|input| input == "-")
    }

    /// Whether this option was typed.
    pub(super) fn has(&self, name: &str) -> bool {
        self.options.iter().any(|option| option.name == name)
    }

    fn options_without(&self, left_out: &[&str]) -> impl Iterator<Item = &TypedOption> {
        self.options.iter().filter(|option| !left_out.contains(&option.name.as_str()))
    }
}

fn join(command: &str, words: impl Iterator<Item = String>) -> String {
    words.fold(format!("orderferry {command}"), |line, word| format!("{line} {word}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text_encoding::TextEncoding;

    #[test]
    fn commands_repeat_what_was_typed() {
        let option = |name: &str, value: Option<&str>| TypedOption {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        };
        let line = CommandLine {
            inputs: vec!["my orders.csv".to_owned(), "-x.csv".to_owned()],
            options: vec![
                option("profile", Some("shop.toml")),
                option("page", Some("import")),
                option("max-invalid", Some("3")),
                option("set", Some("targets.staging.pos=x")),
                option("set", Some("tries=2")),
                option("out", Some("runs/1")),
                option("quiet", None),
                option("ledger", Some("a b.db")),
                option("to", Some("staging")),
                option(CLIENT_KEY, None),
                option("new-ledger", None),
                option("join", Some("a=a.csv")),
                option("join", Some("b=old.csv")),
            ],
            own_ledger: None,
        };
        let commands = [
            line.again("send", false),
            line.again("send", true),
            line.with_remedy("send", &Remedy::KnownLedger),
            line.with_remedy("check", &Remedy::Encoding(TextEncoding::DosPage(850))),
            line.with_remedy("check", &Remedy::SideFile("b".to_owned())),
            line.to_sandbox(),
            line.resume("runs/1"),
            line.on_ledger("list --outcome unknown"),
        ];
        insta::assert_snapshot!(commands.join("\n"), @r#"
        orderferry send 'my orders.csv' ./-x.csv --profile shop.toml --page import --max-invalid 3 --set targets.staging.pos=x --set tries=2 --ledger 'a b.db' --to staging --join a=a.csv --join b=old.csv
        orderferry send 'my orders.csv' ./-x.csv --profile shop.toml --page import --max-invalid 3 --set targets.staging.pos=x --set tries=2 --ledger 'a b.db' --to staging --new-ledger --join a=a.csv --join b=old.csv
        orderferry send 'my orders.csv' ./-x.csv --profile shop.toml --page import --max-invalid 3 --set targets.staging.pos=x --set tries=2 --ledger 'a b.db' --to staging --join a=a.csv --join b=old.csv
        orderferry check 'my orders.csv' ./-x.csv --profile shop.toml --page import --max-invalid 3 --set targets.staging.pos=x --set tries=2 --ledger 'a b.db' --to staging --new-ledger --join a=a.csv --join b=old.csv --encoding cp850
        orderferry check 'my orders.csv' ./-x.csv --profile shop.toml --page import --max-invalid 3 --set targets.staging.pos=x --set tries=2 --ledger 'a b.db' --to staging --new-ledger --join a=a.csv --join b=FILE
        orderferry send 'my orders.csv' ./-x.csv --sandbox --profile shop.toml --page import --max-invalid 3 --set targets.staging.pos=x --set tries=2 --new-ledger --join a=a.csv --join b=old.csv
        orderferry send --resume runs/1 --max-invalid 3 --set tries=2 --ledger 'a b.db' --to staging
        orderferry ledger list --outcome unknown --set targets.staging.pos=x --set tries=2 --ledger 'a b.db'
        "#);
    }
}
