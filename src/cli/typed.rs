//! Options of a command as they were typed, for the commands that its report prints.
//!
//! Keeps no client key. Called by `entry`; `spec` passes them on.

use clap::{ArgMatches, CommandFactory, parser::ValueSource};

use super::{args::Arguments, config};
use crate::report::{CLIENT_KEY, TypedOption};

/// Returns the options of the subcommand that were typed, or set by a variable of their own, in the
/// order of the help.
pub(super) fn typed_options(matches: &ArgMatches) -> Vec<TypedOption> {
    let Some((name, matches)) = matches.subcommand() else { return Vec::new() };
    let command = Arguments::command();
    let arguments =
        command.find_subcommand(name).into_iter().flat_map(clap::Command::get_arguments);
    let typed = arguments.filter_map(|argument| {
        let id = argument.get_id().as_str();
        let source = matches.value_source(id)?;
        let is_typed = matches!(source, ValueSource::CommandLine | ValueSource::EnvVariable);
        let name = argument.get_long().filter(|_| is_typed)?;
        if !argument.get_action().takes_values() {
            return Some(vec![TypedOption { name: name.to_owned(), value: None }]);
        }
        let values = matches.get_raw(id)?.map(|value| value.to_string_lossy().into_owned());
        Some(values.map(|value| option(name, value)).collect())
    });
    typed.flatten().collect()
}

fn option(name: &str, value: String) -> TypedOption {
    if name == CLIENT_KEY || (name == "set" && config::sets_client_key(&value)) {
        return TypedOption { name: CLIENT_KEY.to_owned(), value: None };
    }
    TypedOption { name: name.to_owned(), value: Some(value) }
}
