//! Steps: what a rule did with a text, in words for a person.
//!
//! A rule tells each step where it does it, so that both never differ. Nearly all values are mapped
//! with `()`, which takes no notes and costs nothing. Used by `rule` and `number`; read by `trace`.

/// Takes notes of the steps of a rule.
pub(super) trait Steps {
    /// Adds a step; empty words are none.
    fn add(&mut self, words: impl FnOnce() -> String);
}

/// Takes no notes.
impl Steps for () {
    #[inline]
    fn add(&mut self, _: impl FnOnce() -> String) {}
}

impl Steps for Vec<String> {
    fn add(&mut self, words: impl FnOnce() -> String) {
        let words = words();
        if !words.is_empty() {
            self.push(words);
        }
    }
}
