//! Many deliveries at once in virtual time, against a wire and a journal that do as a test wants.

use std::{
    num::NonZeroU32,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::{
    Agenda, Arc, AttemptOutcome, Ended, Event, GuestParts, Journal, LeftCart, PlannedGuest, PlannedOrder, Settings,
    Settled, Target, Wire, run, watch,
};
use crate::{
    dispatch::{
        Heard,
        tests::{guest_of_many, planned_guest, settings},
    },
    model::{order::OrderId, outcome::Outcome, planned::EventText},
};

fn guests(n_guests: u32, orders_each: u32) -> impl Iterator<Item = Result<PlannedGuest, String>> + Send + 'static {
    (0..n_guests).map(move |guest| Ok(planned_guest(guest * orders_each, orders_each)))
}

/// Answers as documented after a while, unless told otherwise; remembers when requests started.
struct ScriptedWire<A> {
    starts: Arc<Mutex<Vec<Instant>>>,
    urls: Arc<Mutex<Vec<String>>>,
    answer: A,
}

impl<A: Fn(&str) -> Option<Heard> + Send + Sync + 'static> Wire for ScriptedWire<A> {
    async fn send(&self, url: String) -> Heard {
        self.starts.lock().unwrap().push(Instant::now());
        self.urls.lock().unwrap().push(url.clone());
        sleep(Duration::from_millis(20)).await;
        let body = Some("{\"status\":\"OK\",\"ref\":\"b\"}".to_owned());
        (self.answer)(&url).unwrap_or(Heard::Answer { status: 201, body, retry_after: None })
    }
}

/// Takes its time; fails after so many writes.
struct ScriptedJournal {
    n_open: Arc<AtomicUsize>,
    carts: Arc<Mutex<Vec<String>>>,
    n_writes: AtomicUsize,
    fails_after: usize,
    stall: Duration,
}

impl ScriptedJournal {
    async fn write(&self) -> Result<(), String> {
        sleep(self.stall).await;
        let is_full = self.n_writes.fetch_add(1, Ordering::SeqCst) >= self.fails_after;
        if is_full { Err("disk full".into()) } else { Ok(()) }
    }
}

impl Journal for ScriptedJournal {
    type Attempt = ();
    /// The number of the cart, from 0; those of earlier runs are numbered from `LEFT`.
    type Cart = usize;

    async fn intend(&self, _: &PlannedOrder) -> Result<(), String> {
        self.write().await?;
        self.n_open.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn settle(&self, (): (), _: AttemptOutcome) -> Result<(), String> {
        sleep(self.stall).await;
        self.n_open.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }

    async fn open_cart(&self, reference: &str, browser: &str, clear_cart: &EventText) -> Result<usize, String> {
        self.write().await?;
        assert!(clear_cart.0.contains("CLEAR_CART"));
        let mut carts = self.carts.lock().unwrap();
        carts.push(format!("{reference} opened on {browser}"));
        Ok(carts.len() - 1)
    }

    async fn close_cart(&self, cart: usize) -> Result<(), String> {
        sleep(self.stall).await;
        self.carts.lock().unwrap().push(format!("{cart} closed"));
        Ok(())
    }
}

/// The carts that earlier runs left open.
const LEFT: usize = 1000;

fn left_open(n_carts: usize) -> Vec<LeftCart<usize>> {
    let cart = |no| LeftCart {
        cart: LEFT + no,
        browser: format!("old-{no}"),
        clear_cart: EventText("\",\"type\":\"CLEAR_CART\"}".into()),
    };
    (0..n_carts).map(cart).collect()
}

struct Night {
    ended: Ended,
    outcomes: Vec<Outcome>,
    starts: Vec<Instant>,
    n_sending: usize,
    warnings: Vec<String>,
    n_open: usize,
    /// What the journal was told of carts.
    carts: Vec<String>,
    /// What was asked for.
    urls: Vec<String>,
    took: Duration,
}

async fn night(
    guests: impl Iterator<Item: Into<GuestParts<String>>> + Send + 'static,
    settings: Settings,
    disk: (usize, Duration),
    stop_after: Option<(Duration, &'static str)>,
    answer: impl Fn(&str) -> Option<Heard> + Send + Sync + 'static,
) -> Night {
    night_after(0, guests, settings, disk, stop_after, answer).await
}

async fn night_after(
    n_left_open: usize,
    guests: impl Iterator<Item: Into<GuestParts<String>>> + Send + 'static,
    settings: Settings,
    (fails_after, stall): (usize, Duration),
    stop_after: Option<(Duration, &'static str)>,
    answer: impl Fn(&str) -> Option<Heard> + Send + Sync + 'static,
) -> Night {
    let begin = Instant::now();
    let (starts, n_open) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    let (carts, urls) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let wire = ScriptedWire { starts: Arc::clone(&starts), urls: Arc::clone(&urls), answer };
    let n_writes = AtomicUsize::new(0);
    let journal =
        ScriptedJournal { n_open: Arc::clone(&n_open), carts: Arc::clone(&carts), n_writes, fails_after, stall };
    let target = Target { base_url: "http://127.0.0.1".into(), client_key: "k".into() };
    let (mut settled, mut n_sending, mut warnings) = (Vec::<(OrderId, Outcome)>::new(), 0, Vec::new());
    let tell = |event| {
        match event {
            Event::Sending { .. } => n_sending += 1,
            Event::Settled(record, Settled { outcome, .. }) => settled.push((record.id, outcome)),
            Event::Warning(words) => warnings.push(words),
            Event::Pause => {}
        }
        Ok(())
    };
    let asked_before = stop_after.filter(|(after, _)| after.is_zero()).map(|(_, reason)| reason.to_owned());
    let (ask, asked) = watch::channel(asked_before);
    tokio::spawn(async move {
        if let Some((after, reason)) = stop_after {
            sleep(after).await;
            ask.send_replace(Some(reason.to_owned()));
        }
        // Nobody else asks.
        std::future::pending::<()>().await;
    });
    let agenda = Agenda { left_open: left_open(n_left_open), guests };
    let ended = run(agenda, target, settings, journal, wire, asked, tell).await;
    settled.sort();
    let ids: Vec<u64> = settled.iter().map(|(id, _)| id.0).collect();
    assert_eq!(ids, (0..ids.len() as u64).collect::<Vec<_>>(), "each order once");
    let outcomes = settled.into_iter().map(|(_, outcome)| outcome).collect();
    let starts = starts.lock().unwrap().clone();
    let (carts, urls) = (carts.lock().unwrap().clone(), urls.lock().unwrap().clone());
    let n_open = n_open.load(Ordering::SeqCst);
    Night { ended, outcomes, starts, n_sending, warnings, n_open, carts, urls, took: begin.elapsed() }
}

const SOUND: (usize, Duration) = (usize::MAX, Duration::ZERO);

fn count(night: &Night, outcome: Outcome) -> usize {
    night.outcomes.iter().filter(|known| **known == outcome).count()
}

#[tokio::test(start_paused = true)]
async fn all_orders_of_all_guests_arrive() {
    let night = night(guests(200, 3), settings(None), SOUND, None, |_| None).await;
    assert_eq!((count(&night, Outcome::Accepted), night.ended.stopped.clone()), (600, None));
    assert_eq!((night.starts.len(), night.n_sending, night.n_open), (1000, 1000, 0));
}

/// Guests whose orders come in parts of so many.
fn in_parts(n_guests: u32, n_parts: u32, each: u32) -> impl Iterator<Item = GuestParts<String>> + Send + 'static {
    (0..n_guests).map(move |guest| {
        let part = move |part| Ok(planned_guest((guest * n_parts + part) * each, each));
        GuestParts::new(part(0), (1..n_parts).map(part))
    })
}

/// The numbers of the orders of a guest in the order in which they were sent.
fn sent(night: &Night, of_guest: std::ops::Range<u64>) -> Vec<u64> {
    let number = |url: &String| url.split_once("%22order%22:")?.1.split("%7D").next()?.parse().ok();
    night.urls.iter().filter_map(number).filter(|number| of_guest.contains(number)).collect()
}

#[tokio::test(start_paused = true)]
async fn the_parts_of_a_guest_are_sent_in_turn_on_one_browser() {
    let night = night(in_parts(20, 5, 3), settings(None), SOUND, None, |_| None).await;
    assert_eq!((count(&night, Outcome::Accepted), night.ended.stopped.clone()), (300, None));
    assert_eq!(night.starts.len(), 20 * (2 + 15), "one browser and one IDENTITY for each guest");
    for guest in 0..20 {
        let of_guest = guest * 15..(guest + 1) * 15;
        assert_eq!(sent(&night, of_guest.clone()), of_guest.collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_guest_who_cannot_be_identified_is_not_tried_again_for_each_part() {
    let refused = |url: &str| {
        let is_identity = url.contains("event/create") && !url.contains("order");
        is_identity.then_some(Heard::Answer { status: 400, body: None, retry_after: None })
    };
    let night = night(in_parts(1, 5, 3), settings(None), SOUND, None, refused).await;
    assert_eq!((count(&night, Outcome::Refused), night.starts.len()), (15, 2));
}

#[tokio::test(start_paused = true)]
async fn all_parts_are_settled_when_the_run_stops() {
    let stop = Some((Duration::from_secs(2), "interrupted"));
    let night = night(in_parts(3, 50, 2), settings(Some(20)), SOUND, stop, |_| None).await;
    assert_eq!(count(&night, Outcome::Accepted) + count(&night, Outcome::NotAttempted), 300);
    assert!(night.starts.len() <= 45, "{}", night.starts.len());
}

#[tokio::test(start_paused = true)]
async fn a_guest_whose_first_parts_are_settled_holds_back_no_other() {
    let held = |first| {
        let PlannedGuest { identity, orders, .. } = planned_guest(first, 2);
        let unsent = |order: PlannedOrder| (order.record, Settled::unsent(Outcome::AlreadySent, None));
        Ok(PlannedGuest { identity, orders: Vec::new(), settled: orders.into_iter().map(unsent).collect() })
    };
    let guests = (0..10).map(move |guest| {
        GuestParts::new(held(guest * 12), (1..6).map(move |part| Ok(planned_guest(guest * 12 + part * 2, 2))))
    });
    let night = night(guests, settings(None), SOUND, None, |_| None).await;
    assert_eq!((count(&night, Outcome::Accepted), count(&night, Outcome::AlreadySent)), (100, 20));
    // One after the other they would take ten times as long.
    assert!(night.took < Duration::from_millis(20 * 12 * 3), "{:?}", night.took);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_cannot_be_read_stops_the_run() {
    let guest = GuestParts::new(Ok(planned_guest(0, 2)), std::iter::once(Err("no plan".to_owned())));
    let night = night(std::iter::once(guest), settings(None), SOUND, None, |_| None).await;
    assert_eq!((count(&night, Outcome::Accepted), night.ended.stopped.as_deref()), (2, Some("no plan")));
}

#[tokio::test(start_paused = true)]
async fn guests_are_finished_before_others_are_begun() {
    let stop = Some((Duration::from_secs(10), "interrupted"));
    let night = night(guests(200, 1), settings(Some(20)), SOUND, stop, |_| None).await;
    // Of some 200 requests in 10 seconds, nearly every third one was an order.
    let n_accepted = count(&night, Outcome::Accepted);
    assert!(n_accepted * 3 + 10 > night.n_sending, "{n_accepted} accepted of {} requests", night.n_sending);
}

#[tokio::test(start_paused = true)]
async fn a_slow_disk_does_not_bunch_requests_up() {
    let stalling = (usize::MAX, Duration::from_millis(700));
    let night = night(guests(30, 10), settings(Some(20)), stalling, None, |_| None).await;
    assert_eq!(count(&night, Outcome::Accepted), 300);
    for (index, start) in night.starts.iter().enumerate() {
        let within = night.starts[index..].iter().take_while(|other| **other < *start + Duration::from_secs(1)).count();
        assert!(within <= 21, "{within} requests in a second");
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_journal_fails_nothing_more_is_sent() {
    let night = night(guests(50, 2), settings(None), (10, Duration::ZERO), None, |_| None).await;
    assert_eq!(night.ended.stopped.as_deref(), Some("disk full"));
    // Of the ten that were recorded some had not left yet.
    let (n_accepted, n_left) = (count(&night, Outcome::Accepted), count(&night, Outcome::NotAttempted));
    assert!(n_accepted <= 10 && n_accepted + n_left == 100, "{n_accepted} accepted, {n_left} left");
    assert_eq!(night.n_open, 0);
}

#[tokio::test(start_paused = true)]
async fn when_the_service_asks_to_wait_nobody_starts() {
    let is_told = AtomicUsize::new(0);
    let busy = move |url: &str| {
        let is_first = url.contains(":7%7D") && is_told.fetch_add(1, Ordering::SeqCst) == 0;
        is_first.then_some(Heard::Answer { status: 503, body: None, retry_after: Some(Duration::from_secs(60)) })
    };
    let night = night(guests(20, 1), settings(Some(20)), SOUND, None, busy).await;
    assert_eq!(count(&night, Outcome::Accepted), 20);
    let gaps = night.starts.windows(2).map(|pair| pair[1] - pair[0]);
    assert_eq!(gaps.filter(|gap| *gap > Duration::from_secs(58)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn when_it_asks_for_more_time_than_the_run_has_the_run_ends() {
    let busy = |_: &str| Some(Heard::Answer { status: 503, body: None, retry_after: Some(Duration::from_secs(3600)) });
    let night = night(guests(20, 1), settings(Some(20)), SOUND, None, busy).await;
    assert_eq!(night.ended.stopped.as_deref(), Some("the service asks to wait for 1h"));
    assert_eq!((night.starts.len(), count(&night, Outcome::NotAttempted)), (1, 20));
}

/// No connection between these times.
fn outage(from: u64, to: u64) -> impl Fn(&str) -> Option<Heard> + Send + Sync + 'static {
    let begin = Instant::now();
    let within = Duration::from_secs(from)..Duration::from_secs(to);
    move |_| within.contains(&begin.elapsed()).then(|| Heard::NotSent("no connection".to_owned()))
}

fn watchful() -> Settings {
    Settings { down_after: 2, ..settings(Some(20)) }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_waited_for_with_single_probes_and_no_order_fails() {
    let night = night(guests(100, 2), watchful(), SOUND, None, outage(5, 300)).await;
    assert_eq!((count(&night, Outcome::Accepted), night.ended.stopped.clone()), (200, None));
    let is_told = |words: &str| night.warnings.iter().any(|warning| warning.starts_with(words));
    assert!(is_told("the service takes nothing (no connection)") && is_told("the service answers again"));
    let n_meanwhile = night.starts.windows(2).filter(|pair| pair[1] - pair[0] > Duration::from_secs(1)).count();
    assert!((10..=40).contains(&n_meanwhile), "{n_meanwhile} probes in five minutes");
    assert_eq!((night.starts.len(), night.n_open), (night.n_sending, 0));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_stays_away_ends_the_run() {
    let night = night(guests(100, 2), watchful(), SOUND, None, outage(5, u64::MAX)).await;
    assert_eq!(night.ended.stopped.as_deref(), Some("the service is down: no proper answer for 10m"));
    assert_eq!(count(&night, Outcome::Accepted) + count(&night, Outcome::NotAttempted), 200);
    assert!(night.took > Duration::from_secs(600) && night.took < Duration::from_secs(660), "{:?}", night.took);
    assert_eq!(night.n_open, 0);
}

/// Browsers and IDENTITY go through all the time.
#[tokio::test(start_paused = true)]
async fn orders_that_are_never_answered_properly_end_the_run_before_many_are_unknown() {
    let bad = |url: &str| url.contains("order").then_some(Heard::Answer { status: 504, body: None, retry_after: None });
    let settings = Settings { rate: NonZeroU32::new(20), in_flight: 4, ..watchful() };
    let night = night(guests(500, 1), settings, SOUND, None, bad).await;
    assert_eq!(night.ended.stopped.as_deref(), Some("the service is down: no proper answer for 10m"));
    let n_unknown = count(&night, Outcome::Unknown);
    assert!(n_unknown < 40, "{n_unknown} orders are unknown");
    assert_eq!(n_unknown + count(&night, Outcome::NotAttempted), 500);
}

#[tokio::test(start_paused = true)]
async fn orders_that_are_answered_again_are_all_sent() {
    let begin = Instant::now();
    let bad = move |url: &str| {
        let is_bad = url.contains("order") && begin.elapsed() < Duration::from_secs(100);
        is_bad.then_some(Heard::Answer { status: 504, body: None, retry_after: None })
    };
    let night = night(guests(500, 1), watchful(), SOUND, None, bad).await;
    let n_unknown = count(&night, Outcome::Unknown);
    assert_eq!((night.ended.stopped.clone(), n_unknown + count(&night, Outcome::Accepted)), (None, 500));
    assert!(n_unknown < 40 && night.took < Duration::from_secs(300), "{n_unknown} unknown, {:?}", night.took);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_before_it_begins_sends_nothing() {
    let night =
        night(guests(5, 1), settings(None), SOUND, Some((Duration::ZERO, "the deadline has come")), |_| None).await;
    assert_eq!((night.starts.len(), count(&night, Outcome::NotAttempted)), (0, 5));
}

#[tokio::test(start_paused = true)]
async fn no_intent_lies_about_while_the_service_is_down() {
    let stop = Some((Duration::from_secs(100), "interrupted"));
    let night = night(guests(100, 2), watchful(), SOUND, stop, outage(5, u64::MAX)).await;
    assert_eq!((night.ended.stopped.as_deref(), night.n_open), (Some("interrupted"), 0));
    assert!(night.took < Duration::from_secs(101));
}

#[tokio::test(start_paused = true)]
async fn a_service_for_which_it_is_too_much_gets_less() {
    let begin = Instant::now();
    // It bears five requests a second.
    let taken = std::sync::Mutex::new((0_u64, 0));
    let busy = move |_: &str| {
        let (second, mut taken) = (begin.elapsed().as_secs(), taken.lock().unwrap());
        *taken = if taken.0 == second { (second, taken.1 + 1) } else { (second, 1) };
        (taken.1 > 5).then_some(Heard::Answer { status: 429, body: None, retry_after: None })
    };
    let patient = Settings { tries: 8, ..settings(Some(20)) };
    let night = night(guests(100, 2), patient, SOUND, None, busy).await;
    assert_eq!(count(&night, Outcome::Accepted), 200);
    assert!(night.starts.len() < 600, "{} requests for 400", night.starts.len());
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_wakes_those_who_wait() {
    let answer = |status| Some(Heard::Answer { status, body: None, retry_after: None });
    let mean = move |url: &str| {
        if url.contains(":99%7D") {
            return answer(401);
        }
        // Ten guests wait a long time before they try again.
        (90..99).any(|id| url.contains(&format!(":{id}%7D"))).then(|| answer(503)).flatten()
    };
    let patient = Settings { first_backoff: Duration::from_secs(30), tries: 50, ..settings(Some(100)) };
    let night = night(guests(100, 1), patient, SOUND, None, mean).await;
    assert_eq!((count(&night, Outcome::Refused), count(&night, Outcome::NotAttempted)), (1, 9));
    assert!(night.took < Duration::from_secs(10), "{:?}", night.took);
    assert_eq!(night.n_open, 0);
}

#[tokio::test(start_paused = true)]
async fn after_a_refused_key_nothing_starts_however_slow_the_disk_is() {
    let refused_at = Arc::new(OnceLock::new());
    let is_refused = Arc::clone(&refused_at);
    let answer = move |url: &str| {
        url.contains(":0%7D").then(|| {
            is_refused.set(Instant::now()).unwrap();
            Heard::Answer { status: 401, body: None, retry_after: None }
        })
    };
    let stalling = (usize::MAX, Duration::from_millis(300));
    let night = night(guests(100, 1), settings(Some(100)), stalling, None, answer).await;
    assert!(night.starts.iter().max() <= refused_at.get());
    assert_eq!((count(&night, Outcome::Refused), night.n_open), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_asked_to_stop_settles_what_is_in_flight_and_starts_nothing_more() {
    let stop = Some((Duration::from_millis(2510), "interrupted"));
    let night = night(guests(100, 2), settings(Some(20)), SOUND, stop, |_| None).await;
    assert_eq!(night.ended.stopped.as_deref(), Some("interrupted"));
    assert_eq!((night.starts.len(), night.n_sending, night.n_open), (51, 51, 0));
    assert_eq!(count(&night, Outcome::Accepted) + count(&night, Outcome::NotAttempted), 200);
    assert!(night.took < Duration::from_secs(3), "{:?}", night.took);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_cannot_be_read_stops_the_run() {
    let torn = guests(3, 1).chain([Err("the plan is torn".to_owned())]);
    let night = night(torn, settings(None), SOUND, None, |_| None).await;
    assert_eq!(night.ended.stopped.as_deref(), Some("the plan is torn"));
}

/// The types of the events, one after the other; an order's browser is created with `BROWSER`.
fn kinds(night: &Night) -> Vec<&str> {
    night
        .urls
        .iter()
        .map(|url| url.split("type%22:%22").nth(1).map_or("BROWSER", |rest| rest.split('%').next().unwrap()))
        .collect()
}

fn assembled(n_guests: u32, n_items: &'static [usize]) -> impl Iterator<Item = Result<PlannedGuest, String>> + Send {
    let n_orders = u32::try_from(n_items.len()).unwrap();
    (0..n_guests).map(move |guest| Ok(guest_of_many(guest * n_orders, n_items)))
}

#[tokio::test(start_paused = true)]
async fn a_cart_is_in_the_journal_before_it_is_filled_and_until_it_is_checked_out() {
    let night = night(assembled(1, &[2, 0]), settings(None), SOUND, None, |_| None).await;
    assert_eq!((count(&night, Outcome::Accepted), night.n_open), (2, 0));
    assert_eq!(night.carts, ["A-0 opened on b", "0 closed"]);
    let expected =
        ["BROWSER", "BROWSER", "ADD", "ADD", "ADD_CONTACTS", "CONFIRM", "CHECKOUT", "BROWSER", "BROWSER", "BROWSER"];
    assert_eq!(kinds(&night), expected, "the texts of a guest and of its single orders name no type");
}

#[tokio::test(start_paused = true)]
async fn a_cart_that_the_journal_cannot_take_is_not_filled() {
    let night = night(assembled(1, &[2]), settings(None), (0, Duration::ZERO), None, |_| None).await;
    assert_eq!(night.ended.stopped.as_deref(), Some("disk full"));
    assert_eq!((count(&night, Outcome::NotAttempted), night.starts.len()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn what_earlier_runs_left_in_carts_is_cleared_before_guests_are_begun() {
    let night = night_after(40, guests(20, 1), settings(Some(20)), SOUND, None, |_| None).await;
    assert_eq!((count(&night, Outcome::Accepted), night.n_sending, night.warnings.len()), (20, 100, 0));
    assert!(kinds(&night)[..40].iter().all(|kind| *kind == "CLEAR_CART"), "{:?}", kinds(&night));
    assert_eq!(night.carts.len(), 40);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_cleared_is_told_and_stays_open() {
    let mean = |url: &str| {
        let answer = |status| Heard::Answer { status, body: None, retry_after: None };
        if url.contains("old-1%22") {
            return Some(answer(400));
        }
        // Of an unknown browser nothing is left.
        url.contains("old-0%22").then(|| answer(404)).or_else(|| url.contains("old-2%22").then(|| answer(500)))
    };
    let night = night_after(4, guests(0, 0), settings(None), SOUND, None, mean).await;
    assert_eq!((night.ended.stopped.clone(), night.starts.len()), (None, 6));
    assert_eq!(night.warnings, ["2 carts that earlier runs left open were not cleared: the next run tries again"]);
    let mut closed = night.carts.clone();
    closed.sort();
    assert_eq!(closed, ["1000 closed", "1003 closed"]);
}

#[tokio::test(start_paused = true)]
async fn an_order_whose_checkout_would_come_too_late_is_begun_anew() {
    let begin = Instant::now();
    // Once, when it is CHECKOUT's turn, the service asks everyone to wait for longer than a session lasts.
    let busy = move |url: &str| {
        let is_first = url.contains("CONFIRM") && begin.elapsed() < Duration::from_secs(60);
        let body = Some("{\"status\":\"OK\"}".to_owned());
        is_first.then_some(Heard::Answer { status: 503, body, retry_after: Some(Duration::from_secs(300)) })
    };
    let brief = Settings { session_timeout: Duration::from_secs(200), ..settings(None) };
    let night = night(assembled(1, &[1]), brief, SOUND, None, busy).await;
    assert_eq!(count(&night, Outcome::Accepted), 1);
    let once = ["BROWSER", "BROWSER", "ADD", "ADD_CONTACTS", "CONFIRM"];
    assert_eq!(kinds(&night), [once.as_slice(), &["CLEAR_CART"], &once, &["CHECKOUT"]].concat());
    assert_eq!(night.carts, ["A-0 opened on b", "0 closed", "A-0 opened on b", "2 closed"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_asked_to_stop_within_a_sequence_clears_the_cart_and_starts_nothing_more() {
    let stop = Some((Duration::from_millis(70), "interrupted"));
    let night = night(assembled(1, &[9, 9]), settings(None), SOUND, stop, |_| None).await;
    assert_eq!((count(&night, Outcome::NotAttempted), night.n_open), (2, 0));
    assert_eq!(kinds(&night).split_last().unwrap(), (&"CLEAR_CART", &["BROWSER", "BROWSER", "ADD", "ADD"][..]));
    assert_eq!(night.carts, ["A-0 opened on b", "0 closed"]);
}

/// One alone takes 2.5 s of the 10 s: four at once, with a little bad luck, would all be late.
#[tokio::test(start_paused = true)]
async fn no_more_orders_are_assembled_at_once_than_are_complete_in_time() {
    let brief = Settings {
        session_timeout: Duration::from_secs(10),
        identity_pause: Duration::from_millis(500),
        ..settings(Some(20))
    };
    let night = night(assembled(12, &[45]), brief, SOUND, None, |_| None).await;
    assert_eq!((count(&night, Outcome::Accepted), night.starts.len()), (12, 12 * (2 + 45 + 3)));
    let mut n_open = 0_usize;
    let most_open = night.carts.iter().map(|word| {
        if word.contains("opened") {
            n_open += 1;
        } else {
            n_open -= 1;
        }
        n_open
    });
    assert_eq!(most_open.max(), Some(2));
}

/// All else goes through all the time.
#[tokio::test(start_paused = true)]
async fn a_step_that_goes_through_again_ends_the_trouble_and_few_orders_fail() {
    let begin = Instant::now();
    let bad = move |url: &str| {
        let is_bad = url.contains("CONFIRM") && begin.elapsed() < Duration::from_secs(100);
        is_bad.then_some(Heard::Answer { status: 504, body: None, retry_after: None })
    };
    let night = night(assembled(100, &[2]), Settings { tries: 5, ..watchful() }, SOUND, None, bad).await;
    let n_failed = count(&night, Outcome::Failed);
    assert_eq!((night.ended.stopped.clone(), n_failed + count(&night, Outcome::Accepted)), (None, 100));
    assert!(n_failed < 10 && night.took < Duration::from_secs(300), "{n_failed} failed, {:?}", night.took);
    let is_told = |words: &str| night.warnings.iter().any(|warning| warning.starts_with(words));
    assert!(is_told("the service takes nothing (HTTP 504)") && is_told("the service answers again"));
    assert_eq!((night.starts.len(), night.n_open), (night.n_sending, 0));
}
