//! Diagnostics on the terminal: the layout of rustc and ruff, at most 80 columns.
//!
//! Chooses no words: those are in the [`Diagnostic`]. Colour repeats what the words say. Called by
//! `run` and `entry`.

use annotate_snippets::{
    AnnotationKind, Group, Level, Renderer, Snippet, renderer::DEFAULT_LINE_NUM_STYLE,
};

use crate::model::{
    diagnostic::{Diagnostic, Excerpt, Note},
    printable::printable,
    problem::Severity,
};

/// Columns of the terminal; a longer line of the file is cut, a longer note is folded.
pub(super) const MAX_COLUMNS: usize = 80;

/// Renders diagnostics, with an empty line between two; with styles, which a pipe does not show.
pub(super) fn render(diagnostics: &[Diagnostic]) -> String {
    let rendered: Vec<_> = diagnostics.iter().map(render_one).collect();
    rendered.join("\n")
}

fn render_one(diagnostic: &Diagnostic) -> String {
    let Diagnostic { severity, kind, title, place, excerpt, notes, more, .. } = diagnostic;
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = printable(title);
    let mut group = Group::with_title(level.primary_title(&*title).id(*kind));
    let n_digits = excerpt.as_ref().map_or(1, |excerpt| excerpt.line.to_string().len());
    // `1204 | ` and `     = `.
    let gutter = n_digits + 3;
    let mut notes: Vec<_> = notes.iter().map(|note| folded(note, gutter)).collect();
    let label = excerpt.as_ref().map(|excerpt| printable(&excerpt.label)).unwrap_or_default();
    if let Some(excerpt) = excerpt {
        let line = usize::try_from(excerpt.line).unwrap_or(usize::MAX);
        // A line without a mark would be folded away.
        let snippet = Snippet::source(&*excerpt.text).line_start(line).fold(false);
        let mut annotation = excerpt.mark.clone().map(|mark| AnnotationKind::Primary.span(mark));
        let fits = gutter + label_end(excerpt) <= MAX_COLUMNS;
        if let Some(marked) = annotation.take_if(|_| fits && !label.is_empty()) {
            annotation = Some(marked.label(&*label));
        } else if !label.is_empty() {
            notes.insert(0, folded(&Note::Fact(excerpt.label.clone()), gutter));
        }
        group = group.element(snippet.annotations(annotation));
    }
    let levels = notes.iter().map(|(name, text)| match name {
        Some(name) => Level::HELP.with_name(*name).message(text),
        None => Level::NOTE.no_name().message(text),
    });
    group = group.elements(levels);
    let rendered = Renderer::styled().render(&[group]);
    let (heading, rest) = rendered.split_once('\n').unwrap_or((&rendered, ""));
    // The crate would print the column of the shown part of the line and nothing behind it.
    let (style, place) = (DEFAULT_LINE_NUM_STYLE, folded_place(place, n_digits + 4));
    let mut text = format!("{heading}\n{:n_digits$}{style}-->{style:#} {place}\n", "");
    if !rest.is_empty() {
        text.extend([rest, "\n"]);
    }
    for more in more {
        text.extend(["   ", &*printable(more), "\n"]);
    }
    text
}

/// A place behind the arrow that `indent` columns take. Where it does not fit, what is there is on
/// lines of its own.
fn folded_place(place: &str, indent: usize) -> String {
    let place = printable(place);
    let columns = MAX_COLUMNS.saturating_sub(indent);
    match place.split_once("  ") {
        Some((at, what)) if place.chars().count() > columns => {
            let what = fill(what, columns).replace('\n', &format!("\n{:indent$}", ""));
            format!("{at}\n{:indent$}{what}", "")
        }
        _ => place.into_owned(),
    }
}

/// The column behind the label of an excerpt, from the start of the text.
fn label_end(excerpt: &Excerpt) -> usize {
    let mark = excerpt.mark.clone().unwrap_or_default();
    let shown = excerpt.text.get(..mark.end).unwrap_or_default();
    let caret = usize::from(mark.is_empty());
    shown.chars().count() + caret + 1 + excerpt.label.chars().count()
}

/// The name of a note and its lines, which fit beside the gutter.
fn folded(note: &Note, gutter: usize) -> (Option<&'static str>, String) {
    let (name, text) = match note {
        Note::Hint(text) => (Some("hint"), text),
        Note::Fact(text) => (None, text),
    };
    // `= hint: `
    let n_before = gutter + 1 + name.map_or(1, |name| name.len() + 3);
    (name, fill(&printable(text), MAX_COLUMNS.saturating_sub(n_before)))
}

/// A text in lines of a width. A name or a path is not broken, so that it can be copied: a longer
/// one has a line of its own.
fn fill(text: &str, columns: usize) -> String {
    let options = textwrap::Options::new(columns)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::fill(text, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str, cell: &str, label: &str) -> Diagnostic {
        let start = text.find(cell).unwrap();
        let excerpt = Excerpt::fitted(1204, text, start..start + cell.len(), 60);
        Diagnostic {
            severity: Severity::Error,
            kind: "number_unreadable",
            title: "a number cannot be read".to_owned(),
            place: "orders-2026-11.csv:1204:44  order N-20841, column total".to_owned(),
            position: None,
            excerpt: Some(Excerpt { label: label.to_owned(), ..excerpt }),
            notes: vec![Note::Hint(
                "let the shop export amounts with a point; a comma may part thousands or \
                 decimals, so it is not guessed"
                    .to_owned(),
            )],
            more: vec!["and 186 more orders: orderferry explain number_unreadable".to_owned()],
        }
    }

    fn plain(diagnostics: &[Diagnostic]) -> String {
        anstream::adapter::strip_str(&render(diagnostics)).to_string()
    }

    const ROW: &str = "N-20841,2026-09-04T09:12:44+02:00,paid,EUR,\"129,95\",invoice,Müller";

    #[test]
    fn cell_is_marked_with_what_was_found() {
        let one = cell(ROW, "\"129,95\"", "expected 129.95");
        let two = cell(ROW, "N-20841", "x".repeat(90).as_str());
        insta::assert_snapshot!(plain(&[one, two]), @r#"
        error[number_unreadable]: a number cannot be read
            --> orders-2026-11.csv:1204:44  order N-20841, column total
             |
        1204 | …,2026-09-04T09:12:44+02:00,paid,EUR,"129,95",invoice,Müller
             |                                      ^^^^^^^^ expected 129.95
             |
             = hint: let the shop export amounts with a point; a comma may part
                     thousands or decimals, so it is not guessed
           and 186 more orders: orderferry explain number_unreadable

        error[number_unreadable]: a number cannot be read
            --> orders-2026-11.csv:1204:44  order N-20841, column total
             |
        1204 | N-20841,2026-09-04T09:12:44+02:00,paid,EUR,"129,95",invoice…
             | ^^^^^^^
             |
             = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
             = hint: let the shop export amounts with a point; a comma may part
                     thousands or decimals, so it is not guessed
           and 186 more orders: orderferry explain number_unreadable
        "#);
    }

    #[test]
    fn place_that_does_not_fit_is_folded() {
        let path = "exports/2026/november/".repeat(4);
        let place = format!("{path}orders.csv:1204:44  order N-20841, column total");
        insta::assert_snapshot!(folded_place(&place, 8), @r#"
        exports/2026/november/exports/2026/november/exports/2026/november/exports/2026/november/orders.csv:1204:44
                order N-20841, column total
        "#);
        let what = format!("orders.csv:1:1  order {}, column total", "N".repeat(60));
        insta::assert_snapshot!(folded_place(&what, 8), @r#"
        orders.csv:1:1
                order NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN,
                column total
        "#);
        assert_eq!(folded_place(&path, 8), path);
    }

    #[test]
    fn no_line_is_longer_than_the_terminal() {
        let mut diagnostic = cell(ROW, "paid", &"word ".repeat(40));
        diagnostic.excerpt = None;
        diagnostic.notes.push(Note::Fact("\u{1b}[31m and words ".repeat(20)));
        let text = plain(&[cell(ROW, "paid", &"word ".repeat(40)), diagnostic]);
        assert!(text.lines().all(|line| line.chars().count() <= MAX_COLUMNS), "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}
