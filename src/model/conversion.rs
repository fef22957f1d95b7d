//! Conversion: a command that converts a file, for hints.
//!
//! Used by `shuffle`, which finds out what is unusual about a file.

use std::path::Path;

use super::shell::shell_path;

/// A command that reads standard input, for a file, with its output in another file: `>` would
/// empty the one that is read.
#[must_use]
pub fn conversion(command: &str, file: &str) -> String {
    // Standard input has no name.
    let file = if file == "-" { "FILE" } else { file };
    let unpacked = [(".gz", "gzip"), (".zst", "zstd")].into_iter().find_map(|(ending, program)| {
        let n_bytes = file.len().checked_sub(ending.len())?;
        let (name, end) = file.split_at_checked(n_bytes)?;
        end.eq_ignore_ascii_case(ending).then_some((name, program))
    });
    let input = shell_path(file);
    let name = unpacked.map_or(file, |(name, _)| name);
    let output = Path::new(name).with_extension("lines.ndjson");
    let output = shell_path(&output.to_string_lossy()).into_owned();
    match unpacked {
        Some((_, program)) => format!("{program} -dc {input} | {command} > {output}"),
        None => format!("{command} < {input} > {output}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_another_file_than_the_input() {
        for (file, command) in [
            ("my orders.json", "jq < 'my orders.json' > 'my orders.lines.ndjson'"),
            ("in/orders.ndjson", "jq < in/orders.ndjson > in/orders.lines.ndjson"),
            ("a.lines.ndjson", "jq < a.lines.ndjson > a.lines.lines.ndjson"),
            ("-x.json", "jq < ./-x.json > ./-x.lines.ndjson"),
            ("a.json.GZ", "gzip -dc a.json.GZ | jq > a.lines.ndjson"),
            ("a.zst", "zstd -dc a.zst | jq > a.lines.ndjson"),
            ("-", "jq < FILE > FILE.lines.ndjson"),
        ] {
            assert_eq!(conversion("jq", file), command);
        }
    }
}
