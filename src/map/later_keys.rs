//! Keys of the profile language that this version does not know, with what to do instead.
//!
//! A profile for a later version is refused as any unknown key is, but says how to go on. Used by
//! `serde_message`.

/// A key that every list of keys of a profile has, and no other list.
const KEY_OF_PROFILES: &str = "delimiter";

/// What to do in place of each key.
const INSTEAD: [(&str, &str); 1] = [("refunds", "leave refunds out with [[skip]] or ignore_rows")];

/// What to do in place of an unknown key, if a later version knows it; `known` are the keys that
/// this one knows there.
pub(super) fn instead_of(key: &str, known: &[String]) -> Option<&'static str> {
    let is_of_profile = known.iter().any(|known| known == KEY_OF_PROFILES);
    let mut entries = INSTEAD.iter().filter(|_| is_of_profile);
    entries.find(|(later, _)| *later == key).map(|(_, instead)| *instead)
}

#[cfg(test)]
mod tests {
    use super::{super::profile_text::ProfileText, *};

    #[test]
    fn no_listed_key_is_known() {
        for (key, _) in INSTEAD {
            let error = toml::from_str::<ProfileText>(&format!("{key} = 1")).unwrap_err();
            let message = error.message();
            assert!(message.starts_with(&format!("unknown field `{key}`")), "{message}");
            assert!(message.contains(&format!("`{KEY_OF_PROFILES}`")), "{message}");
        }
    }
}
