//! Personal data made unrecognisable, for words that leave the run folder.

/// An e-mail address, name or number with only its first character, and the last label of a domain, readable.
#[must_use]
pub fn masked(text: &str) -> String {
    match text.split_once('@') {
        Some((local, domain)) => {
            let last_label = domain.rsplit_once('.').map_or("", |(_, last)| last);
            format!("{}@{}.{last_label}", first_only(local), first_only(domain))
        }
        None => first_only(text),
    }
}

fn first_only(text: &str) -> String {
    text.chars().next().map_or_else(String::new, |first| format!("{first}***"))
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn shows_no_more_than_a_hint() {
        assert_eq!(masked("ann.smith@example.com"), "a***@e***.com");
        assert_eq!(masked("Ann Smith"), "A***");
        assert_eq!(masked("@"), "@.");
        assert_eq!(masked(""), "");
    }
}
