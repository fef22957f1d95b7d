//! Run specification: options and settings as a `RunSpec` for the pipeline.
//!
//! Precedence: option, environment, file, default. Checks that values fit each other, locates the
//! ledger and starts the embedded sandbox; reads no input. Called by `entry`; `ledger` resolves
//! ledger and target with it.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Error, bail};
use chrono::{DateTime, Local, Utc};
use tokio::{runtime::Runtime, sync::watch};

use super::{
    args::{CheckArguments, ReadArguments, SendArguments},
    config::{
        self, ConfigFile, LoadedConfig, ReusedReferences, TargetSettings, UnreadableRowsSetting,
    },
    error_list::ErrorList,
    faults, print, progress,
    run_values::{Receiver, RunValues, SANDBOX, ValueChecks, validate_settings},
    setting_names::CONFIG,
    setup::{run_setup, target_summary},
    signals,
    typed::TypedOptions,
    values::{OutputFormat, UnknownPolicy},
};
use crate::{
    dispatch,
    disposition::AgeLimit,
    ledger::{self, Consent, LedgerLocation},
    map::input_settings,
    model::{diagnostic::Diagnostic, source_text::error_outside_files, target::Target},
    pipeline::{ExplainSpec, RunSpec, SendSpec, ShowRows, settings_of_plan},
    read::ReadLimits,
    report::{TypedOption, WithPlan},
    sandbox::{self, Sandbox},
    storage::{ensure_creatable, open_storage},
    stream::{self, StreamSettings},
    validate,
};

const RUNS: &str = "orderferry-runs";

/// Placeholder for a check without a target; nothing is sent. It is the longest documented base
/// URL, so that URLs are as long as at any documented target.
const CHECK_BASE_URL: &str = "https://api-engage-jpe.sitecorecloud.io";
const CHECK_CLIENT_KEY: &str = "a-client-key-of-32-characters---";

const DEFAULT_TRIES: u32 = 5;

/// One less, so that few orders fail when the service is down for a while.
const DEFAULT_DOWN_AFTER: u32 = DEFAULT_TRIES - 1;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Builds the specification of a check, which sends nothing.
pub(super) fn check(
    arguments: &CheckArguments,
    typed: TypedOptions,
) -> anyhow::Result<RunSpec<'static>> {
    let CheckArguments { inputs, read, target, pace, .. } = arguments;
    let (mut errors, options) = (ErrorList::default(), typed.options.clone());
    let loaded = load(read, typed, &mut errors)?;
    let mut checks = ValueChecks::new(&loaded, errors);
    checks.keep("events", arguments.events.as_deref().map_or(Ok(()), ensure_new_file));
    let explain = explain(arguments);
    if read.format == OutputFormat::Json && !explain.is_empty() {
        checks.keep("format", Err(JSON_WITH_EXPLAIN.to_owned()));
    }
    let mut values = checks.run_values(read, target, pace, Receiver::AnyTarget, false)?;
    // Without a target the ledger cannot be searched: it knows orders by target and reference.
    let has_target = values.has_target();
    values.target.base_url.get_or_insert_with(|| CHECK_BASE_URL.to_owned());
    values.target.client_key.get_or_insert_with(|| CHECK_CLIENT_KEY.to_owned());
    let mut spec = RunSpec {
        has_target,
        events: arguments.events.clone(),
        explain,
        ..run_spec(inputs, read, options, &loaded, values)?
    };
    if has_target {
        let to = target.to.as_deref();
        spec.setup.target = Some(target_summary(&spec.service.target, to, false));
    } else if spec.ledger.has_ledger() {
        print::status(
            "warning: no base URL and client key, so orders are not compared with the ledger",
        );
    }
    Ok(spec)
}

/// `--format json` prints the summary and nothing else.
const JSON_WITH_EXPLAIN: &str = "--explain and --explain-first print texts, not JSON\n  \
                                 hint: leave --format out";

/// The orders to explain.
fn explain(arguments: &CheckArguments) -> ExplainSpec {
    ExplainSpec { references: arguments.explain.clone(), first: arguments.explain_first }
}

/// Checks that the file of the events can be created; one that exists may be an export.
// Before anything is read, which may take long.
fn ensure_new_file(path: &Path) -> Result<(), String> {
    if path.as_os_str() == "-" {
        let message = "events are not written to standard output; expected the name of a new file";
        return Err(message.to_owned());
    }
    ensure_creatable(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            "the file exists\n  hint: name a new file with --events".to_owned()
        }
        _ => format!(
            "the file cannot be created: {error}\n  \
             hint: name a new file in a folder that exists and is writable with --events"
        ),
    })
}

/// Builds the specification of a send and calls `run` with it; runtime and sandbox end after that.
pub(super) fn send(
    arguments: &SendArguments,
    typed: TypedOptions,
    run: impl FnOnce(&RunSpec<'_>) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    let SendArguments { inputs, read, target, .. } = arguments;
    let (mut errors, options) = (ErrorList::default(), typed.options.clone());
    let plan = arguments.resume.as_deref().map(|run| settings_of_plan(run, &open_storage()));
    let decided = plan.as_ref().map(|plan| {
        let settings = plan.as_ref().ok().and_then(Option::as_ref);
        errors_with_resume(&typed, settings)
    });
    let loaded = load(read, typed, &mut errors)?;
    errors.extend(decided.into_iter().flatten());
    let mut checks = ValueChecks::new(&loaded, errors);
    checks.value("resume", plan.transpose().map_err(Error::from));
    let SendValues { mut values, timeout, ledger, faults } = send_values(arguments, checks)?;
    let runtime = Runtime::new().context("cannot start the async runtime")?;
    let sandbox = arguments
        .sandbox
        .then(|| start_sandbox(target.client_key.as_deref(), faults, &mut values, &runtime))
        .transpose()?;
    let dispatch = dispatch_settings(&loaded.settings, values.in_flight);
    let mut spec = run_spec(inputs, read, options, &loaded, values)?;
    let to = target.to.as_deref();
    spec.setup.target = Some(target_summary(&spec.service.target, to, sandbox.is_some()));
    spec.ledger = ledger.unwrap_or_else(|| {
        let own = ledger::in_folder(&spec.folder, None);
        spec.setup.command_line.own_ledger = Some(own.to_string());
        own
    });
    // Imported history may trigger live campaigns; a sandbox has none.
    if arguments.backfill || sandbox.is_some() {
        spec.age_limit = None;
    }
    spec.send = Some(SendSpec {
        resume_from: arguments.resume.clone(),
        consent: consent(arguments),
        limit: arguments.limit,
        resends_unknown: arguments.unknown == UnknownPolicy::Resend,
        shutdown_signal: listen_for_shutdown(arguments, &spec, &dispatch, &runtime),
        dispatch,
        timeout,
        runtime: &runtime,
        sandbox: sandbox.as_ref(),
    });
    let code = run(&spec);
    if let Some(sandbox) = sandbox {
        runtime.block_on(sandbox.stop());
    }
    code
}

/// The values of a send that are checked.
struct SendValues {
    values: RunValues,
    timeout: Duration,
    /// Where the ledger is; none if it belongs to this run only.
    ledger: Option<Box<dyn LedgerLocation>>,
    /// What the sandbox injects.
    faults: Option<sandbox::Faults>,
}

fn send_values(
    arguments: &SendArguments,
    mut checks: ValueChecks<'_>,
) -> anyhow::Result<SendValues> {
    let SendArguments { read, target, pace, .. } = arguments;
    let faults = faults::load(arguments.faults.as_deref(), &arguments.fault, &mut checks.errors);
    // The sandbox forgets its orders when the process ends, so its ledger belongs to this run
    // only.
    let has_own_ledger = arguments.sandbox && read.ledger.is_none();
    let located = (!has_own_ledger).then(|| locate_ledger(read.ledger.as_deref(), checks.loaded));
    let ledger = located.and_then(|located| checks.value("ledger", located));
    let timeout = checks.timeout(arguments);
    let receiver = if arguments.sandbox { Receiver::Sandbox } else { Receiver::Target };
    let values = checks.run_values(read, target, pace, receiver, arguments.resume.is_some())?;
    Ok(SendValues { values, timeout, ledger, faults })
}

fn consent(arguments: &SendArguments) -> Consent {
    // The sandbox and its ledger are always new.
    if arguments.sandbox {
        return Consent::NotNeeded;
    }
    Consent::Given { new_ledger: arguments.new_ledger, new_target: arguments.new_target }
}

/// Starts to listen for what ends a send early.
fn listen_for_shutdown(
    arguments: &SendArguments,
    spec: &RunSpec<'_>,
    dispatch: &dispatch::DispatchSettings,
    runtime: &Runtime,
) -> watch::Receiver<Option<String>> {
    let (shutdown, signal) = watch::channel(None);
    // Counted from here, so that the deadline covers reading and checking too.
    let deadline = arguments.deadline.map(|deadline| deadline.time_left(Local::now()));
    let abort = signals::Abort {
        gauge: Arc::clone(&dispatch.gauge),
        line: spec.setup.command_line.clone(),
        run_id: spec.run_id.clone(),
        folder: spec.folder.to_string_lossy().into_owned(),
        is_progress_shown: progress::is_shown(arguments.read.quiet),
    };
    runtime.spawn(signals::request_shutdown(shutdown, deadline, abort));
    signal
}

/// The errors of what was typed although the saved plan has decided it, or otherwise than the plan
/// has it. What the config file and the environment say of it is for other runs, so it is no
/// error.
fn errors_with_resume(
    typed: &TypedOptions,
    plan: Option<&BTreeMap<String, String>>,
) -> Vec<Diagnostic> {
    // A plan that was made without an option has its default.
    let value_in = |plan: &BTreeMap<String, String>, name: &str| {
        plan.get(name).cloned().or_else(|| validate::built_in_default(name).map(str::to_owned))
    };
    let is_other = |option: &TypedOption| {
        plan.is_some_and(|plan| value_in(plan, &option.setting()) != option.value)
    };
    let refused = typed.options.iter().filter(|option| match option.with_plan() {
        WithPlan::Refused => true,
        WithPlan::Repeated => is_other(option),
        WithPlan::Used => false,
    });
    let decided = refused.map(|option| {
        let name = option.setting();
        let by_set = (option.name == "set").then(|| format!("--set {name}"));
        (by_set.or_else(|| typed.shown(&option.name)).unwrap_or_default(), name)
    });
    let mut decided: Vec<_> = decided.collect();
    // Of several answers the first one is shown.
    decided.dedup();
    let error = |(place, name): (String, String)| {
        let of_plan = plan.and_then(|plan| value_in(plan, &name));
        let has = of_plan.map_or_else(String::new, |value| format!(": {value:?}"));
        let message = format!(
            "{name} cannot be changed with --resume; the saved plan has decided it{has}\n  \
             hint: leave it out, or send the export again"
        );
        error_outside_files(CONFIG, &place, "", &message)
    };
    decided.into_iter().map(error).collect()
}

fn load(
    arguments: &ReadArguments,
    typed: TypedOptions,
    errors: &mut ErrorList,
) -> anyhow::Result<LoadedConfig> {
    config::load(arguments.config.as_deref(), environment(), &arguments.set, typed, errors)
}

/// The settings of a command that has no other options of them. `errors` are those of its options.
fn load_settings(
    config: Option<&Path>,
    set: &[String],
    mut errors: ErrorList,
) -> anyhow::Result<LoadedConfig> {
    let loaded = config::load(config, environment(), set, TypedOptions::default(), &mut errors)?;
    errors.ensure_none()?;
    Ok(loaded)
}

fn environment() -> impl Iterator<Item = (String, String)> {
    // A variable that is not valid Unicode is not a setting; `std::env::vars` would panic.
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Starts the sandbox and makes it the target; only the event attributes of the configured target
/// are kept.
fn start_sandbox(
    client_key: Option<&str>,
    faults: Option<sandbox::Faults>,
    values: &mut RunValues,
    runtime: &Runtime,
) -> anyhow::Result<Sandbox> {
    let max_url_bytes = values.max_url_bytes;
    let settings =
        sandbox::SandboxSettings { max_url_bytes, faults, ..sandbox::SandboxSettings::default() };
    let sandbox = runtime.block_on(Sandbox::start(settings)).context("cannot start the sandbox")?;
    values.target.base_url = Some(sandbox.base_url());
    values.target.client_key = Some(client_key.unwrap_or(SANDBOX).to_owned());
    Ok(sandbox)
}

fn run_spec(
    inputs: &[String],
    arguments: &ReadArguments,
    typed: Vec<TypedOption>,
    loaded: &LoadedConfig,
    values: RunValues,
) -> anyhow::Result<RunSpec<'static>> {
    let started_at = Utc::now();
    let run_id = run_id(started_at);
    let settings = &loaded.settings;
    let service = stream_settings(loaded, &values)?;
    let RunValues { target, profile_name, mut profile, memory, .. } = values;
    if let Some(encoding) = arguments.encoding {
        profile.files.encoding = encoding;
    }
    let accepts_unreadable = match settings.unreadable_rows {
        Some(rows) => rows == UnreadableRowsSetting::Accept,
        None => profile.unreadable_rows == input_settings::UnreadableRows::Accept,
    };
    Ok(RunSpec {
        setup: run_setup(inputs, typed, loaded, &target, &profile_name, &profile),
        started_at,
        inputs: inputs.to_vec(),
        joins: arguments.join.clone(),
        storage: open_storage(),
        accepts_unreadable,
        limits: read_limits(settings),
        memory: memory.0,
        folder: arguments.out.clone().unwrap_or_else(|| PathBuf::from(RUNS).join(&run_id)),
        events: None,
        explain: ExplainSpec::default(),
        show_rows: match arguments.format {
            OutputFormat::Json => ShowRows::Never,
            OutputFormat::Text if arguments.quiet => ShowRows::OnFailure,
            OutputFormat::Text => ShowRows::Always,
        },
        writes_csv: arguments.results_csv || settings.results_csv.unwrap_or(false),
        service,
        validate: validate_settings(settings, &target, &profile, started_at),
        max_invalid: arguments
            .max_invalid
            .or(settings.max_invalid)
            .map(|limit| limit.0)
            .unwrap_or_default(),
        age_limit: Some(AgeLimit {
            max_age: settings.backfill_after.map_or(30 * DAY, |span| span.0),
            skips_older: settings.old_orders == config::OldOrdersSetting::Skip,
        }),
        sends_reused_references: settings.reused_references == ReusedReferences::Send,
        changed_exit: settings.changed_exit,
        // A check without a location for a ledger compares with none; `send` reports it as an
        // error.
        ledger: locate_ledger(arguments.ledger.as_deref(), loaded)
            .unwrap_or_else(|_| ledger::at_path(PathBuf::new())),
        has_target: true,
        send: None,
        run_id,
        profile,
    })
}

fn read_limits(settings: &ConfigFile) -> ReadLimits {
    let defaults = ReadLimits::default();
    ReadLimits {
        max_cell: settings.max_cell.map_or(defaults.max_cell, |size| size.0),
        max_record: settings.max_record.map_or(defaults.max_record, |size| size.0),
        max_columns: settings.max_columns.unwrap_or(defaults.max_columns),
        max_values: settings.max_values.unwrap_or(defaults.max_values),
        max_expansion: settings.max_expansion.unwrap_or(defaults.max_expansion),
    }
}

/// Returns the start time, so that run folders sort, and four random digits, so that two runs of
/// one second differ.
fn run_id(started_at: DateTime<Utc>) -> String {
    let random_hex = uuid::Uuid::new_v4().simple().to_string();
    format!("{}-{}", started_at.format("%Y%m%d-%H%M%S"), &random_hex[..4])
}

/// Returns the ledger that a run with the same options would use. `errors` are those of the
/// options.
pub(super) fn resolve_ledger(
    typed: Option<&Path>,
    config: Option<&Path>,
    set: &[String],
    errors: ErrorList,
) -> anyhow::Result<Box<dyn LedgerLocation>> {
    locate_ledger(typed, &load_settings(config, set, errors)?)
}

/// Returns the target that a run with the same options would send to.
pub(super) fn resolve_target(
    typed: TargetSettings,
    to: Option<&str>,
    config: Option<&Path>,
    set: &[String],
) -> anyhow::Result<Target> {
    let loaded = load_settings(config, set, ErrorList::default())?;
    target(&typed.or(&loaded.target(to).map_err(Error::msg)?), &loaded, to)
}

/// Locates the ledger: the named one, else next to the config file in use, else in the state
/// folder. Never in the working folder, which may be another one in the next run.
fn locate_ledger(
    typed: Option<&Path>,
    loaded: &LoadedConfig,
) -> anyhow::Result<Box<dyn LedgerLocation>> {
    let working_folder = Path::new("");
    let folder = loaded.folder.as_deref();
    let location = match (typed, &loaded.settings.ledger, folder, state_folder()) {
        (Some(typed), .., state_folder) => ledger::locate(typed, working_folder, state_folder)?,
        (None, Some(set), folder, state_folder) => {
            ledger::locate(set, folder.unwrap_or(working_folder), state_folder)?
        }
        (None, None, Some(folder), state_folder) => ledger::in_folder(folder, state_folder),
        (None, None, None, Some(state_folder)) => ledger::in_state_folder(state_folder),
        (None, None, None, None) => bail!(
            "no location for the ledger: neither XDG_STATE_HOME nor HOME is an absolute path\n  hint: name a file with --ledger"
        ),
    };
    Ok(location)
}

/// Returns the user's state folder of orderferry (XDG Base Directory Specification 0.8), if one is
/// known.
fn state_folder() -> Option<PathBuf> {
    // The specification: a relative path is invalid and is ignored.
    let folder =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let state_home =
        folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")));
    state_home.map(|state_home| state_home.join("orderferry"))
}

fn target(
    values: &TargetSettings,
    loaded: &LoadedConfig,
    to: Option<&str>,
) -> anyhow::Result<Target> {
    let Some(base_url) = &values.base_url else { bail!(loaded.no_target(to)) };
    let Some(client_key) = &values.client_key else { bail!(loaded.no_client_key(to)) };
    Ok(stream::target(base_url, client_key)?)
}

fn stream_settings(loaded: &LoadedConfig, values: &RunValues) -> anyhow::Result<StreamSettings> {
    let settings = &loaded.settings;
    Ok(StreamSettings {
        target: target(&values.target, loaded, loaded.origins.target_name())?,
        mode: values.mode(),
        max_url_bytes: values.max_url_bytes,
        confirm: values.target.confirm.unwrap_or_default(),
        session_timeout: session_timeout(settings),
        identity_pause: values.identity_pause,
        rate: values.rate,
        tries: settings.tries.unwrap_or(DEFAULT_TRIES),
        first_backoff: Duration::from_millis(500),
        retry_500: settings.repeat_after_500.unwrap_or(false),
    })
}

/// Returns how long an order assembled from several events may take. Services usually end a session
/// after half an hour, and the last request takes time too, so the default is 20 minutes.
fn session_timeout(settings: &ConfigFile) -> Duration {
    settings.session_timeout.map_or(20 * MINUTE, |span| span.0)
}

fn dispatch_settings(settings: &ConfigFile, in_flight: usize) -> dispatch::DispatchSettings {
    let down_after = settings.down_after.unwrap_or(DEFAULT_DOWN_AFTER);
    dispatch::DispatchSettings {
        in_flight,
        down_after,
        give_up_after: settings.give_up_after.map_or(10 * MINUTE, |span| span.0),
        gauge: Arc::default(),
    }
}
