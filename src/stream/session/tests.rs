use std::{num::NonZeroU32, time::Duration};

use super::exceeds_session;
use crate::{
    model::field::Field,
    validate::tests::{TestSettings, found, multi_order, multi_settings, with_items},
};

#[test]
fn sequence_must_fit_half_the_session() {
    let at = |rate: u32, pause, n_items| {
        let settings = TestSettings {
            rate: NonZeroU32::new(rate),
            session_timeout: Duration::from_secs(20),
            identity_pause: Duration::from_secs(pause),
            ..multi_settings()
        };
        found(
            with_items(multi_order(&[(Field::Price, &format!("{}", n_items * 20))]), n_items),
            &settings,
        )
    };
    // A browser, IDENTITY, the ADDs, ADD_CONTACTS, CONFIRM, CHECKOUT.
    assert_eq!(at(5, 0, 45), [""; 0]);
    assert_eq!(at(5, 0, 46), ["sequence_too_slow -"]);
    assert_eq!(at(5, 2, 35), [""; 0]);
    assert_eq!(at(5, 2, 36), ["sequence_too_slow -"]);
    assert_eq!(at(0, 10, 90), [""; 0]);
    assert_eq!(at(0, 11, 1), ["sequence_too_slow -"]);
}

#[test]
fn too_slow_message_names_cause() {
    let reason = |rate: u32, pause, n_requests| {
        let rate = NonZeroU32::new(rate);
        let settings =
            TestSettings { rate, identity_pause: Duration::from_millis(pause), ..multi_settings() };
        exceeds_session(n_requests, &settings.stream()).unwrap_or_default()
    };
    insta::assert_snapshot!(reason(1, 500, 700), @"702 requests at 1/s take at least 702.5 s, more than half of a session, which ends after 1200 s; a higher rate may help (--rate)");
    insta::assert_snapshot!(reason(1, 60_000, 540), @"542 requests at 1/s and the pause of 60 s take at least 602 s, more than half of a session, which ends after 1200 s; a higher rate may help (--rate)");
    insta::assert_snapshot!(reason(0, 660_000, 8), @"the pause of 660 s takes at least 660 s, more than half of a session, which ends after 1200 s");
    insta::assert_snapshot!(reason(20, 500, 100), @"");
}
