//! Reflow of Markdown: the paragraphs of a manual in lines that fit the terminal.
//!
//! Pure text. Called by `print`.

use super::folding::fill_hanging;

/// Markdown whose paragraphs and list items have lines of a width. Headings, tables and code stay
/// as they are.
pub(super) fn reflow(markdown: &str, columns: usize) -> String {
    let (mut lines, mut paragraph, mut is_code) = (Vec::new(), String::new(), false);
    for line in markdown.lines() {
        let is_fence = line.starts_with("```");
        let is_kept = is_code || is_fence || line.is_empty() || line.starts_with(['#', '|']);
        if is_kept || item_marker(line).is_some() {
            lines.extend(filled(&paragraph, columns));
            paragraph.clear();
        }
        is_code ^= is_fence;
        if is_kept {
            lines.push(line.to_owned());
        } else {
            let blank = if paragraph.is_empty() { "" } else { " " };
            paragraph.extend([blank, line.trim()]);
        }
    }
    lines.extend(filled(&paragraph, columns));
    lines.join("\n")
}

fn filled(paragraph: &str, columns: usize) -> Option<String> {
    let (marker, text) = paragraph.split_at(item_marker(paragraph).map_or(0, str::len));
    // The marker is no word: a first word that does not fit would leave it alone on its line.
    let fill = || fill_hanging(text, columns, marker, &" ".repeat(marker.len()));
    (!paragraph.is_empty()).then(fill)
}

/// What is before the text of a list item that begins here, such as `- ` or `1. `.
fn item_marker(line: &str) -> Option<&str> {
    let text = line.strip_prefix("- ").or_else(|| {
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.strip_prefix(". ").filter(|_| rest.len() < line.len())
    })?;
    line.get(..line.len() - text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_fit_and_the_rest_is_kept() {
        let markdown = "# The sandbox, a stand-in tenant on this machine\n\nIt responds as the API is \
                        documented to, and\nit can inject faults.\n- An item of a list that is \
                        long, with\n  `code = \"in one piece\"` in it\n- Another one\n\n9. An item of a \
                        numbered list that is\n   long\n10. Another one, of 2. words and a long \
                        text\n\n```toml\n\
                        a = \"a line of code that is not broken\"\n```\n| a table | with cells | and \
                        cells |";
        insta::assert_snapshot!(reflow(markdown, 40), @r#"
        # The sandbox, a stand-in tenant on this machine

        It responds as the API is documented to,
        and it can inject faults.
        - An item of a list that is long, with
          `code = "in one piece"` in it
        - Another one

        9. An item of a numbered list that is
           long
        10. Another one, of 2. words and a long
            text

        ```toml
        a = "a line of code that is not broken"
        ```
        | a table | with cells | and cells |
        "#);
    }
}
