//! Values of a run: what options and settings say, each value in its range, and the profile.
//!
//! Precedence: option, environment, file, default. All errors are found before one is shown; what
//! depends on a wrong value is not checked. Reads no input. Called by `spec`.

use std::{num::NonZeroU32, time::Duration};

use chrono::{DateTime, Utc};

use super::{
    args::{PaceArguments, ReadArguments, SendArguments, TargetArguments},
    config::{ConfigFile, LoadedConfig, TargetSettings},
    error_list::ErrorList,
    profile_files, ranges,
    setting_names::CONFIG,
    values::{ByteSize, Rate},
};
use crate::{
    map::{ParsedProfile, profile::Profile},
    model::{field::Field, route::Mode, rules::CommonDefaults, source_text::error_outside_files},
    pipeline, stream,
    validate::{self, ValidateSettings},
};

/// Point of sale and default client key of an embedded sandbox.
pub(super) const SANDBOX: &str = "sandbox";

const DEFAULT_PROFILE: &str = "canonical";
const DEFAULT_RATE: Rate = Rate(Some(20));
const DEFAULT_IN_FLIGHT: usize = 64;
const DEFAULT_IDENTITY_PAUSE: Duration = Duration::from_millis(500);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Common front ends allow 8 KiB of request line.
const DEFAULT_MAX_URL_BYTES: usize = 8192;

/// Default memory budget for sorting and grouping.
const DEFAULT_MEMORY: ByteSize = ByteSize(256_000_000);

/// The values of options and settings that are checked.
pub(super) struct RunValues {
    pub(super) target: TargetSettings,
    /// The name or the path of the profile.
    pub(super) profile_name: String,
    pub(super) profile: Profile,
    /// Requests a second; `None` is unlimited.
    pub(super) rate: Option<NonZeroU32>,
    pub(super) in_flight: usize,
    pub(super) identity_pause: Duration,
    pub(super) memory: ByteSize,
    pub(super) max_url_bytes: usize,
}

/// What the orders of a run are checked or sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Receiver {
    /// Nothing is sent, so a target may be missing.
    AnyTarget,
    /// The target of the settings.
    Target,
    /// A sandbox in this process.
    Sandbox,
}

impl RunValues {
    /// Whether it is known where orders are sent.
    pub(super) fn has_target(&self) -> bool {
        has_target(&self.target)
    }

    /// The mode: the target's, else the profile's.
    pub(super) fn mode(&self) -> Mode {
        mode(&self.target, &self.profile)
    }
}

/// Checks values of options and settings, and collects their errors.
pub(super) struct ValueChecks<'l> {
    pub(super) loaded: &'l LoadedConfig,
    pub(super) errors: ErrorList,
    /// Whether the target is among the settings.
    has_known_target: bool,
}

impl<'l> ValueChecks<'l> {
    /// `errors` are those of the settings.
    pub(super) fn new(loaded: &'l LoadedConfig, errors: ErrorList) -> Self {
        Self { loaded, errors, has_known_target: true }
    }

    /// Checks all values but the timeout.
    ///
    /// # Errors
    ///
    /// All errors, with those that were found before.
    pub(super) fn run_values(
        mut self,
        read: &ReadArguments,
        target: &TargetArguments,
        pace: &PaceArguments,
        receiver: Receiver,
        is_resumed: bool,
    ) -> anyhow::Result<RunValues> {
        let mut target = self.target(target);
        if receiver == Receiver::Sandbox {
            target.pos.get_or_insert_with(|| SANDBOX.to_owned());
        }
        self.joins(&read.join);
        let rate = self.rate(pace, &target, receiver);
        let in_flight = self.in_flight(pace);
        let identity_pause = self.identity_pause(pace);
        let (memory, max_url_bytes) = (self.memory(read), self.max_url_bytes(read));
        if receiver == Receiver::Target {
            self.require_target(&target);
        }
        let named = read.profile.as_deref().or(self.settings().profile.as_deref());
        // A saved plan holds mapped orders: the profile that made them may be gone or wrong by
        // now.
        let (name, answers) = if is_resumed { (None, &[][..]) } else { (named, &read.answer[..]) };
        let profile_name = name.unwrap_or(DEFAULT_PROFILE).to_owned();
        let profile = self.profile(&profile_name, answers, &read.join);
        // A saved plan was checked when it was written.
        if !is_resumed {
            self.completeness(&target, profile.as_ref());
        }
        match profile {
            Some(profile) if self.errors.is_empty() => Ok(RunValues {
                target,
                profile_name,
                profile,
                rate,
                in_flight,
                identity_pause,
                memory,
                max_url_bytes,
            }),
            _ => Err(self.errors.into_error().into()),
        }
    }

    /// The time to wait for one response.
    pub(super) fn timeout(&mut self, arguments: &SendArguments) -> Duration {
        let set = self.settings().timeout.map(|span| span.0);
        let timeout = arguments.timeout.or(set).unwrap_or(DEFAULT_TIMEOUT);
        self.keep("timeout", ranges::check_timeout(timeout));
        timeout
    }

    fn settings(&self) -> &'l ConfigFile {
        &self.loaded.settings
    }

    /// The value of a setting, whose error is kept.
    pub(super) fn value<T>(&mut self, name: &str, found: anyhow::Result<T>) -> Option<T> {
        found.map_err(|error| self.keep(name, Err(format!("{error:#}")))).ok()
    }

    /// Keeps the error of the value of a setting.
    pub(super) fn keep(&mut self, name: &str, checked: Result<(), String>) {
        if let Err(message) = checked {
            self.errors.add(self.loaded.origins.error(name, &message));
        }
    }

    /// Keeps the error of a setting that the target lacks.
    fn keep_missing(&mut self, name: &str, message: &str) {
        self.errors.add(self.loaded.origins.error_of_missing(name, message));
    }

    /// Checks that `--join` names no join twice.
    fn joins(&mut self, joins: &[(String, String)]) {
        for (index, (name, file)) in joins.iter().enumerate() {
            if joins[..index].iter().any(|(known, _)| known == name) {
                let message = format!(
                    "the join {name:?} has a file already; expected one\n  hint: several files are \
                     a pattern such as 'items-*.csv', in quotes"
                );
                let place = format!("--join {name}={file}");
                self.errors.add(error_outside_files(CONFIG, &place, "", &message));
            }
        }
    }

    fn target(&mut self, arguments: &TargetArguments) -> TargetSettings {
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
        let target = match self.loaded.target(arguments.to.as_deref()) {
            Ok(target) => typed.or(&target),
            Err(message) => {
                self.has_known_target = false;
                self.keep("to", Err(message));
                typed.or(&TargetSettings::default())
            }
        };
        if let Some(base_url) = &target.base_url {
            self.keep("base_url", ranges::check_base_url(base_url));
        }
        target
    }

    fn rate(
        &mut self,
        arguments: &PaceArguments,
        values: &TargetSettings,
        receiver: Receiver,
    ) -> Option<NonZeroU32> {
        let rate = arguments.rate.or(self.settings().rate).unwrap_or(DEFAULT_RATE);
        let checked = match ranges::check_rate(rate) {
            Ok(None) if receiver != Receiver::Sandbox && has_target(values) => {
                check_unlimited(values)
            }
            checked => checked.map(drop),
        };
        self.keep("rate", checked);
        ranges::check_rate(rate).ok().flatten()
    }

    fn in_flight(&mut self, arguments: &PaceArguments) -> usize {
        let in_flight = arguments.in_flight.or(self.settings().in_flight);
        let in_flight = in_flight.unwrap_or(DEFAULT_IN_FLIGHT);
        self.keep("in_flight", ranges::check_in_flight(in_flight));
        in_flight
    }

    fn identity_pause(&mut self, arguments: &PaceArguments) -> Duration {
        let set = self.settings().identity_pause.map(|span| span.0);
        let pause = arguments.identity_pause.or(set).unwrap_or(DEFAULT_IDENTITY_PAUSE);
        self.keep("identity_pause", ranges::check_identity_pause(pause));
        pause
    }

    fn memory(&mut self, arguments: &ReadArguments) -> ByteSize {
        let memory = arguments.memory.or(self.settings().memory).unwrap_or(DEFAULT_MEMORY);
        self.keep("memory", ranges::check_memory(memory));
        memory
    }

    fn max_url_bytes(&mut self, arguments: &ReadArguments) -> usize {
        let n = arguments.max_url_bytes.or(self.settings().max_url_bytes);
        let n = n.unwrap_or(DEFAULT_MAX_URL_BYTES);
        self.keep("max_url_bytes", ranges::check_max_url_bytes(n));
        n
    }

    fn require_target(&mut self, values: &TargetSettings) {
        let to = self.loaded.origins.target_name();
        // Of a wrong one there is an error already.
        if values.base_url.is_none() {
            if self.is_known("base_url") {
                self.keep_missing("base_url", &self.loaded.no_target(to));
            }
        } else if values.client_key.is_none() && self.is_known("client_key") {
            self.keep_missing("client_key", &self.loaded.no_client_key(to));
        }
    }

    /// Loads the profile as far as it is right; its errors are kept.
    fn profile(
        &mut self,
        name: &str,
        answers: &[String],
        joins: &[(String, String)],
    ) -> Option<Profile> {
        match profile_files::load(name, answers, joins) {
            Ok(ParsedProfile { profile, errors, .. }) => {
                self.errors.extend_of_profile(name, answers, errors);
                profile
            }
            Err(error) => {
                self.keep("profile", Err(profile_files::load_message(&error)));
                None
            }
        }
    }

    /// Whether the value of a setting of the target is known: nothing that may set it is wrong.
    fn is_known(&self, name: &str) -> bool {
        self.has_known_target && self.loaded.is_known(name)
    }

    /// Checks what would make every order invalid.
    fn completeness(&mut self, values: &TargetSettings, profile: Option<&Profile>) {
        let common = common_defaults(values);
        for (field, message) in validate::default_errors(&common) {
            self.keep(&field.short_name(), Err(message));
        }
        let Some(profile) = profile else { return };
        let settings = validate_settings(&self.loaded.settings, values, profile, Utc::now());
        let has_known_mode = self.is_known("mode") && !profile.is_wrong(&["mode"]);
        let mode = has_known_mode.then(|| mode(values, profile));
        self.errors.extend(pipeline::profile_errors(profile, mode, &settings));
        self.check_pos(&common, profile);
    }

    /// Checks that a point of sale may be found.
    // The canonical profile has a rule for it, so only the export shows whether it has a value.
    fn check_pos(&mut self, common: &CommonDefaults, profile: &Profile) {
        if common.pos.is_none() && self.is_known("pos") && profile.lacks_rule(&Field::EventPos) {
            let message = "no point of sale; an order needs one, and neither the settings nor the \
                           profile have it\n  hint: set it with --pos";
            self.keep_missing("pos", message);
        }
    }
}

fn has_target(values: &TargetSettings) -> bool {
    values.base_url.is_some() && values.client_key.is_some()
}

fn mode(values: &TargetSettings, profile: &Profile) -> Mode {
    values.mode.or(profile.mode).unwrap_or_default()
}

/// What the user's settings and the profile say about valid orders.
pub(super) fn validate_settings(
    settings: &ConfigFile,
    target: &TargetSettings,
    profile: &Profile,
    now: DateTime<Utc>,
) -> ValidateSettings {
    ValidateSettings {
        common: common_defaults(target),
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

/// The attributes of events for orders whose export has none.
fn common_defaults(values: &TargetSettings) -> CommonDefaults {
    let TargetSettings { channel, language, currency, page, pos, .. } = values.clone();
    CommonDefaults { channel, language, currency, page, pos }
}

/// Checks that a rate without a limit is for this machine.
fn check_unlimited(values: &TargetSettings) -> Result<(), String> {
    // A base URL that is wrong is an error of its own.
    let base_url = values.base_url.as_deref().unwrap_or_default();
    match stream::target(base_url, "key") {
        Ok(target) if !stream::is_loopback(&target) => Err(
            "an unlimited rate is for targets on this machine only\n  hint: ask Sitecore which \
             rate your tenant allows"
                .to_owned(),
        ),
        _ => Ok(()),
    }
}
