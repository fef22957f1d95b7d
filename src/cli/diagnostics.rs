//! Diagnostics on the terminal: the layout of rustc and ruff, in lines that fit the terminal.
//!
//! Chooses no words: those are in the [`Diagnostic`]. Colour repeats what the words say. Called by
//! `print` and `trace`.

use annotate_snippets::{
    AnnotationKind, Group, Level, Renderer, Snippet, renderer::DEFAULT_LINE_NUM_STYLE,
};
use clap::builder::styling::Style;

use super::folding::{LineWidth, fill, fill_hanging};
use crate::model::{
    cut_text::display_width,
    diagnostic::{Diagnostic, Excerpt, Note},
    printable::printable,
    problem::Severity,
};

/// The style of the title, whose first line is the crate's.
const TITLE: Style = Style::new().bold();

/// Renders diagnostics, with an empty line between two; with styles, which a pipe does not show. A
/// line of the file that has more columns is cut, a longer text is folded.
pub(super) fn render(diagnostics: &[Diagnostic], width: LineWidth) -> String {
    let rendered: Vec<_> =
        diagnostics.iter().map(|diagnostic| render_one(diagnostic, width)).collect();
    rendered.join("\n")
}

fn render_one(diagnostic: &Diagnostic, width: LineWidth) -> String {
    let columns = width.columns;
    let Diagnostic { severity, kind, title, place, excerpt, notes, more, .. } = diagnostic;
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let label = format!("{}[{kind}]: ", severity.as_str());
    let title_columns = if width.is_terminal { columns } else { usize::MAX };
    let title = fill_hanging(&printable(title), title_columns, &label, "  ");
    let (title, title_below) = title.split_once('\n').unwrap_or((&title, ""));
    let title = title.strip_prefix(&label).unwrap_or(title);
    let mut group = Group::with_title(level.primary_title(title).id(*kind));
    let n_digits = excerpt.as_ref().map_or(1, |excerpt| excerpt.line.to_string().len());
    // `1204 | ` and `     = `.
    let gutter = n_digits + 3;
    let fold = |note: &Note| folded(note, gutter, columns);
    let mut notes: Vec<_> = notes.iter().map(fold).collect();
    let excerpt = excerpt.clone().map(|excerpt| excerpt.within(columns.saturating_sub(gutter)));
    let label = excerpt.as_ref().map(|excerpt| printable(&excerpt.label)).unwrap_or_default();
    if let Some(excerpt) = &excerpt {
        let line = usize::try_from(excerpt.line).unwrap_or(usize::MAX);
        // A line without a mark would be folded away.
        let snippet = Snippet::source(&*excerpt.text).line_start(line).fold(false);
        let mut annotation = excerpt.mark.clone().map(|mark| AnnotationKind::Primary.span(mark));
        let fits = gutter + label_end(excerpt) <= columns;
        if let Some(marked) = annotation.take_if(|_| fits && !label.is_empty()) {
            annotation = Some(marked.label(&*label));
        } else if !label.is_empty() {
            notes.insert(0, fold(&Note::Fact(excerpt.label.clone())));
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
    let (style, place) = (DEFAULT_LINE_NUM_STYLE, folded_place(place, n_digits + 4, columns));
    let mut text = format!("{heading}\n");
    text.extend(title_below.lines().map(|line| format!("{TITLE}{line}{TITLE:#}\n")));
    text.extend([format!("{:n_digits$}{style}-->{style:#} {place}\n", "")]);
    if !rest.is_empty() {
        text.extend([rest, "\n"]);
    }
    for more in more {
        text.extend([&*fill_hanging(&printable(more), columns, "   ", "      "), "\n"]);
    }
    text
}

/// A place behind the arrow that `indent` columns take. Where it does not fit, what is there is on
/// lines of its own.
fn folded_place(place: &str, indent: usize, columns: usize) -> String {
    let place = printable(place);
    let columns = columns.saturating_sub(indent);
    match place.split_once("  ") {
        Some((at, what)) if display_width(&place) > columns => {
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
    display_width(shown) + caret + 1 + display_width(&excerpt.label)
}

/// The name of a note and its lines, which fit beside the gutter.
fn folded(note: &Note, gutter: usize, columns: usize) -> (Option<&'static str>, String) {
    let (name, text) = match note {
        Note::Hint(text) => (Some("hint"), text),
        Note::Fact(text) => (None, text),
    };
    // `= hint: `
    let n_before = gutter + 1 + name.map_or(1, |name| name.len() + 3);
    (name, fill(&printable(text), columns.saturating_sub(n_before)))
}

#[cfg(test)]
mod tests {
    use super::{super::folding::MAX_COLUMNS, *};

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
        anstream::adapter::strip_str(&render(diagnostics, LineWidth::PIPE)).to_string()
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
        insta::assert_snapshot!(folded_place(&place, 8, MAX_COLUMNS), @r#"
        exports/2026/november/exports/2026/november/exports/2026/november/exports/2026/november/orders.csv:1204:44
                order N-20841, column total
        "#);
        let what = format!("orders.csv:1:1  order {}, column total", "N".repeat(60));
        insta::assert_snapshot!(folded_place(&what, 8, MAX_COLUMNS), @r#"
        orders.csv:1:1
                order NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN,
                column total
        "#);
        assert_eq!(folded_place(&path, 8, MAX_COLUMNS), path);
    }

    #[test]
    fn no_line_is_longer_than_the_terminal() {
        let mut diagnostic = cell(ROW, "paid", &"word ".repeat(40));
        diagnostic.excerpt = None;
        diagnostic.notes.push(Note::Fact("\u{1b}[31m and words ".repeat(20)));
        diagnostic.title = "a title of many words ".repeat(6).trim().to_owned();
        // The label fits by its characters only.
        let wide = cell("山田太郎山田太郎山田太郎,paid", "paid", "expected one of 有料 and 無料");
        let diagnostics = [cell(ROW, "paid", &"word ".repeat(40)), wide, diagnostic];
        for columns in [MAX_COLUMNS, 60, 48] {
            let text = render(&diagnostics, LineWidth { columns, is_terminal: true });
            let text = anstream::adapter::strip_str(&text).to_string();
            assert!(text.lines().all(|line| display_width(line) <= columns), "{text}");
            let is_folded = |line: &str| line.starts_with("  ") && line.contains("a title");
            assert!(text.lines().any(is_folded) && !text.contains('\u{1b}'), "{text}");
        }
    }
}
