//! Encoding of a sample: what its bytes prove, else the encodings in which they mean something, each
//! with words of the export, so that a person can choose.
//!
//! Chooses none itself. Called by `survey`.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

use crate::{
    model::text_encoding::TextEncoding,
    read::{Sample, sample_text},
};

/// Encodings of shops and spreadsheets, the more common ones first.
const USUAL: [&str; 9] = [
    "windows-1252",
    "windows-1250",
    "windows-1251",
    "cp850",
    "cp437",
    "macintosh",
    "shift_jis",
    "gb18030",
    "iso-8859-15",
];

/// Words that show a person whether an encoding is the right one.
const N_WORDS: usize = 3;

/// In which encoding a sample is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncodingFinding {
    /// The bytes prove it.
    Certain(TextEncoding),
    /// A person must choose, the likeliest first.
    Open(Vec<EncodingCandidate>),
}

/// An encoding in which a sample means something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodingCandidate {
    /// The encoding.
    pub encoding: TextEncoding,
    /// Words with letters beyond ASCII, as they read in it.
    pub words: Vec<String>,
}

impl EncodingFinding {
    /// Finds the encoding of a sample.
    #[must_use]
    pub fn of(sample: &Sample) -> Self {
        if let Some(encoding) = sample.certain_encoding() {
            return Self::Certain(encoding);
        }
        let lines = lines_beyond_ascii(sample);
        let guessed = guessed_encoding(&lines);
        let labels = USUAL.iter().filter_map(|label| TextEncoding::for_label(label));
        let mut candidates: Vec<EncodingCandidate> = Vec::new();
        for encoding in guessed.into_iter().chain(labels) {
            let decoded = sample_text(&lines, encoding);
            let words = words_beyond_ascii(&decoded.text);
            let is_known = candidates.iter().any(|candidate| candidate.words == words);
            if decoded.n_malformed == 0 && !words.is_empty() && !is_known {
                candidates.push(EncodingCandidate { encoding, words });
            }
        }
        Self::Open(candidates)
    }

    /// The encoding in which the sample is looked at: the likeliest one.
    #[must_use]
    pub fn likeliest(&self) -> TextEncoding {
        match self {
            Self::Certain(encoding) => *encoding,
            Self::Open(candidates) => {
                candidates.first().map_or(TextEncoding::Utf8, |candidate| candidate.encoding)
            }
        }
    }
}

/// The first lines that have bytes beyond ASCII: all that a choice depends on.
fn lines_beyond_ascii(sample: &Sample) -> Vec<u8> {
    let all = std::iter::once(&sample.start).chain(&sample.parts);
    let lines = all.flat_map(|bytes| bytes.split_inclusive(|byte| *byte == b'\n'));
    let lines = lines.filter(|line| line.len() < 64 * 1024 && !line.is_ascii());
    lines.take(500).flatten().copied().collect()
}

/// What a browser would take the text for.
fn guessed_encoding(bytes: &[u8]) -> Option<TextEncoding> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    TextEncoding::for_label(guess.name())
}

/// Words with letters beyond ASCII, each once.
fn words_beyond_ascii(text: &str) -> Vec<String> {
    let is_between = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|' | '"' | '\t');
    let mut words: Vec<String> = Vec::new();
    for word in text.split(is_between).filter(|word| !word.is_ascii() && !word.contains('@')) {
        let word: String = word.chars().take(24).collect();
        if !words.contains(&word) {
            words.push(word);
        }
        if words.len() == N_WORDS {
            break;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(bytes: &[u8]) -> EncodingFinding {
        EncodingFinding::of(&Sample { start: bytes.to_vec(), parts: Vec::new() })
    }

    #[test]
    fn each_encoding_is_shown_with_its_words() {
        let EncodingFinding::Open(candidates) =
            finding(b"Name;Ort\nM\xFCller;K\xF6ln\nGro\xDF;Ulm\n")
        else {
            panic!("no certain encoding")
        };
        assert_eq!(candidates[0].encoding.to_string(), "windows-1252");
        assert_eq!(candidates[0].words, ["Müller", "Köln", "Groß"]);
        let cp437 = candidates.iter().find(|one| one.encoding.to_string() == "cp437").unwrap();
        assert_eq!(cp437.words[0], "Mⁿller");
    }

    #[test]
    fn utf8_is_certain() {
        let utf8 = EncodingFinding::Certain(TextEncoding::Utf8);
        assert_eq!(finding("Müller".as_bytes()), utf8);
        assert_eq!(finding(b"Muller"), utf8);
    }
}
