//! The screen: verdict, facts, money, reasons, what sending takes, next steps, report.
//!
//! Called by `cli`.

use super::{
    super::{
        command_line::NextStep, estimate::SendEstimate, numbers::with_unit, page, summary::Summary,
    },
    facts::facts,
    layout::{Layout, section},
    money_table::money_table,
    verdict::{Mark, verdict},
    why::why,
};

/// A share of requests that are retried, for comparison: the estimate knows of none.
const RETRIED_PERCENT: u64 = 2;

/// The screen of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// The mark, before the text and a blank.
    pub mark: Mark,
    /// The text behind it, without the last line break.
    pub text: String,
}

/// Renders the screen of a run. `folder` is the run folder as the user would type it; none if the
/// report could not be written to it.
#[must_use]
pub fn render(summary: &Summary, folder: Option<&str>, layout: Layout) -> Screen {
    let (mark, sentences) = verdict(summary);
    let verdict = layout.wrapped(&sentences, "  ", "  ");
    let paragraphs = [
        facts(summary, layout),
        money_table(summary, layout),
        section("why", &why(summary, layout)),
        section("sending takes", &sending_takes(summary, layout)),
        next_steps(&summary.next, layout),
    ];
    let mut text = verdict.trim_start().to_owned();
    for paragraph in paragraphs.iter().filter(|paragraph| !paragraph.is_empty()) {
        text.push('\n');
        text += paragraph;
    }
    match folder {
        Some(folder) => text.extend(["\n  report    ", folder, "/", page::FILE]),
        None => text += "\n  report    none: it cannot be written",
    }
    Screen { mark, text }
}

/// What a send after a check takes, and what it would do besides.
fn sending_takes(summary: &Summary, layout: Layout) -> String {
    let Some(estimate) = &summary.forecast else { return String::new() };
    let mut sentences = Vec::new();
    if estimate.requests > 0 {
        let requests = with_unit(estimate.requests, "request");
        sentences.push(match (estimate.rate, estimate.time_of(estimate.requests)) {
            (Some(rate), Some(time)) => {
                format!("{requests}, {time} at {rate}/s{}", with_retries(estimate))
            }
            _ => requests,
        });
    }
    let multi = estimate.multi.cost;
    if multi.orders > 0 {
        let requests = with_unit(multi.requests, "request");
        let longest = with_unit(estimate.longest_order, "request");
        let time = estimate.time_of(estimate.longest_order);
        let time = time.map(|time| format!(", {time}")).unwrap_or_default();
        sentences.push(format!(
            "as several events: {}, {requests}; the longest takes {longest}{time}",
            with_unit(multi.orders, "order")
        ));
    }
    sentences.extend(estimate.notes.lines());
    sentences.iter().map(|sentence| layout.wrapped(sentence, "    ", "    ")).collect()
}

/// The time if a few requests are retried, as in most nights; nothing if that is less than one.
fn with_retries(estimate: &SendEstimate) -> String {
    let n_retries = estimate.requests * RETRIED_PERCENT / 100;
    match (n_retries, estimate.time_of(estimate.requests + n_retries)) {
        (1.., Some(time)) => format!("; with {RETRIED_PERCENT} % retried {time}"),
        _ => String::new(),
    }
}

/// Renders the next steps as lines. A command is never broken, so that it can be copied.
#[must_use]
pub fn next_steps(steps: &[NextStep], layout: Layout) -> String {
    let step = |step: &NextStep| {
        format!("{}      {}\n", layout.wrapped(&step.why, "    ", "    "), step.command)
    };
    section("next", &steps.iter().map(step).collect::<String>())
}

#[cfg(test)]
mod tests;
