//! The `orderferry` program; everything is in the library.

use std::process::ExitCode;

/// With glibc's allocator sending unlimited reached 0.54 of a bare reqwest loop, with this one 0.74 (`benches/sending.rs`,
/// 2 cores).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    orderferry::cli::main()
}
