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
    if is_plain(uri) {
        return uri.to_owned();
    }
    respelled(uri)
}

/// Whether nothing in the URI of a file can be spelled in another way. That is so for most, and every key that
/// is typed asks for the name of its buffer.
fn is_plain(uri: &str) -> bool {
    let is_plain_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    uri.strip_prefix("file:///").is_some_and(|path| {
        path.split('/')
            .all(|part| !matches!(part, "" | "." | "..") && part.bytes().all(is_plain_byte))
    })
}

fn respelled(uri: &str) -> String {
    path(uri)
        .and_then(|path| url::Url::from_file_path(path).ok())
        .map_or_else(|| uri.to_owned(), String::from)
}

/// Whether a buffer has no file. Editors give the URI of one that was closed to the next one.
#[must_use]
pub fn is_unsaved(uri: &str) -> bool {
    ["untitled:", "buffer:"]
        .iter()
        .any(|scheme| uri.starts_with(scheme))
}

/// What a buffer without a file is called in the store: its URI, and which of the buffers of that URI it is.
#[must_use]
pub fn unsaved(uri: &str, identity: &str) -> String {
    format!("{uri}#{identity}")
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
            let name = match name.split_once('#') {
                Some((name, _)) if is_unsaved(uri) => name,
                _ => name,
            };
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

    proptest::proptest! {
        #[test]
        fn what_is_plain_has_one_spelling(path in "[a-cA-C:09%_~/.-]{0,12}") {
            let uri = format!("file:///{path}");
            if is_plain(&uri) {
                proptest::prop_assert_eq!(respelled(&uri), uri);
            }
        }
    }

    #[test]
    fn most_files_are_plain() {
        assert!(is_plain("file:///home/me/a-project/src/main_2.rs"));
        for other in [
            "file:///a%2B",
            "file:///a//b",
            "file:///a/../b",
            "file:///a/",
        ] {
            assert!(!is_plain(other), "{other}");
        }
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
    #[case("untitled:Untitled-1#0197-a", "Untitled-1")]
    #[case("scheme:page#part", "page#part")]
    #[case("nonsense", "nonsense")]
    fn names_are_short(#[case] uri: &str, #[case] name: &str) {
        assert_eq!(short(uri), name);
    }
}
