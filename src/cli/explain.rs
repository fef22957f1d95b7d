//! Command `explain`: what a problem code means, why it matters, how to fix it, its severity;
//! without a code, the list of all.
//!
//! The texts are the model's; this module lays them out for a terminal. Called by `entry`.

use std::process::ExitCode;

use anyhow::Context;

use super::print::{self, Section};
use crate::model::{
    explanation::{ExampleBlock, Explanation},
    problem::{Code, Severity},
    severity::SeverityChoice,
    suggest::{did_you_mean, suggest},
};

/// Explains the code of this name; without a name, lists all codes.
pub(super) fn run(name: Option<&str>) -> anyhow::Result<ExitCode> {
    let sections = match name {
        Some(name) => {
            let code = Code::ALL.iter().find(|code| code.as_str() == name);
            explanation(*code.with_context(|| unknown_code(name))?)
        }
        None => list(),
    };
    print::sections(&sections)?;
    Ok(ExitCode::SUCCESS)
}

/// Codes that are listed for a part of their names.
const MAX_CODES: usize = 8;

/// Names the help of the kind of an error, a code that is spelled nearly alike, or those that
/// contain the name.
fn unknown_code(name: &str) -> String {
    if let Some(topic) = topic_of_kind(name) {
        return format!(
            "{name:?} is the kind of an error, not a problem code\n  hint: orderferry help {topic}"
        );
    }
    let names = || Code::ALL.iter().map(|code| code.as_str());
    let near = suggest(name, names());
    let containing: Vec<_> = names().filter(|code| code.contains(name)).collect();
    let hint = match (near, containing.as_slice()) {
        (Some(_), _) => did_you_mean(near),
        (None, []) => "\n  hint: `orderferry explain` lists all codes".to_owned(),
        (None, codes) => {
            let shown = &codes[..codes.len().min(MAX_CODES)];
            let more = match codes.len() - shown.len() {
                0 => String::new(),
                n => format!("\n    and {n} more: orderferry explain"),
            };
            format!("\n  hint: codes with {name:?}:\n    {}{more}", shown.join("\n    "))
        }
    };
    format!("no problem code {name:?}{hint}")
}

/// The topic of the help about what is in the brackets of `error[…]` besides the problem codes.
fn topic_of_kind(kind: &str) -> Option<&'static str> {
    match kind {
        "profile" | "question" => Some("profile"),
        "config" => Some("settings"),
        "faults" => Some("faults"),
        "unknown" | "refused" | "failed" | "changed" => Some("outcomes"),
        _ => None,
    }
}

fn list() -> Vec<Section> {
    let of = |severity, meaning: &str| {
        let codes = Code::ALL.iter().filter(|code| code.severity() == severity);
        let lines: Vec<_> =
            codes.map(|code| format!("  {:27}  {}", code.as_str(), code.title())).collect();
        let heading = format!("{}s: {meaning}", severity.as_str());
        Section { heading, body: lines.join("\n") }
    };
    vec![of(Severity::Error, "the order is not sent"), of(Severity::Warning, "the order is sent")]
}

fn explanation(code: Code) -> Vec<Section> {
    let Explanation { what, why, fix, before, after } = Explanation::of(code);
    let section = |heading: &str, body| Section { heading: heading.to_owned(), body };
    vec![
        section(&format!("{code}: {}", code.title()), indent(what, 2)),
        section("Why", indent(why, 2)),
        section("How to fix it", indent(fix, 2)),
        section("Before", example(&before)),
        section("After", example(&after)),
        section("Severity", severity(code)),
    ]
}

fn indent(text: &str, n_blanks: usize) -> String {
    let lines = text.lines().map(|line| format!("{:n_blanks$}{line}", ""));
    lines.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// The blocks of an example, one below the other.
fn example(blocks: &[ExampleBlock]) -> String {
    let block = |ExampleBlock { kind, file, text }: &ExampleBlock| {
        let caption = match (*kind, file) {
            ("toml", _) => "  in the profile:\n".to_owned(),
            (_, Some(file)) => format!("  {file}:\n"),
            _ => String::new(),
        };
        caption + &indent(text, 4)
    };
    blocks.iter().map(block).collect::<Vec<_>>().join("\n\n")
}

/// The severity of a code, and how a profile changes it.
fn severity(code: Code) -> String {
    use SeverityChoice::{Error, Off, Warning};
    let effect = match code.severity() {
        Severity::Error => "error: the order is not sent.",
        Severity::Warning => "warning: the order is sent.",
    };
    let choice = match SeverityChoice::allowed_for(code) {
        [Error, Warning, Off] => "\"warning\"    # or \"off\": the order is sent",
        [Warning, Off, Error] => "\"off\"    # or \"error\": the order is not sent",
        [Warning, Off] => "\"off\"",
        _ => return indent(&format!("{effect}\n{FIXED}"), 2),
    };
    let toml = format!("[severity]\n{code} = {choice}");
    format!("  {effect} To change that, write in the profile:\n{}", indent(&toml, 4))
}

const FIXED: &str = "`[severity]` cannot change that: the service would refuse the order, or it
would be sent in part or twice.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_of_an_error_names_its_topic() {
        for (kind, topic) in [
            ("profile", "profile"),
            ("question", "profile"),
            ("config", "settings"),
            ("faults", "faults"),
            ("refused", "outcomes"),
        ] {
            let message = unknown_code(kind);
            assert!(message.ends_with(&format!("\n  hint: orderferry help {topic}")), "{message}");
            let file = format!("{}/src/cli/help/{topic}.md", env!("CARGO_MANIFEST_DIR"));
            assert!(std::path::Path::new(&file).exists(), "{file}");
        }
        assert!(unknown_code("missing_poss").contains("missing_pos"));
        let many = unknown_code("e");
        assert_eq!(many.lines().count(), 2 + MAX_CODES + 1, "{many}");
        assert!(many.ends_with(" more: orderferry explain"), "{many}");
    }
}
