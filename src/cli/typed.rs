//! Options of a command as they were typed, for the commands that its report prints and for the
//! errors of values.
//!
//! Keeps no client key. Called by `entry`; `spec` passes them on.

use clap::{ArgMatches, CommandFactory, parser::ValueSource};

use super::{args::Arguments, option_values::WrongOption, setting_names};
use crate::report::{CLIENT_KEY, TypedOption};

/// The options of a command.
#[derive(Debug, Clone, Default)]
pub(super) struct TypedOptions {
    /// The options that were typed, or set by a variable of their own, in the order of the help.
    pub(super) options: Vec<TypedOption>,
    /// The names of those that were set by a variable.
    from_variables: Vec<String>,
    /// The names of all options that the command has.
    known: Vec<String>,
    /// The options whose values cannot be parsed; none of them is among the others.
    pub(super) wrong: Vec<WrongOption>,
}

impl TypedOptions {
    /// The options of the subcommand, apart from those that are wrong.
    pub(super) fn of(matches: &ArgMatches, wrong: Vec<WrongOption>) -> Self {
        let mut typed = Self { wrong, ..Self::default() };
        let Some((name, matches)) = matches.subcommand() else { return typed };
        let command = Arguments::command();
        let arguments = command.find_subcommand(name).map(clap::Command::get_arguments);
        for argument in arguments.into_iter().flatten() {
            let Some(name) = argument.get_long() else { continue };
            typed.known.push(name.to_owned());
            typed.add(argument, name, matches);
        }
        typed
    }

    fn add(&mut self, argument: &clap::Arg, name: &str, matches: &ArgMatches) {
        let id = argument.get_id().as_str();
        match matches.value_source(id) {
            Some(ValueSource::CommandLine) => {}
            Some(ValueSource::EnvVariable) => self.from_variables.push(name.to_owned()),
            _ => return,
        }
        if !argument.get_action().takes_values() {
            self.options.push(TypedOption { name: name.to_owned(), value: None });
            return;
        }
        let values = matches.get_raw(id).into_iter().flatten();
        let values = values.map(|value| value.to_string_lossy().into_owned());
        self.options.extend(values.map(|value| option(name, value)));
    }

    /// Whether the command has an option.
    pub(super) fn has(&self, name: &str) -> bool {
        self.known.iter().any(|known| known == name)
    }

    /// The value of an option that has one and was typed.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|option| option.name == name)?.value.as_deref()
    }

    /// An option as it was typed, or the variable that set it; none if neither did.
    pub(super) fn shown(&self, name: &str) -> Option<String> {
        let option = self.options.iter().find(|option| option.name == name)?;
        if self.from_variables.iter().any(|set| set == name) {
            return Some(format!("the variable {}", setting_names::variable_of(name)));
        }
        // A URL may hold a key.
        let is_shown = |value: &&String| !value.contains(['?', '@', '#']);
        Some(match option.value.as_ref().filter(is_shown) {
            Some(value) => format!("--{name} {value}"),
            None => format!("--{name}"),
        })
    }
}

fn option(name: &str, value: String) -> TypedOption {
    if name == CLIENT_KEY || (name == "set" && setting_names::sets_client_key(&value)) {
        return TypedOption { name: CLIENT_KEY.to_owned(), value: None };
    }
    TypedOption { name: name.to_owned(), value: Some(value) }
}
