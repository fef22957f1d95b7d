//! HTML entities of a text (`decode = "html"` of a rule), which shops leave in names.
//!
//! Decodes named and numeric entities that end with `;`, once, as a browser does. What is no entity
//! of HTML is text: it stays as it is, because nothing says what it means. Used by `text_steps` and
//! `parts`.

use std::borrow::Cow;

pub(super) const ENTITY_START: char = '&';

/// The name of the longest entity, `&CounterClockwiseContourIntegral;`, has fewer bytes.
const MAX_ENTITY_LENGTH: usize = 40;

/// The length of the entity with which a text begins.
pub(super) fn entity_len(text: &str) -> Option<usize> {
    let name = text.strip_prefix(ENTITY_START)?.bytes().take(MAX_ENTITY_LENGTH);
    let name_len = name.take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#').count();
    let entity = text.get(..name_len + "&;".len())?;
    (html_escape::decode_html_entities(entity) != entity).then_some(entity.len())
}

/// The text with its entities decoded, without the blanks around it.
pub(super) fn decode_html(text: &str) -> Cow<'_, str> {
    match html_escape::decode_html_entities(text) {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_decoded_once_and_other_text_stays() {
        for (text, expected) in [
            ("Mug 5&#039; &amp; Jug", "Mug 5' & Jug"),
            ("Caf&eacute; &#x1F600;", "Café 😀"),
            ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
            ("AT&T; Salt & Pepper &nosuch; &copy 2020", "AT&T; Salt & Pepper &nosuch; &copy 2020"),
            ("&#0; &#xD800; &#x110000;", "&#0; &#xD800; &#x110000;"),
            ("&nbsp;Mug&nbsp;", "Mug"),
            ("<b>Mug</b>", "<b>Mug</b>"),
        ] {
            assert_eq!(decode_html(text), expected);
        }
    }
}
