//! Command `help`: the manual, one Markdown file per topic, and the help of the other commands.
//!
//! The files in `help/` are part of the program; the README links to them. The help of a command
//! is clap's. Called by `entry`.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Parser, error::ErrorKind};

use super::print;
use crate::model::suggest::{did_you_mean, suggest};

/// A topic of the manual.
struct Topic {
    name: &'static str,
    /// A line for the list of topics.
    summary: &'static str,
    text: &'static str,
}

macro_rules! topics {
    ($($name:literal $summary:literal,)*) => {
        /// All topics, from the export to the outcome and on to the limits.
        const TOPICS: &[Topic] = &[
            $(Topic { name: $name, summary: $summary, text: include_str!(concat!("help/", $name, ".md")) },)*
        ];
    };
}

topics! {
    "inputs" "which files are read, and what happens to damaged or changing ones",
    "canonical" "the columns of an export that needs no profile",
    "init" "from an unknown export to its profile; the formats that are built in",
    "profile" "how to describe another export",
    "tenant" "the first run to a real tenant: target, key, point of sale",
    "mode" "one event or several for an order",
    "rate" "pace, retries, and a service that is slow or down",
    "cron" "every night: exit codes, deadlines, signals, resuming, old orders",
    "outcomes" "what becomes of an order, and the exit codes",
    "report" "the files of a run folder",
    "ledger" "what was sent: where it is, and how to settle orders",
    "privacy" "where personal data is stored, and where it is not",
    "sandbox" "the stand-in tenant on this machine",
    "faults" "fault injection in the sandbox",
    "settings" "every setting with its default",
    "limits" "how large an export may be; memory, disk and speed",
}

/// Prints what `path` names: a topic, the help of a command, or without a name the overview. `A`
/// are the arguments of the program.
// A parameter and not `args::Arguments`, since the modules of `cli` must not use each other in a
// cycle.
pub(super) fn run<A: Parser>(path: &[String]) -> anyhow::Result<ExitCode> {
    let topic = match path {
        [name] => TOPICS.iter().find(|topic| topic.name == name),
        _ => None,
    };
    match (command_help::<A>(path), topic) {
        (Some(help), None) if path.is_empty() => {
            print::output(&format!("{}\n{}", help.render(), topic_list()))?;
        }
        // A topic may be named like a command: the options come first, the explanation after them.
        (Some(help), Some(topic)) => {
            print::help(&help);
            print::output("")?;
            print::topic(topic.text)?;
        }
        (Some(help), None) => print::help(&help),
        (None, Some(topic)) => print::topic(topic.text)?,
        (None, None) => bail!(unknown_name::<A>(&path.join(" "))),
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns what clap prints for `orderferry COMMAND --help`; `None` if there is no such command.
fn command_help<A: Parser>(path: &[String]) -> Option<clap::Error> {
    // Checked first: clap would read `check orders.csv --help` as the help of `check`.
    let mut commands = A::command();
    commands.build();
    path.iter().try_fold(&commands, |command, name| command.find_subcommand(name))?;
    let arguments =
        ["orderferry"].into_iter().chain(path.iter().map(String::as_str)).chain(["--help"]);
    A::try_parse_from(arguments).err().filter(|error| error.kind() == ErrorKind::DisplayHelp)
}

fn topic_list() -> String {
    let lines: Vec<_> =
        TOPICS.iter().map(|topic| format!("  {:10} {}", topic.name, topic.summary)).collect();
    format!("Topics, for `orderferry help TOPIC`:\n{}", lines.join("\n"))
}

fn unknown_name<A: Parser>(name: &str) -> String {
    let commands = A::command();
    let known = TOPICS
        .iter()
        .map(|topic| topic.name)
        .chain(commands.get_subcommands().map(clap::Command::get_name));
    let hint = did_you_mean(suggest(name, known));
    format!("no topic or command {name:?}{hint}\n  {}", topic_list().replace('\n', "\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::reflow::reflow;

    #[test]
    fn list_items_of_all_topics_begin_a_line() {
        for topic in TOPICS {
            let items = |text: &str| text.lines().filter(|line| is_item(line)).count();
            assert_eq!(items(&reflow(topic.text, 60)), items(topic.text), "{}", topic.name);
        }
    }

    /// Whether a line begins with the dash or the number of a list item.
    fn is_item(line: &str) -> bool {
        let (marker, _) = line.split_once(' ').unwrap_or_default();
        marker == "-" || marker.strip_suffix('.').is_some_and(|number| number.parse::<u8>().is_ok())
    }
}
