//! Texts in place of an order number or an identifier that are none: numbers in scientific
//! notation, texts with invisible characters, placeholders.
//!
//! Says what a text is, not what follows from it. Called by `validate`, and wherever references or
//! identifiers of one export are compared.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::record::trim_blanks;

/// What systems write as an identifier where there is none, in lower case.
#[rustfmt::skip]
const PLACEHOLDERS: &[&str] = &[
    "0", "0.0", "-1", "n/a", "#n/a", "null", "(null)", "\\n", "nil", "nan", "none", "undefined", "-",
    "--", "true", "false", "guest", "anonymous", "unknown", "not logged in",
    "00000000-0000-0000-0000-000000000000",
];

/// The names before the `@` of addresses that are written where a customer gave none, in lower
/// case. Many people share such an address.
#[rustfmt::skip]
const PLACEHOLDER_MAILBOXES: &[&str] = &[
    "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "noemail", "no-email",
    "no_email", "nomail", "guest", "anonymous", "unknown", "none", "null", "undefined",
];

/// Whether a text is a number as a spreadsheet writes one of many digits: with a decimal mark
/// before the exponent, or with a plus sign in it.
///
/// `12e45678` is not: ids in hexadecimal look like it.
#[must_use]
pub fn is_scientific(text: &str) -> bool {
    // Every reference and identifier comes here: most begin with a letter, or have no `e`.
    if !matches!(text.as_bytes(), [b'+' | b'-' | b'0'..=b'9', ..]) {
        return false;
    }
    let Some(start) = text.bytes().position(|byte| matches!(byte, b'e' | b'E')) else {
        return false;
    };
    let (mantissa, exponent) = (&text[..start], &text[start + 1..]);
    let mantissa = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (whole, fraction) = match mantissa.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let has_plus = exponent.starts_with('+');
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    (has_plus || fraction.is_some())
        && [whole, fraction.unwrap_or("0"), exponent].into_iter().all(is_digits)
}

/// The problem of a text that is a rounded number.
pub const ROUNDED: &str = "a number in scientific notation, as a spreadsheet writes long ones: its \
    last digits are lost; export the column as text";

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// For each first byte of a placeholder a bit for each of their lengths.
const PLACEHOLDER_LENGTHS: [u64; 128] = {
    let (mut lengths, mut index) = ([0; 128], 0);
    while index < PLACEHOLDERS.len() {
        let placeholder = PLACEHOLDERS[index].as_bytes();
        lengths[placeholder[0] as usize] |= 1 << placeholder.len();
        index += 1;
    }
    lengths
};

/// Whether an identifier is a placeholder for none, in any case.
#[must_use]
pub fn is_placeholder(text: &str) -> bool {
    let text = trim_blanks(text);
    let Some(first) = text.bytes().next() else { return false };
    // Some systems fill zeros up to a width.
    if first == b'0' && text.bytes().all(|byte| byte == b'0') {
        return true;
    }
    // The first byte and the length decide nearly always.
    let lengths = PLACEHOLDER_LENGTHS.get(usize::from(first.to_ascii_lowercase()));
    let has_length = |lengths: &u64| text.len() < 64 && lengths & (1 << text.len()) != 0;
    lengths.is_some_and(has_length)
        && PLACEHOLDERS.iter().any(|placeholder| placeholder.eq_ignore_ascii_case(text))
}

/// Whether an e-mail address is written where a customer gave none, in any case.
#[must_use]
pub fn is_placeholder_address(address: &str) -> bool {
    address.split_once('@').is_some_and(|(mailbox, _)| {
        PLACEHOLDER_MAILBOXES.iter().any(|placeholder| placeholder.eq_ignore_ascii_case(mailbox))
    })
}

/// Whether a number in scientific notation has fewer digits than the number that it stands for, as
/// `1.23E+05` has: a spreadsheet has removed the others.
#[must_use]
pub fn has_lost_digits(number: &str) -> bool {
    let Some((mantissa, exponent)) = number.split_once(['e', 'E']) else { return false };
    let n_decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    n_decimals > 0 && exponent.parse().is_ok_and(|exponent: usize| n_decimals < exponent)
}

/// Whether a character cannot be seen, so that two texts look equal and are not: control
/// characters, characters without width, marks of text direction.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The first character of an order number or identifier that cannot be seen.
#[must_use]
pub fn find_invisible(text: &str) -> Option<char> {
    if is_plain(text) { None } else { text.chars().find(|c| is_invisible(*c)) }
}

/// The text without the characters that cannot be seen.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if find_invisible(text).is_none() {
        return Cow::Borrowed(text);
    }
    text.chars().filter(|c| !is_invisible(*c)).collect()
}

/// The first character of a text for people that should not be there: a control character other
/// than a tab or a line break, one without width, or one that changes the text's direction.
///
/// Emoji are joined by U+200D and coloured by U+FE0F, so these are none.
#[must_use]
#[inline]
pub fn find_stray(text: &str) -> Option<char> {
    if is_plain(text) { None } else { first_stray(text) }
}

fn first_stray(text: &str) -> Option<char> {
    let is_stray = |c: &char| {
        c.is_control() && !matches!(c, '\t' | '\n' | '\r')
            || matches!(
                c,
                '\u{200b}'
                    | '\u{202a}'..='\u{202e}'
                    | '\u{2060}'
                    | '\u{2066}'..='\u{2069}'
                    | '\u{feff}'
            )
    };
    text.chars().find(is_stray)
}

/// Whether a text has only printable ASCII and the letters from U+00C0 to U+02FF, none of which is
/// invisible or combines with others.
// Nearly all texts. Bytes show it: 0xC2 begins the encoding of U+0080 to U+00BF, 0xCC and higher
// that of U+0300 and higher. Without an early exit, many bytes are compared at once.
#[inline]
fn is_plain(text: &str) -> bool {
    is_printable_ascii(text.as_bytes()) || has_plain_bytes(text.as_bytes())
}

fn has_plain_bytes(text: &[u8]) -> bool {
    let is_other = |byte: &&u8| !(b' '..0xcc).contains(*byte) || matches!(byte, b'\x7f' | 0xc2);
    text.iter().filter(is_other).count() == 0
}

/// Whether all bytes are printable ASCII.
// Eight at a time: most texts are short, and compilers use wide registers for long ones only.
#[inline]
fn is_printable_ascii(text: &[u8]) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // The highest bit of a byte shows that it is no ASCII, below a blank, or above `~`.
    let is_printable = |word: u64| {
        let shown = word | word.wrapping_sub(0x20 * EACH) | word.wrapping_add(EACH);
        shown & (0x80 * EACH) == 0
    };
    // The last bytes are looked at together too, some of them for the second time.
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let is_printable = |word: &[u8; 8]| is_printable(u64::from_ne_bytes(*word));
        let are_others_printable = || text.as_chunks().0.iter().all(is_printable);
        return is_printable(first)
            && is_printable(last)
            && (text.len() <= 16 || are_others_printable());
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let (first, last) = (u32::from_ne_bytes(*first), u32::from_ne_bytes(*last));
        return is_printable(u64::from(first) << 32 | u64::from(last));
    }
    text.iter().all(|byte| (b' '..=b'~').contains(byte))
}

/// An identifier as it is sent and compared: in Unicode's composed form (NFC), so that `é` is one
/// character however the export writes it.
#[must_use]
pub fn composed(text: Cow<'_, str>) -> Cow<'_, str> {
    if is_plain(&text) || is_nfc(&text) { text } else { Cow::Owned(text.nfc().collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_ascii_is_found_in_any_place() {
        for length in 0..20 {
            let mut text = vec![b'~'; length];
            assert!(is_printable_ascii(&text));
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    text[place] = byte;
                    assert_eq!(is_printable_ascii(&text), (b' '..=b'~').contains(&byte), "{byte}");
                }
                text[place] = b' ';
            }
        }
    }

    #[test]
    fn spreadsheet_numbers_are_scientific() {
        for text in ["1.23457E+15", "8E+15", "1.2e17", "-1.5E3", "1,23457E+15", "9.1e-5", "+2e+3"] {
            assert!(is_scientific(text), "{text}");
        }
        let ids = [
            "12e45678",
            "1E5",
            "8e15",
            "E+15",
            "1.E+5",
            "1.2E",
            "1.2E+",
            "A1.2E+15",
            "1.2.3E+4",
            "1.2E+15-A",
            "2e-4",
            "1001.0",
            "",
            "e",
            "1.2e+1e5",
        ];
        for text in ids {
            assert!(!is_scientific(text), "{text}");
        }
    }

    #[test]
    fn placeholders_are_found_in_any_case() {
        for text in PLACEHOLDERS {
            assert!(is_placeholder(text) && is_placeholder(&text.to_uppercase()), "{text}");
        }
        for text in [
            "0",
            "00",
            "000000000",
            "N/A",
            "n/a",
            "NULL",
            "None",
            "-",
            "Guest",
            "UNKNOWN",
            " 0 ",
            "0.0",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["undefined", "NaN", "(null)", "\\N", "#N/A", "NOT LOGGED IN", "false", "-1"] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["001", "0O", "10", "NA", "guest1", "a-b", "Noname"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn addresses_of_nobody_are_found_by_their_mailbox() {
        for address in ["no-reply@shop.example", "NoReply@x.de", "guest@shop.example"] {
            assert!(is_placeholder_address(address), "{address}");
        }
        for address in ["guest", "guesthouse@x.de", "ann.guest@x.de", "ann@guest.de", "na@x.org"] {
            assert!(!is_placeholder_address(address), "{address}");
        }
    }

    #[test]
    fn number_of_a_spreadsheet_has_lost_digits() {
        for number in ["1.23E+05", "1.5e3", "-1.2E17"] {
            assert!(has_lost_digits(number), "{number}");
        }
        // What programs write for a float or a decimal number has all digits.
        for number in ["1.2345678E7", "1.0E+1", "1E+2", "1.5E-7", "1234.50", "", "e"] {
            assert!(!has_lost_digits(number), "{number}");
        }
    }

    #[test]
    fn invisible_characters_are_found_and_removed() {
        let texts = ["A1\u{200b}", "\0A1", "A\u{ad}1", "\u{feff}A1", "A1\u{202e}", "A\u{e0041}1"];
        for text in texts {
            assert!(find_invisible(text).is_some(), "{text:?}");
            assert_eq!(visible(text), "A1", "{text:?}");
        }
        for text in ["", "A 1", "Ä-1 ß", "日本", "#1001/2"] {
            assert_eq!((find_invisible(text), visible(text)), (None, text.into()));
            assert!(matches!(visible(text), Cow::Borrowed(_)));
        }
    }

    #[test]
    fn stray_characters_are_not_those_of_emoji_and_lines() {
        for text in ["Mug\0", "a\u{200b}b", "x\u{202e}y", "\u{feff}Mug", "a\u{7f}"] {
            assert!(find_stray(text).is_some(), "{text:?}");
        }
        for text in ["Line\nbreak\ttab\r\n", "👩\u{200d}👩\u{200d}👧", "❤\u{fe0f}", "cañón", ""]
        {
            assert_eq!(find_stray(text), None, "{text:?}");
        }
    }

    #[test]
    fn plain_characters_need_no_closer_look() {
        for c in '\0'..='\u{2fff}' {
            let text = c.to_string();
            let is_stray = !matches!(c, '\t' | '\n' | '\r' | '\u{ad}') && is_invisible(c);
            assert!(!is_plain(&text) || !is_invisible(c) && is_nfc(&text), "{c:?}");
            assert!(c >= '\u{300}' || is_stray == find_stray(&text).is_some(), "{c:?}");
            let is_letter = matches!(c, ' '..='~' | '\u{c0}'..='\u{2ff}');
            assert_eq!(is_plain(&text), is_letter, "{c:?}");
        }
    }

    #[test]
    fn identifiers_are_composed() {
        assert_eq!(composed("rene\u{301}@example.com".into()), "ren\u{e9}@example.com");
        assert_eq!(composed("\u{2126}1".into()), "\u{3a9}1");
        for text in ["ann", "ren\u{e9}", "\u{2ff}", "\u{3b1}", "\u{300}"] {
            assert!(matches!(composed(text.into()), Cow::Borrowed(same) if same == text));
        }
    }
}
