//! HTML of a template, safe to show whatever the data in it.
//!
//! It does not know the pages. Called by `page` and `order_page`.

use askama::Template;

/// Renders a template, which escapes markup.
pub(super) fn render(template: &impl Template) -> Result<String, askama::Error> {
    template.render().map(|html| escape_bidi_controls(&html))
}

/// Escapes the characters that change the direction of the text after them, so that data cannot
/// appear as different text. The templates contain none.
fn escape_bidi_controls(html: &str) -> String {
    let is_bidi_control = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut escaped = String::with_capacity(html.len());
    for c in html.chars() {
        if is_bidi_control(c) {
            escaped.extend(c.escape_unicode());
        } else {
            escaped.push(c);
        }
    }
    escaped
}
