//! Preview: how the first orders of an export come to be with a profile.
//!
//! A check of the start of the export in a folder of its own, which is removed again. Called by
//! `init`.

use std::{
    ffi::OsString,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::FromArgMatches;

use super::{
    args::{Arguments, Command},
    option_values, print, spec, trace,
    typed::TypedOptions,
};
use crate::{
    model::{input::Input, order_trace::ExplainedOrders},
    pipeline,
    read::{ReadLimits, read_sample},
    sniff::DraftedProfile,
    storage::{LocalStorage, create_new_file},
};

/// Orders that are shown.
const N_ORDERS: &str = "2";

/// Bytes of an export that are checked.
const MAX_BYTES: usize = 1024 * 1024;

/// What is previewed.
pub(super) struct Preview<'p> {
    pub(super) profile: &'p Path,
    pub(super) inputs: &'p [Input],
    pub(super) drafted: &'p DraftedProfile,
}

impl Preview<'_> {
    /// Prints how the first orders come to be, or why they do not.
    pub(super) fn show(&self) -> anyhow::Result<()> {
        let folder = tempfile::tempdir().context("cannot make a folder for the preview")?;
        match self.check_start(folder.path()) {
            Ok(explained) => {
                print::output("\nThe first orders, as they would arrive:")?;
                let in_folder = format!("{}/", folder.path().display());
                for trace in trace::render(&explained) {
                    // Nothing is asked of a ledger, and the events would be in clear.
                    let text = trace.text.split("\nledger ").next().unwrap_or_default();
                    print::styled(&format!("\n{}", text.replace(&in_folder, "")))?;
                }
            }
            // The profile is written, and a check of the whole export says the same.
            Err(error) => {
                let message = format!("no preview: {error:#}");
                print::status(&message.replace(&format!("{}/", folder.path().display()), ""));
            }
        }
        Ok(())
    }

    /// Checks the start of the first file.
    fn check_start(&self, folder: &Path) -> anyhow::Result<ExplainedOrders> {
        let start = self.write_start(folder)?;
        let mut typed: Vec<OsString> = ["orderferry", "check"].map(OsString::from).to_vec();
        typed.push(start.into());
        let options = ["--pos", "preview", "--max-invalid", "100%", "--explain-first", N_ORDERS];
        typed.extend(options.map(OsString::from));
        for (option, path) in [
            ("--profile", self.profile.to_owned()),
            ("--out", folder.join("run")),
            ("--ledger", folder.join("ledger.db")),
        ] {
            typed.extend([OsString::from(option), path.into()]);
        }
        for question in &self.drafted.command_questions {
            let answer = question.answer.as_deref().unwrap_or_default();
            typed.extend(["--answer".into(), format!("{}={answer}", question.key).into()]);
        }
        for (index, join) in &self.drafted.joined {
            let named = format!("{join}={}", self.inputs[*index].name);
            typed.extend(["--join".into(), OsString::from(named)]);
        }
        let (matches, wrong) = option_values::parse(typed)
            .map_err(|_| anyhow::anyhow!("the options of the preview are wrong"))?;
        let Command::Check(check) = Arguments::from_arg_matches(&matches)?.command else {
            unreachable!("the arguments are those of check")
        };
        let spec = spec::check(&check, TypedOptions::of(&matches, wrong))?;
        let finished = pipeline::run(&spec, &|_| {})?;
        if let Some(errors) = finished.profile_errors {
            return Err(errors.into());
        }
        match finished.error {
            Some(error) => Err(anyhow::anyhow!("{error}")),
            None => Ok(finished.explained),
        }
    }

    /// Writes the start of the first file, up to the end of a line.
    fn write_start(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        let input = &self.inputs[self.drafted.exports[0]];
        let sample = read_sample(&LocalStorage, input, ReadLimits::default().max_expansion)?;
        let name = Path::new(&input.name).file_name().unwrap_or_default().to_string_lossy();
        let path = folder.join(name.trim_end_matches(".gz").trim_end_matches(".zst"));
        let bytes = &sample.start;
        let end = match bytes.get(..MAX_BYTES) {
            Some(start) => {
                start.iter().rposition(|byte| *byte == b'\n').map_or(MAX_BYTES, |at| at + 1)
            }
            None => bytes.len(),
        };
        create_new_file(&path)?.write_all(&bytes[..end]).context("cannot write the preview")?;
        Ok(path)
    }
}
