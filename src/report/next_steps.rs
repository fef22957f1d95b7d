//! Next steps: what the operator does after a run, each as a command of this program.
//!
//! A command is bound to its run by `--run` or the run folder, so that none changes what another
//! run left; orders of earlier runs have steps of their own, which say so. A consent that only a
//! person can give is in the reason of its command. Pure. Called by `recorder`; shown by `terminal`
//! and `summary`.

use std::borrow::Cow;

use super::{
    command_line::{CLIENT_KEY, CommandLine, NextStep},
    numbers::{count, with_unit},
    rejects,
    remedy::Remedy,
    summary::{ProblemSummary, Summary},
};
use crate::model::{
    outcome::Outcome,
    problem::{Code, Severity},
};

/// In place of the references that the operator names.
const REFERENCES: &str = "REFERENCE…";

/// How a command that sends begins.
const SEND: &str = "orderferry send ";

/// The topic of the manual about the ledger.
const LEDGER_TOPIC: &str = "ledger";

/// The topic of the manual about the client key.
const TENANT_TOPIC: &str = "tenant";

/// In place of the profile that the operator names.
const PROFILE: &str = "PROFILE";

/// What a run left behind.
pub(super) struct Situation<'a> {
    /// The run in numbers.
    pub(super) summary: &'a Summary,
    /// How it was called.
    pub(super) line: &'a CommandLine,
    /// The run folder.
    pub(super) folder: Cow<'a, str>,
    /// The files of `rejects/` that have rows.
    pub(super) reject_files: &'a [String],
    /// The joins of the profile, with the path or pattern of the files of each.
    pub(super) joins: Vec<(&'a str, &'a str)>,
    /// Orders that an earlier run left unknown and this one did not send.
    pub(super) n_unknown_before: u64,
    /// Orders of this run whose outcome the ledger lacks.
    pub(super) n_outcomes_unwritten: u64,
    /// Refused orders of which none is wrong: the answer is about the key or the target.
    pub(super) n_refused_by_target: u64,
    /// Whether the ledger holds an attempt of this run. Such a ledger is not new any more, even if
    /// no request of the attempt was sent.
    pub(super) has_attempt: bool,
    /// The topic of the manual about what kept the run from reading the export, or from sending.
    pub(super) help_topic: Option<&'static str>,
    /// What would let a refused run go on.
    pub(super) remedy: Option<Remedy>,
    /// Whether its report cannot be written.
    pub(super) is_unwritten: bool,
}

/// A send that ended in the middle, without a report.
#[derive(Debug, Clone, Copy)]
pub struct AbortedSend<'a> {
    /// How it was called.
    pub line: &'a CommandLine,
    /// Its id.
    pub run_id: &'a str,
    /// The run folder.
    pub folder: &'a str,
    /// The orders that may or may not be in.
    pub n_in_doubt: u64,
    /// Whether the ledger may hold an attempt of it.
    pub has_attempt: bool,
}

impl AbortedSend<'_> {
    /// The next steps, most urgent first.
    #[must_use]
    pub fn steps(&self) -> Vec<NextStep> {
        let Self { line, run_id, folder, n_in_doubt, has_attempt } = *self;
        let mut steps = Vec::new();
        let rest = line.rest(folder, has_attempt);
        if n_in_doubt > 0 {
            let unknown = format!("list --outcome unknown --run {run_id}");
            steps.push(step("look them up in Personalize", line.on_ledger(&unknown)));
            steps.push(step("then send the rest; what is unknown is held", rest));
        } else {
            steps.push(step("send the rest", rest));
        }
        say_where_key_is(&mut steps, line);
        steps
    }
}

impl Situation<'_> {
    /// The next steps, most urgent first.
    pub(super) fn steps(&self) -> Vec<NextStep> {
        let mut steps = self.about_unknown();
        let rest =
            if self.summary.command == "check" { self.after_check() } else { self.after_send() };
        steps.extend(rest);
        say_where_key_is(&mut steps, self.line);
        steps
    }

    fn about_unknown(&self) -> Vec<NextStep> {
        let n_unknown = self.summary.orders[Outcome::Unknown];
        let n_of_this_run = n_unknown - self.n_unknown_before.min(n_unknown);
        let unknown = |n, since: &str| {
            (n > 0).then(|| {
                format!("{}{since}: look them up in Personalize", outcome(n, Outcome::Unknown))
            })
        };
        let unwritten = (self.n_outcomes_unwritten > 0).then(|| {
            let orders = with_unit(self.n_outcomes_unwritten, "order");
            format!(
                "{orders} with an outcome that the ledger lacks: look them up in results.ndjson, \
                 else in Personalize"
            )
        });
        let of_this_run: Vec<_> =
            [unknown(n_of_this_run, ""), unwritten].into_iter().flatten().collect();
        let run = format!(" --run {}", self.summary.run_id);
        let mut steps = Vec::new();
        for (why, run) in [
            (of_this_run.join("; "), run.as_str()),
            (unknown(self.n_unknown_before, " since an earlier run").unwrap_or_default(), ""),
        ] {
            if why.is_empty() {
                continue;
            }
            steps.push(step(why, self.on_target(&format!("list --outcome unknown{run}"))));
            steps.push(step(
                "then say which of them are there (--as failed: which are not)",
                self.on_target(&format!("settle {REFERENCES} --as accepted{run}")),
            ));
        }
        steps
    }

    fn after_send(&self) -> Vec<NextStep> {
        let Summary { orders, exit_code, needs_backfill, .. } = self.summary;
        if *exit_code == 2 || orders.read == 0 {
            return self.after_refusal();
        }
        let mut steps = Vec::new();
        if orders[Outcome::Changed] > 0 {
            steps.push(step(
                format!(
                    "{}: correct them in Personalize, or the export where it is wrong",
                    outcome(orders[Outcome::Changed], Outcome::Changed)
                ),
                self.on_target("list --outcome changed"),
            ));
            steps.push(step(
                "then say which of them you know",
                self.on_target(&format!("settle {REFERENCES} --as acknowledged")),
            ));
        }
        if let Some(topic) = self.help_topic {
            let why = "the service takes no request: check its URL and the client key first";
            steps.push(step(why, format!("orderferry help {topic}")));
        } else if self.n_refused_by_target > 0 {
            let why = if orders[Outcome::Accepted] > 0 {
                "the service refused some orders by the key or on the way, and accepted others: \
                 compare them, and check what the key may do"
            } else {
                "the service refuses the client key, not the rows: check what it may do"
            };
            steps.push(step(why, format!("orderferry help {TENANT_TOPIC}")));
        }
        steps.extend(self.about_invalid());
        steps.extend(self.about_lost_rows());
        steps.extend(self.send_rejects());
        let n_unreached = orders[Outcome::NotAttempted].saturating_sub(*needs_backfill);
        let (n_failed, again) = (orders[Outcome::Failed], self.again());
        if n_unreached > 0 {
            let space = if self.is_unwritten { "free space for the run folder, then " } else { "" };
            let n = outcome(n_unreached, Outcome::NotAttempted);
            let why = format!("{n}: {space}run it again to go on");
            steps.push(step(why, self.rest()));
        } else if n_failed > 0 {
            steps.push(step(
                format!("{}: send them again", outcome(n_failed, Outcome::Failed)),
                again,
            ));
        } else if self.n_refused_by_target > 0 {
            let n = outcome(self.n_refused_by_target, Outcome::Refused);
            steps.push(step(format!("{n}: send them again"), again));
        }
        if *needs_backfill > 0 {
            let why =
                format!("{}: send them too, if no campaign may react", too_old(*needs_backfill));
            steps.push(step(why, with_flag(self.again(), "--backfill")));
        }
        steps
    }

    fn after_check(&self) -> Vec<NextStep> {
        let Summary { orders, exit_code, .. } = self.summary;
        if *exit_code == 2 || orders.read == 0 {
            return self.after_refusal();
        }
        let mut steps: Vec<_> = self.about_invalid().into_iter().collect();
        steps.extend(self.about_lost_rows());
        if !steps.is_empty() {
            steps.push(step("fix the export or its profile, then check again", self.again()));
        }
        if orders[Outcome::Valid] > 0 {
            let ready = format!("{} ready", with_unit(orders[Outcome::Valid], "order"));
            steps.push(match &self.summary.target {
                Some(_) => self.send(&ready),
                // Without a target there is none to send to.
                None => step(format!("{ready}: try a sandbox first"), self.line.to_sandbox()),
            });
        }
        steps
    }

    /// After a run that sent nothing and shows no single order as ready.
    fn after_refusal(&self) -> Vec<NextStep> {
        let Summary { orders, exit_code, needs_backfill, .. } = self.summary;
        match exit_code {
            4 => return vec![step("stopped early: run it again", self.again())],
            5 => return vec![step("once the other run has ended, run it again", self.again())],
            _ => {}
        }
        let mut steps: Vec<_> = self.about_invalid().into_iter().collect();
        let topic = self.help_topic.or((orders.read == 0).then_some("inputs"));
        if let Some(topic) = topic.filter(|_| steps.is_empty()) {
            let is_read = orders.read > 0 || topic == LEDGER_TOPIC;
            let what = if is_read { "nothing was sent" } else { "no order was read" };
            steps.push(step(format!("{what}: see the manual"), format!("orderferry help {topic}")));
        }
        if let Some(remedy) = &self.remedy {
            let why = match remedy {
                Remedy::Backfill => format!("{}: {}", too_old(*needs_backfill), remedy.reason()),
                _ => remedy.reason(),
            };
            steps.push(step(why, self.line.with_remedy(&self.summary.command, remedy)));
        } else if !steps.is_empty() {
            // Old orders may be allowed then; they did not refuse this run.
            let is_unread = orders.read == 0 && topic != Some(LEDGER_TOPIC);
            let once = if is_unread { "once the export or its profile is right," } else { "then" };
            steps.push(step(format!("{once} run it again"), self.again()));
        }
        steps
    }

    /// The most frequent error.
    fn about_invalid(&self) -> Option<NextStep> {
        let problems = &self.summary.problems;
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
        // Some may be of orders that an earlier run sent.
        let of_invalid = |problem: &&ProblemSummary| problem.invalid > 0;
        let of_orders = |problem: &&ProblemSummary| problem.orders > 0;
        let worst = errors.clone().find(of_invalid).or_else(|| errors.clone().find(of_orders))?;
        let n_invalid = self.summary.orders[Outcome::Invalid];
        let why = if n_invalid == 0 {
            format!("{} with an error: what it means", with_unit(worst.orders, "order"))
        } else {
            format!("{}: what is wrong, and how to fix it", outcome(n_invalid, Outcome::Invalid))
        };
        Some(step(why, format!("orderferry explain {}", worst.code)))
    }

    /// Unreadable rows of no known order, which the profile accepts: they are in no rejects, and
    /// each run that reads them ends with exit code 1.
    fn about_lost_rows(&self) -> Option<NextStep> {
        let is_lost = |problem: &&ProblemSummary| {
            matches!(problem.code, Code::RowUnreadable | Code::RowWithoutKey) && problem.orders == 0
        };
        let mut lost = self.summary.problems.iter().filter(is_lost);
        let most_frequent = lost.next()?;
        let n_rows = most_frequent.rows + lost.map(|problem| problem.rows).sum::<u64>();
        let why = format!(
            "{} unreadable: to be fixed in the export, or named in ignore_rows of the profile",
            with_unit(n_rows, "row")
        );
        Some(step(why, format!("orderferry explain {}", most_frequent.code)))
    }

    /// Sends the rows of rejected orders, once they are fixed. The profile of a resumed plan is not
    /// known, so the operator names it.
    fn send_rejects(&self) -> Option<NextStep> {
        let path = |name: &String| format!("{}/{}/{name}", self.folder, rejects::FOLDER);
        let files: Vec<_> = self.reject_files.iter().map(path).collect();
        let orders = &self.summary.orders;
        let counted = [
            (Outcome::Invalid, orders[Outcome::Invalid]),
            (Outcome::Refused, orders[Outcome::Refused] - self.n_refused_by_target),
        ];
        let counted: Vec<_> =
            counted.iter().filter(|(_, n)| *n > 0).map(|(which, n)| outcome(*n, *which)).collect();
        if files.is_empty() || counted.is_empty() {
            return None;
        }
        let why = format!("{}: fix their rows and send them", counted.join(", "));
        let command = self.line.with_rejects(&files, &self.joins, !self.has_attempt);
        Some(if self.line.has("resume") {
            step(why + " with their profile", format!("{command} --profile {PROFILE}"))
        } else {
            step(why, command)
        })
    }

    /// The send after a check. What it would consent to is a condition.
    fn send(&self, ready: &str) -> NextStep {
        let (mut command, mut conditions) = (self.line.again("send", true), Vec::new());
        if let Some(estimate) = &self.summary.forecast {
            let notes = &estimate.notes;
            let holds_old = notes.orders.old_orders > 0 && !notes.old_orders.are_skipped;
            for (flag, condition, is_needed) in [
                (
                    "--new-ledger",
                    "no order was ever sent to it and no ledger is lost",
                    notes.needs_new_ledger,
                ),
                (
                    "--new-target",
                    "it is another tenant, not a new key of one in the ledger (ledger adopt)",
                    notes.needs_new_target,
                ),
                ("--backfill", "no campaign may react to old orders", holds_old),
            ] {
                if is_needed {
                    command = with_flag(command, flag);
                    conditions.push(condition);
                }
            }
        }
        if conditions.is_empty() {
            return step(format!("{ready}: send what is ready"), command);
        }
        step(format!("{ready}: send them, if {}", conditions.join(", and ")), command)
    }

    fn again(&self) -> String {
        self.line.again(&self.summary.command, !self.has_attempt)
    }

    fn rest(&self) -> String {
        self.line.rest(&self.folder, self.has_attempt)
    }

    fn on_target(&self, command: &str) -> String {
        let target =
            self.summary.target.as_ref().map(|target| format!(" --target {}", target.hash));
        self.line.on_ledger(&format!("{command}{}", target.unwrap_or_default()))
    }
}

/// Says in the first step that sends where the client key is to be, if it was typed: it is never
/// shown, so a command that is typed as shown needs it from elsewhere.
fn say_where_key_is(steps: &mut [NextStep], line: &CommandLine) {
    let mut sends = steps.iter_mut().filter(|step| step.command.starts_with(SEND));
    if let Some(first) = sends.next().filter(|_| line.has(CLIENT_KEY)) {
        first.why += ", with the client key in ORDERFERRY_CLIENT_KEY";
    }
}

fn step(why: impl Into<String>, command: String) -> NextStep {
    NextStep { why: why.into(), command }
}

fn with_flag(command: String, flag: &str) -> String {
    if command.split(' ').any(|word| word == flag) { command } else { format!("{command} {flag}") }
}

fn outcome(n: u64, outcome: Outcome) -> String {
    format!("{} {}", count(n), outcome.as_str().replace('_', " "))
}

fn too_old(n: u64) -> String {
    format!("{} too old", with_unit(n, "order"))
}
