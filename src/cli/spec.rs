//! Run specification: options and settings as a `RunSpec` for the pipeline.
//!
//! Precedence: option, environment, file, default. Checks that values fit each other, locates the
//! ledger and starts the embedded sandbox; reads no input. Called by `entry`; `ledger` resolves
//! ledger and target with it.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Error, bail, ensure};
use chrono::{DateTime, Local, Utc};
use tokio::{runtime::Runtime, sync::watch};

use super::{
    args::{CheckArguments, PaceArguments, ReadArguments, SendArguments, TargetArguments},
    completeness::ensure_complete,
    config::{
        self, ConfigFile, LoadedConfig, ReusedReferences, TargetSettings, UnreadableRowsSetting,
    },
    faults, print, profiles, progress, ranges,
    setup::{run_setup, target_summary},
    signals,
    values::{ByteSize, OutputFormat, Rate, UnknownPolicy},
};
use crate::{
    dispatch,
    disposition::AgeLimit,
    ledger::{self, Consent, LedgerLocation},
    map::{input_settings, profile::Profile},
    model::{field::Field, rules::CommonDefaults, target::Target},
    pipeline::{ExplainSpec, RunSpec, SendSpec, ShowRows},
    read::ReadLimits,
    report::TypedOption,
    sandbox::{self, Sandbox},
    storage::open_storage,
    stream::{self, StreamSettings},
    validate::ValidateSettings,
};

const DEFAULT_PROFILE: &str = "canonical";
const RUNS: &str = "orderferry-runs";

/// Common front ends allow 8 KiB of request line.
const DEFAULT_MAX_URL_BYTES: usize = 8192;

/// Placeholder for a check without a target; nothing is sent. It is the longest documented base
/// URL, so that URLs are as long as at any documented target.
const CHECK_BASE_URL: &str = "https://api-engage-jpe.sitecorecloud.io";
const CHECK_CLIENT_KEY: &str = "a-client-key-of-32-characters---";

/// Default client key and point of sale of an embedded sandbox.
const SANDBOX: &str = "sandbox";

const DEFAULT_TRIES: u32 = 5;

/// One less, so that few orders fail when the service is down for a while.
const DEFAULT_DOWN_AFTER: u32 = DEFAULT_TRIES - 1;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Builds the specification of a check, which sends nothing.
pub(super) fn check(
    arguments: &CheckArguments,
    typed: Vec<TypedOption>,
) -> anyhow::Result<RunSpec<'static>> {
    let loaded = load(&arguments.read)?;
    let mut values = target_values(&arguments.target, &loaded)?;
    // Without a target the ledger cannot be searched: it knows orders by target and reference.
    let has_target = values.base_url.is_some() && values.client_key.is_some();
    values.base_url.get_or_insert_with(|| CHECK_BASE_URL.to_owned());
    values.client_key.get_or_insert_with(|| CHECK_CLIENT_KEY.to_owned());
    let pace = pace(&arguments.pace, &loaded)?;
    let inputs = &arguments.inputs;
    let mut spec = RunSpec {
        has_target,
        events: new_file(arguments.events.as_deref())?,
        explain: explain(arguments)?,
        ..run_spec(inputs, &arguments.read, typed, &loaded, values, &pace)?
    };
    ensure_complete(&spec)?;
    if has_target {
        let to = arguments.target.to.as_deref();
        spec.setup.target = Some(target_summary(&spec.service.target, to, false));
        ensure_rate_allowed(pace.rate, &spec.service.target)?;
    } else if spec.ledger.has_ledger() {
        print::status(
            "warning: no base URL and client key, so orders are not compared with the ledger",
        );
    }
    Ok(spec)
}

/// The orders to explain. `--format json` prints the summary and nothing else.
fn explain(arguments: &CheckArguments) -> anyhow::Result<ExplainSpec> {
    let explain =
        ExplainSpec { references: arguments.explain.clone(), first: arguments.explain_first };
    let prints_json = arguments.read.format == OutputFormat::Json;
    let typed = match (explain.references.is_empty(), explain.first) {
        (true, 0) => None,
        (true, _) => Some("--explain-first"),
        (false, _) => Some("--explain"),
    };
    if let Some(typed) = typed.filter(|_| prints_json) {
        bail!(
            "the argument '{typed}' cannot be used with '--format json'\n  hint: leave --format out"
        );
    }
    Ok(explain)
}

/// The file of the events, which must not exist: it may be an export.
// Before anything is read, which may take long.
fn new_file(path: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    if let Some(path) = path.filter(|path| path.exists()) {
        bail!("{}: the file exists\n  hint: name a new file with --events", path.display());
    }
    Ok(path.map(Path::to_owned))
}

/// Builds the specification of a send and calls `run` with it; runtime and sandbox end after that.
pub(super) fn send(
    arguments: &SendArguments,
    typed: Vec<TypedOption>,
    run: impl FnOnce(&RunSpec<'_>) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    let loaded = load(&arguments.read)?;
    if arguments.resume.is_some() {
        ensure_allowed_with_resume(&arguments.read.set)?;
    }
    let mut values = target_values(&arguments.target, &loaded)?;
    let runtime = Runtime::new().context("cannot start the async runtime")?;
    let sandbox = arguments
        .sandbox
        .then(|| start_sandbox(arguments, &loaded, &mut values, &runtime))
        .transpose()?;
    let pace = pace(&arguments.pace, &loaded)?;
    let mut spec = run_spec(&arguments.inputs, &arguments.read, typed, &loaded, values, &pace)?;
    let to = arguments.target.to.as_deref();
    spec.setup.target = Some(target_summary(&spec.service.target, to, sandbox.is_some()));
    if arguments.resume.is_none() {
        ensure_complete(&spec)?;
    }
    spec.ledger = match (&sandbox, arguments.read.ledger.as_deref()) {
        // The sandbox forgets its orders when the process ends, so its ledger belongs to this run
        // only.
        (Some(_), None) => {
            let own = ledger::in_folder(&spec.folder, None);
            spec.setup.command_line.own_ledger = Some(own.to_string());
            own
        }
        (_, typed) => locate_ledger(typed, &loaded)?,
    };
    // Imported history may trigger live campaigns; a sandbox has none.
    if arguments.backfill || sandbox.is_some() {
        spec.age_limit = None;
    }
    let (shutdown, shutdown_signal) = watch::channel(None);
    // Counted from here, so that the deadline covers reading and checking too.
    let deadline = arguments.deadline.map(|deadline| deadline.time_left(Local::now()));
    runtime.spawn(signals::request_shutdown(
        shutdown,
        deadline,
        progress::is_shown(arguments.read.quiet),
    ));
    spec.send = Some(SendSpec {
        resume_from: arguments.resume.clone(),
        consent: match &sandbox {
            // The sandbox and its ledger are always new.
            Some(_) => Consent::NotNeeded,
            None => Consent::Given {
                new_ledger: arguments.new_ledger,
                new_target: arguments.new_target,
            },
        },
        limit: arguments.limit,
        resends_unknown: arguments.unknown == UnknownPolicy::Resend,
        shutdown_signal,
        dispatch: dispatch_settings(&loaded.settings, &spec.service, &pace)?,
        timeout: timeout(arguments, &loaded.settings)?,
        runtime: &runtime,
        sandbox: sandbox.as_ref(),
    });
    let code = run(&spec);
    if let Some(sandbox) = sandbox {
        runtime.block_on(sandbox.stop());
    }
    code
}

/// Refuses settings that the saved plan has already decided: how orders are sent.
fn ensure_allowed_with_resume(set: &[String]) -> anyhow::Result<()> {
    for path in set.iter().filter_map(|set| config::setting_path(set)) {
        let name = path.rsplit('.').next().unwrap_or_default();
        ensure!(
            !["mode", "confirm"].contains(&name),
            "the argument '--resume <RUN>' cannot be used with '--set {name}=…'"
        );
    }
    Ok(())
}

fn load(arguments: &ReadArguments) -> anyhow::Result<LoadedConfig> {
    load_settings(arguments.config.as_deref(), &arguments.set)
}

fn load_settings(config: Option<&Path>, set: &[String]) -> anyhow::Result<LoadedConfig> {
    // A variable that is not valid Unicode is not a setting; `std::env::vars` would panic.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    config::load(config, environment, set)
}

fn target_values(
    arguments: &TargetArguments,
    loaded: &LoadedConfig,
) -> anyhow::Result<TargetSettings> {
    let typed = TargetSettings {
        base_url: arguments.base_url.clone(),
        client_key: arguments.client_key.clone(),
        pos: arguments.pos.clone(),
        channel: arguments.channel.clone(),
        language: arguments.language.clone(),
        currency: arguments.currency.clone(),
        page: arguments.page.clone(),
        mode: arguments.mode,
        confirm: None,
    };
    Ok(typed.or(&loaded.target(arguments.to.as_deref())?))
}

/// Starts the sandbox and makes it the target; only the event attributes of the configured target
/// are kept.
fn start_sandbox(
    arguments: &SendArguments,
    loaded: &LoadedConfig,
    values: &mut TargetSettings,
    runtime: &Runtime,
) -> anyhow::Result<Sandbox> {
    let max_url_bytes = max_url_bytes(&arguments.read, loaded)?;
    let faults = faults::load(arguments.faults.as_deref(), &arguments.fault)?;
    let settings =
        sandbox::SandboxSettings { max_url_bytes, faults, ..sandbox::SandboxSettings::default() };
    let sandbox = runtime.block_on(Sandbox::start(settings)).context("cannot start the sandbox")?;
    values.base_url = Some(sandbox.base_url());
    values.client_key =
        Some(arguments.target.client_key.clone().unwrap_or_else(|| SANDBOX.to_owned()));
    values.pos.get_or_insert_with(|| SANDBOX.to_owned());
    Ok(sandbox)
}

fn max_url_bytes(arguments: &ReadArguments, loaded: &LoadedConfig) -> anyhow::Result<usize> {
    let max_url_bytes =
        arguments.max_url_bytes.or(loaded.settings.max_url_bytes).unwrap_or(DEFAULT_MAX_URL_BYTES);
    ranges::check_max_url_bytes(max_url_bytes).map_err(Error::msg)?;
    Ok(max_url_bytes)
}

fn run_spec(
    inputs: &[String],
    arguments: &ReadArguments,
    typed: Vec<TypedOption>,
    loaded: &LoadedConfig,
    values: TargetSettings,
    pace: &PaceSettings,
) -> anyhow::Result<RunSpec<'static>> {
    let started_at = Utc::now();
    let run_id = run_id(started_at);
    let settings = &loaded.settings;
    let profile_name =
        arguments.profile.as_deref().or(settings.profile.as_deref()).unwrap_or(DEFAULT_PROFILE);
    let profile = profiles::load(profile_name)?;
    let accepts_unreadable = match settings.unreadable_rows {
        Some(rows) => rows == UnreadableRowsSetting::Accept,
        None => profile.unreadable_rows == input_settings::UnreadableRows::Accept,
    };
    Ok(RunSpec {
        setup: run_setup(inputs, typed, loaded, &values, profile_name),
        started_at,
        inputs: inputs.to_vec(),
        storage: open_storage(),
        accepts_unreadable,
        limits: read_limits(settings),
        memory: memory(arguments, settings)?,
        folder: arguments.out.clone().unwrap_or_else(|| PathBuf::from(RUNS).join(&run_id)),
        events: None,
        explain: ExplainSpec::default(),
        show_rows: match arguments.format {
            OutputFormat::Json => ShowRows::Never,
            OutputFormat::Text if arguments.quiet => ShowRows::OnFailure,
            OutputFormat::Text => ShowRows::Always,
        },
        writes_csv: arguments.results_csv || settings.results_csv.unwrap_or(false),
        service: stream_settings(arguments, loaded, &values, &profile, pace)?,
        validate: validate_settings(settings, values, &profile, started_at),
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

/// Default memory budget for sorting and grouping.
const DEFAULT_MEMORY: ByteSize = ByteSize(256_000_000);

fn memory(arguments: &ReadArguments, settings: &ConfigFile) -> anyhow::Result<u64> {
    let memory = arguments.memory.or(settings.memory).unwrap_or(DEFAULT_MEMORY);
    ranges::check_memory(memory).map_err(Error::msg)?;
    Ok(memory.0)
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

/// Returns the ledger that a run with the same options would use.
pub(super) fn resolve_ledger(
    typed: Option<&Path>,
    config: Option<&Path>,
    set: &[String],
) -> anyhow::Result<Box<dyn LedgerLocation>> {
    locate_ledger(typed, &load_settings(config, set)?)
}

/// Returns the target that a run with the same options would send to.
pub(super) fn resolve_target(
    typed: TargetSettings,
    to: Option<&str>,
    config: Option<&Path>,
    set: &[String],
) -> anyhow::Result<Target> {
    target(&typed.or(&load_settings(config, set)?.target(to)?))
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

fn target(values: &TargetSettings) -> anyhow::Result<Target> {
    let Some(base_url) = &values.base_url else {
        bail!(
            "no target\n  hint: set --base-url and --client-key, or [target] in orderferry.toml; \
             --sandbox needs none"
        );
    };
    let Some(client_key) = &values.client_key else {
        bail!(
            "no client key\n  hint: set ORDERFERRY_CLIENT_KEY, or client_key of the target in \
             orderferry.toml"
        );
    };
    Ok(stream::target(base_url, client_key)?)
}

fn stream_settings(
    arguments: &ReadArguments,
    loaded: &LoadedConfig,
    values: &TargetSettings,
    profile: &Profile,
    pace: &PaceSettings,
) -> anyhow::Result<StreamSettings> {
    Ok(StreamSettings {
        target: target(values)?,
        mode: values.mode.or(profile.mode).unwrap_or_default(),
        max_url_bytes: max_url_bytes(arguments, loaded)?,
        confirm: values.confirm.unwrap_or_default(),
        session_timeout: session_timeout(&loaded.settings),
        identity_pause: pace.identity_pause,
        rate: pace.rate,
        tries: loaded.settings.tries.unwrap_or(DEFAULT_TRIES),
        first_backoff: Duration::from_millis(500),
        retry_500: loaded.settings.repeat_after_500.unwrap_or(false),
    })
}

fn validate_settings(
    settings: &ConfigFile,
    values: TargetSettings,
    profile: &Profile,
    now: DateTime<Utc>,
) -> ValidateSettings {
    let TargetSettings { channel, language, currency, page, pos, .. } = values;
    ValidateSettings {
        common: CommonDefaults { channel, language, currency, page, pos },
        has_quantities: profile.has_source(&Field::ItemQuantity),
        total_from: profile.order_price,
        price_basis: profile.item_price,
        target_price_basis: settings.item_price,
        severities: profile.severities.clone(),
        guest_attributes: profile.guest_attributes,
        earliest_order: profile.earliest_order,
        now,
    }
}

/// Pace of sending.
struct PaceSettings {
    /// Requests a second; `None` is unlimited.
    rate: Option<NonZeroU32>,
    in_flight: usize,
    identity_pause: Duration,
}

fn pace(arguments: &PaceArguments, loaded: &LoadedConfig) -> anyhow::Result<PaceSettings> {
    let settings = &loaded.settings;
    let Rate(rate) = arguments.rate.or(settings.rate).unwrap_or(Rate(NonZeroU32::new(20)));
    let in_flight = arguments.in_flight.or(settings.in_flight).unwrap_or(64);
    ranges::check_in_flight(in_flight).map_err(Error::msg)?;
    let pause = arguments.identity_pause.or(settings.identity_pause.map(|span| span.0));
    let identity_pause = pause.unwrap_or(Duration::from_millis(500));
    ranges::check_identity_pause(identity_pause).map_err(Error::msg)?;
    Ok(PaceSettings { rate, in_flight, identity_pause })
}

fn ensure_rate_allowed(rate: Option<NonZeroU32>, target: &Target) -> anyhow::Result<()> {
    ensure!(
        rate.is_some() || stream::is_loopback(target),
        "--rate unlimited is for targets on this machine only\n  hint: ask Sitecore which rate \
         your tenant allows"
    );
    Ok(())
}

/// Returns how long an order assembled from several events may take. Services usually end a session
/// after half an hour, and the last request takes time too, so the default is 20 minutes.
fn session_timeout(settings: &ConfigFile) -> Duration {
    settings.session_timeout.map_or(20 * MINUTE, |span| span.0)
}

fn dispatch_settings(
    settings: &ConfigFile,
    stream: &StreamSettings,
    pace: &PaceSettings,
) -> anyhow::Result<dispatch::DispatchSettings> {
    ensure_rate_allowed(stream.rate, &stream.target)?;
    let down_after = settings.down_after.unwrap_or(DEFAULT_DOWN_AFTER);
    Ok(dispatch::DispatchSettings {
        in_flight: pace.in_flight,
        down_after,
        give_up_after: settings.give_up_after.map_or(10 * MINUTE, |span| span.0),
        gauge: Arc::default(),
    })
}

fn timeout(arguments: &SendArguments, settings: &ConfigFile) -> anyhow::Result<Duration> {
    let timeout = arguments
        .timeout
        .or(settings.timeout.map(|span| span.0))
        .unwrap_or(Duration::from_secs(30));
    ranges::check_timeout(timeout).map_err(Error::msg)?;
    Ok(timeout)
}
