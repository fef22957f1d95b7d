//! `orderferry sandbox`: serves a stand-in tenant until Ctrl-C.
//!
//! It does not respond to requests itself; `crate::sandbox` does. Called by `entry`; the sandbox
//! inside `send` is started by `spec`.

use std::process::ExitCode;

use anyhow::Context;

use super::{args::SandboxArguments, error_list::ErrorList, faults, print};
use crate::sandbox::{Sandbox, SandboxSettings};

/// Prints the sandbox's URL and serves it. `errors` are those of its options.
pub(super) fn run(arguments: &SandboxArguments, errors: ErrorList) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the sandbox")?;
    let settings = settings(arguments, errors)?;
    runtime.block_on(async {
        let sandbox = Sandbox::start(settings).await.context("cannot start the sandbox")?;
        print::output(&format!(
            "sandbox: {} (open it in a browser to see what arrived; Ctrl-C stops it)",
            sandbox.base_url()
        ))?;
        tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")?;
        sandbox.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

fn settings(
    arguments: &SandboxArguments,
    mut errors: ErrorList,
) -> anyhow::Result<SandboxSettings> {
    let faults = faults::load(arguments.faults.as_deref(), &arguments.fault, &mut errors);
    errors.ensure_none()?;
    Ok(SandboxSettings {
        port: arguments.port,
        client_key: arguments.client_key.clone(),
        pos: arguments.pos.clone(),
        max_url_bytes: arguments.max_url_bytes,
        session_timeout: arguments.session_timeout,
        faults,
    })
}
