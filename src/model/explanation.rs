//! Explanations of the problem codes: what a code means, why it matters, how to fix it, and an
//! example before and after.
//!
//! The texts are in `explanations.md`, a section for each code; titles and severities are those of
//! the codes. Printed by `orderferry explain`.

use super::problem::Code;

/// The explanations of all codes, as Markdown.
const EXPLANATIONS: &str = include_str!("explanations.md");

/// The explanation of a code. Its texts are Markdown in lines of at most 78 characters; none is
/// empty, as a test ensures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What is found, more exactly than the title says it.
    pub what: &'static str,
    /// Why it matters, with the rule of the manual if there is one.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// An example with the problem.
    pub before: Vec<ExampleBlock>,
    /// What is other in the example without the problem.
    pub after: Vec<ExampleBlock>,
}

/// A part of an example: rows of the export, lines of the profile, or a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExampleBlock {
    /// `csv`, `json`, `toml` or `sh`.
    pub kind: &'static str,
    /// The name of the file, where an example has several of a kind.
    pub file: Option<&'static str>,
    /// Its lines, each with its line end.
    pub text: &'static str,
}

impl Explanation {
    /// Returns the explanation of a code.
    #[must_use]
    pub fn of(code: Code) -> Self {
        let section = below(EXPLANATIONS, "\n## ", code.as_str());
        let part = |name| below(section, "\n### ", name).trim();
        Self {
            what: section.split("\n### ").next().unwrap_or_default().trim(),
            why: part("Why"),
            fix: part("Fix"),
            before: blocks(part("Before")),
            after: blocks(part("After")),
        }
    }
}

/// The text below a heading, up to the next heading of its level, which begins with `mark`.
fn below(text: &'static str, mark: &str, heading: &str) -> &'static str {
    let found = |section: &'static str| section.strip_prefix(heading)?.strip_prefix('\n');
    text.split(mark).skip(1).find_map(found).unwrap_or_default()
}

/// The fenced blocks of a text.
fn blocks(text: &'static str) -> Vec<ExampleBlock> {
    let fenced = text.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
    let block = |(info, text): (&'static str, _)| match info.split_once(' ') {
        Some((kind, file)) => ExampleBlock { kind, file: Some(file), text },
        None => ExampleBlock { kind: info, file: None, text },
    };
    fenced.map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest lines of texts and of examples, which are indented by two and by four blanks.
    const MAX_TEXT_CHARS: usize = 78;
    const MAX_EXAMPLE_CHARS: usize = 76;

    #[test]
    fn every_code_has_all_parts() {
        for code in Code::ALL {
            let Explanation { what, why, fix, before, after } = Explanation::of(*code);
            for (part, text) in [("what", what), ("why", why), ("fix", fix)] {
                assert!(text.ends_with(['.', ')']), "{code}: {part} is no sentence: {text:?}");
                assert!(!text.contains("```"), "{code}: {part} has an example");
                for line in text.lines() {
                    assert!(line.chars().count() <= MAX_TEXT_CHARS, "{code}: too long: {line}");
                }
            }
            for (part, blocks) in [("before", before), ("after", after)] {
                assert!(!blocks.is_empty(), "{code} has no example {part}");
                for ExampleBlock { kind, text, .. } in blocks {
                    assert!(["csv", "json", "toml", "sh"].contains(&kind), "{code}: {kind:?}");
                    assert!(!text.trim().is_empty(), "{code}: an empty block {part}");
                    for line in text.lines() {
                        let is_short = line.chars().count() <= MAX_EXAMPLE_CHARS;
                        assert!(is_short, "{code}: too long: {line}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_section_is_of_a_code() {
        let mut headings = EXPLANATIONS.lines().filter_map(|line| line.strip_prefix("## "));
        let codes = Code::ALL.iter().map(|code| code.as_str());
        assert!(headings.by_ref().eq(codes), "the sections have another order than the codes");
        let parts: Vec<_> =
            EXPLANATIONS.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        let expected = ["Why", "Fix", "Before", "After"];
        assert!(parts.chunks(expected.len()).all(|parts| parts == expected));
    }

    #[test]
    fn titles_are_short_sentences() {
        for code in Code::ALL {
            let title = code.title();
            let is_sentence = title.ends_with('.') && title.starts_with(char::is_uppercase);
            assert!(is_sentence && title.len() <= 49, "{code}: {title:?}");
        }
    }
}
