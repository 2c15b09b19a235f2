/// A title as it goes into a URL: words in lower case, with a separator between them. Letters of other scripts stay as
/// they are. `None` when there is no letter or digit.
// `cargo test` leaves out the plugin, which is who calls it.
#[cfg_attr(not(target_family = "wasm"), allow(dead_code))]
pub fn slug(title: &str, separator: &str) -> Option<String> {
    let words: Vec<String> = title
        .split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    if words.is_empty() { None } else { Some(words.join(separator)) }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn joins_words_in_lower_case() {
        assert_eq!(slug("  Hello, World! ", "-"), Some("hello-world".into()));
    }

    #[test]
    fn keeps_letters_of_other_scripts() {
        assert_eq!(slug("Größe 42", "_"), Some("größe_42".into()));
    }

    #[test]
    fn makes_nothing_of_nothing() {
        assert_eq!(slug("?!", "-"), None);
    }
}
