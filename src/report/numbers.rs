//! Number formatting for people: grouped digits, percentages, durations, sizes, aligned tables.
//!
//! Pure functions. Files for scripts never use them. Called by `terminal`, `page` and `estimate`,
//! and by `pipeline` and `cli` for messages.

use std::time::Duration;

use crate::model::problem::Severity;

/// Inserts commas between the thousands of decimal text: `-1234567.80` becomes `-1,234,567.80`.
#[must_use]
pub fn group_digits(number: &str) -> String {
    // Works on text: an exact sum can have more digits than any number type.
    let (whole, fraction) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut text = String::with_capacity(number.len() + whole.len() / 3);
    for (index, character) in whole.char_indices() {
        let remaining = whole.len() - index;
        if remaining % 3 == 0 && text.ends_with(|last: char| last.is_ascii_digit()) {
            text.push(',');
        }
        text.push(character);
    }
    text + fraction
}

/// Formats a count with commas between the thousands.
#[must_use]
pub fn count(n: u64) -> String {
    group_digits(&n.to_string())
}

/// Formats a count and its noun: `1 row`, `1,200 rows`.
#[must_use]
pub fn with_unit(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// Formats `part` of `whole` as a percentage with one decimal. A part that is not zero is never
/// shown as `0.0 %`, and a part that is not the whole never as `100.0 %`.
#[must_use]
#[allow(clippy::cast_precision_loss)] // one decimal is shown
pub fn share(part: u64, whole: u64) -> String {
    match part {
        0 => "0 %".to_owned(),
        _ if part == whole => "100 %".to_owned(),
        _ => format!("{:.1} %", (part as f64 * 100.0 / whole as f64).clamp(0.1, 99.9)),
    }
}

/// Formats a duration: below a minute as `2.3 s`, above in whole seconds as `3m 12s`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    if duration < Duration::from_secs(60) {
        return format!("{:.1} s", duration.as_secs_f64());
    }
    humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string()
}

/// Formats a size in bytes, kB, MB or GB (powers of 1000).
#[must_use]
#[allow(clippy::cast_precision_loss)] // one decimal is shown
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => with_unit(bytes, "byte"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// Alignment of a table column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// For text.
    Left,
    /// For numbers.
    Right,
}

/// Formats rows as lines with aligned columns, two spaces apart; each line is indented by two
/// spaces.
#[must_use]
pub fn table<const N: usize>(aligns: [Align; N], rows: &[[String; N]]) -> String {
    // In characters, not bytes: file names and reasons need not be ASCII.
    let widths: [usize; N] = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
    });
    let line = |row: &[String; N]| {
        let cells: Vec<String> = row
            .iter()
            .zip(aligns)
            .zip(widths)
            .map(|((cell, align), width)| match align {
                Align::Left => format!("{cell:width$}"),
                Align::Right => format!("{cell:>width$}"),
            })
            .collect();
        format!("  {}", cells.join("  ")).trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

pub(super) fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped_with_commas() {
        for (number, expected) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("-100", "-100"),
            ("-1234567.80", "-1,234,567.80"),
            ("8911407.9041234", "8,911,407.9041234"),
            ("", ""),
        ] {
            assert_eq!(group_digits(number), expected);
        }
        assert_eq!(
            (with_unit(1, "row"), with_unit(1_200, "row")),
            ("1 row".to_owned(), "1,200 rows".to_owned())
        );
    }

    #[test]
    fn share_never_rounds_to_zero_or_hundred() {
        for (part, whole, expected) in [
            (0, 0, "0 %"),
            (7, 7, "100 %"),
            (1, 3, "33.3 %"),
            (1, 100_000, "0.1 %"),
            (99_999, 100_000, "99.9 %"),
        ] {
            assert_eq!(share(part, whole), expected);
        }
    }

    #[test]
    fn durations_and_sizes_have_units() {
        assert_eq!(format_duration(Duration::from_millis(2_345)), "2.3 s");
        assert_eq!(format_duration(Duration::from_millis(192_345)), "3m 12s");
        assert_eq!(size(1), "1 byte");
        assert_eq!(size(1_234_567), "1.2 MB");
    }
}
