//! Command `init`: looks at an export and writes a profile for it.
//!
//! `sniff` finds what the export shows. This module reads the files, has the open questions asked
//! in a terminal, writes the profile and says what to type next. Called by `entry`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};

use super::{
    args::InitArguments, config::DEFAULT_FILE, error_list::ErrorList, init_questions,
    preview::Preview, print,
};
use crate::{
    model::{
        input::Input,
        shell::{shell_path, shell_word},
    },
    read::{ReadLimits, inputs, read_sample},
    sniff::{Certainties, DraftedProfile, EncodingFinding, Survey, draft_profile, profile_name},
    storage::{LocalStorage, create_new_file, ensure_creatable},
};

/// Looks at the files, writes the profile, and prints what to type next.
pub(super) fn run(arguments: &InitArguments, errors: ErrorList) -> anyhow::Result<ExitCode> {
    errors.ensure_none()?;
    let inputs = find_inputs(&arguments.inputs)?;
    let out = arguments.out.clone().unwrap_or_else(|| default_out(&inputs[0]));
    ensure_absent(&out)?;
    let asks = !arguments.yes && print::can_ask();
    let surveys = inputs.iter().map(|input| survey(input, arguments, asks));
    let mut drafted = draft_profile(surveys.collect::<anyhow::Result<_>>()?);
    print::output(&found_text(&drafted, &inputs))?;
    if asks {
        init_questions::ask(&mut drafted.draft)?;
        init_questions::ask_of_command(&mut drafted.command_questions)?;
    }
    write(&out, &drafted.draft.text())?;
    let has_answers = drafted.command_questions.iter().all(|question| question.answer.is_some());
    if asks && drafted.draft.questions().is_empty() && has_answers {
        Preview { profile: &out, inputs: &inputs, drafted: &drafted }.show()?;
    }
    print::output(&result_text(&drafted, &out, &inputs))?;
    Ok(ExitCode::SUCCESS)
}

/// The files that are named, each once.
fn find_inputs(names: &[String]) -> anyhow::Result<Vec<Input>> {
    let mut inputs: Vec<Input> = Vec::new();
    for name in names {
        if name == inputs::STDIN {
            bail!("init reads parts of a file, expected its name\n  hint: save it to a file first");
        }
        for input in inputs::find_side_files(&LocalStorage, name)? {
            if inputs.iter().all(|known| known.location != input.location) {
                inputs.push(input);
            }
        }
    }
    Ok(inputs)
}

/// `orders.toml` for `exports/orders.csv.gz`, in the working folder.
fn default_out(input: &Input) -> PathBuf {
    PathBuf::from(format!("{}.toml", profile_name(&input.name)))
}

fn ensure_absent(out: &Path) -> anyhow::Result<()> {
    if out.file_name().is_some_and(|name| name == DEFAULT_FILE) {
        bail!("{DEFAULT_FILE} has the settings of all runs\n  hint: name another file with --out");
    }
    if out.exists() {
        bail!(
            "{} exists, and is not overwritten\n  hint: name another file with --out",
            out.display()
        );
    }
    // Before questions are asked, whose answers would be lost.
    ensure_creatable(out).with_context(|| format!("{}: cannot create it", out.display()))
}

/// Looks at a file; in a terminal asks for its encoding first, on which all of it depends.
fn survey(input: &Input, arguments: &InitArguments, asks: bool) -> anyhow::Result<Survey> {
    let sample = read_sample(&LocalStorage, input, ReadLimits::default().max_expansion)?;
    let typed = arguments.encoding.map(EncodingFinding::Certain);
    let mut encoding = typed.unwrap_or_else(|| EncodingFinding::of(&sample));
    if let (EncodingFinding::Open(candidates), true) = (&encoding, asks)
        && let Some(chosen) = init_questions::ask_encoding(&input.name, candidates)?
    {
        encoding = EncodingFinding::Certain(chosen);
    }
    let survey = Survey::new(&input.name, &sample, encoding);
    survey.with_context(|| {
        format!(
            "{}: no table and no JSON: expected rows of at least two columns, separated by a \
             comma, a semicolon, a tab or |, or JSON documents",
            input.name
        )
    })
}

fn write(out: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = create_new_file(out)?;
    file.write_all(text.as_bytes()).with_context(|| format!("{}: cannot write", out.display()))
}

/// What was found in the files.
fn found_text(drafted: &DraftedProfile, inputs: &[Input]) -> String {
    let name = |index: &usize| inputs[*index].name.as_str();
    let names: Vec<_> = drafted.exports.iter().map(name).collect();
    let mut lines = vec![match drafted.format {
        Some(format) => format!("{} looks like {}", names.join(", "), format.title),
        None => format!("{} is no export that a built-in profile reads", names.join(", ")),
    }];
    if let Some(format) = drafted.joining_format {
        let (title, profile) = (format.title, format.profile);
        lines.push(format!(
            "it looks like a file beside {title}, which the profile {profile} joins: name the \
             orders too"
        ));
    }
    if !drafted.has_items {
        lines.push("no items were found: the orders go without them".to_owned());
    }
    for (index, join) in &drafted.joined {
        lines.push(format!("{} is joined to it, as {join}", name(index)));
    }
    for index in &drafted.unrelated {
        let why = if drafted.format.is_some() {
            "is left out: the built-in profile says which files it joins"
        } else {
            "is left out: it shares no key with the orders"
        };
        lines.push(format!("{} {why}", name(index)));
    }
    lines.join("\n")
}

/// What was written, and the command to type next.
fn result_text(drafted: &DraftedProfile, out: &Path, inputs: &[Input]) -> String {
    let Certainties { n_sure, n_guessed, .. } = drafted.draft.certainties();
    let shown = out.display();
    let mut lines = vec![format!("\nwrote {shown}: {n_sure} sure, {n_guessed} guessed")];
    let questions = drafted.draft.questions();
    let of_command = drafted.command_questions.iter().filter(|question| question.answer.is_none());
    let of_command = of_command.map(|question| (&question.key, &question.text));
    let open = questions.iter().map(|question| (&question.key, &question.text));
    let open: Vec<_> = open.chain(of_command).collect();
    if !open.is_empty() {
        let are = if open.len() == 1 { "question is" } else { "questions are" };
        let n_open = open.len();
        lines.push(format!("{n_open} {are} open; answer each \"?\" in {shown}, or with --answer:"));
        lines.extend(open.iter().map(|(key, text)| format!("  {key}: {text}")));
    }
    lines.push(format!("next: {}", next_command(drafted, out, inputs)));
    lines.join("\n")
}

/// The check of the export with the profile.
fn next_command(drafted: &DraftedProfile, out: &Path, inputs: &[Input]) -> String {
    let name = |index: &usize| inputs[*index].name.as_str();
    let mut words = vec!["orderferry check".to_owned()];
    words.extend(drafted.exports.iter().map(|index| shell_path(name(index)).into_owned()));
    words.push(format!("--profile {}", shell_path(&out.to_string_lossy())));
    let folder = |index: &usize| Path::new(name(index)).parent();
    for (index, join) in &drafted.joined {
        // The profile of a format has the names that its system gives to files.
        if drafted.format.is_some() || folder(index) != folder(&drafted.exports[0]) {
            words.push(format!("--join {}", shell_word(&format!("{join}={}", name(index)))));
        }
    }
    let questions = drafted.draft.questions();
    let open = questions.iter().map(|question| (&question.key, None));
    let of_command = drafted.command_questions.iter();
    let of_command = of_command.map(|question| (&question.key, question.answer.as_deref()));
    for (key, answer) in open.chain(of_command) {
        let answer = answer.unwrap_or("…");
        words.push(format!("--answer {}", shell_word(&format!("{key}={answer}"))));
    }
    words.push("--pos POS --explain-first 3".to_owned());
    words.join(" ")
}
