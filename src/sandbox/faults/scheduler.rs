//! Fault scheduler: selects the faults of incoming requests by how often each came before, and
//! counts the injected ones.
//!
//! It does no I/O and injects nothing itself. Called by `fault_injector`, which applies the
//! decisions.

use std::collections::{BTreeMap, HashMap};

use super::decide::{FaultDecision, Faults};
use super::request_key::{LastAddByBrowser, RequestContent, RequestKey};

/// Selects the faults of incoming requests: keeps how often each request came and which ADD it
/// follows, and counts the injected faults.
#[derive(Debug)]
pub(in crate::sandbox) struct FaultScheduler {
    faults: Faults,
    last_adds: LastAddByBrowser,
    n_received: HashMap<RequestKey, u32>,
    injected: BTreeMap<String, u64>,
}

impl FaultScheduler {
    pub(in crate::sandbox) fn new(faults: Faults) -> Self {
        Self {
            faults,
            last_adds: LastAddByBrowser::default(),
            n_received: HashMap::new(),
            injected: BTreeMap::new(),
        }
    }

    pub(in crate::sandbox) fn next_fault(&mut self, content: RequestContent) -> FaultDecision {
        let key = self.last_adds.key_of(content);
        let n_received = self.n_received.entry(key).or_default();
        let decision = self.faults.decide(key, *n_received);
        *n_received += 1;
        if let Some(fault) = decision.fault {
            self.count(fault.setting_name(), 1);
        }
        decision
    }

    /// Counts an outage that dropped `n_cut_off` responses.
    pub(in crate::sandbox) fn count_outage(&mut self, n_cut_off: u64) {
        self.count("outage".to_owned(), 1);
        self.count("outage.cut_off".to_owned(), n_cut_off);
    }

    /// Number of injected faults by the names of their settings.
    pub(in crate::sandbox) fn injected(&self) -> BTreeMap<String, u64> {
        self.injected.clone()
    }

    fn count(&mut self, name: String, n: u64) {
        *self.injected.entry(name).or_default() += n;
    }
}
