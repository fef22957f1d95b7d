//! The `orderferry` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    orderferry::cli::main()
}
