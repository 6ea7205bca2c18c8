//! How a buffer's URI is named to people and to models.

use std::path::PathBuf;

/// The path of a `file:` URI.
#[must_use]
pub fn path(uri: &str) -> Option<PathBuf> {
    url::Url::parse(uri)
        .ok()
        .filter(|url| url.scheme() == "file")
        .and_then(|url| url.to_file_path().ok())
}

/// One spelling for each buffer: editors percent-encode the same path in different ways, and a file
/// must be the same session in all of them.
#[must_use]
pub fn canonical(uri: &str) -> String {
    path(uri)
        .and_then(|path| url::Url::from_file_path(path).ok())
        .map_or_else(|| uri.to_owned(), String::from)
}

/// The last parts of the buffer's name, enough to recognise it and no more of the machine's paths
/// than that: `src/main.rs`, `Untitled-1`.
#[must_use]
pub fn short(uri: &str) -> String {
    let parts: Vec<String> = match path(uri) {
        Some(path) => path
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .filter(|part| part != "/")
            .collect(),
        None => {
            let name = uri.split_once(':').map_or(uri, |(_, name)| name);
            vec![
                percent_encoding::percent_decode_str(name.trim_start_matches('/'))
                    .decode_utf8_lossy()
                    .into_owned(),
            ]
        }
    };
    parts[parts.len().saturating_sub(3)..].join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("file:///a%2Bb%28c%29/%C3%A9.rs", "file:///a+b(c)/é.rs")]
    #[case("file:///c/./d/../e.rs", "file:///c/e.rs")]
    fn one_file_has_one_name(#[case] one: &str, #[case] other: &str) {
        assert_eq!(canonical(one), canonical(other));
    }

    #[test]
    fn other_schemes_are_left_alone() {
        assert_eq!(canonical("untitled:Untitled-1"), "untitled:Untitled-1");
    }

    #[rstest::rstest]
    #[case("file:///home/me/project/src/main.rs", "project/src/main.rs")]
    #[case("file:///a.txt", "a.txt")]
    #[case("file:///with%20space/%C3%A9.rs", "with space/é.rs")]
    #[case("untitled:Untitled-1", "Untitled-1")]
    #[case("nonsense", "nonsense")]
    fn names_are_short(#[case] uri: &str, #[case] name: &str) {
        assert_eq!(short(uri), name);
    }
}
