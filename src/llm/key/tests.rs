use rstest::rstest;
use secrecy::ExposeSecret;

use super::*;

/// The key that a source brings when the editor provides none.
async fn key(source: KeySource) -> Result<Option<String>, KeyError> {
    let key = resolve(&source, &|_| None).await?;
    Ok(key.map(|key| key.expose_secret().to_owned()))
}

#[cfg(unix)]
fn shell(script: &str) -> KeySource {
    KeySource::Command(vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()])
}

#[tokio::test]
async fn no_source_is_no_key() {
    assert_eq!(key(KeySource::None).await.unwrap(), None);
}

#[tokio::test]
async fn a_variable_that_is_not_set_is_named() {
    let error = key(KeySource::Env("BACKCHAT_NO_SUCH_KEY".to_owned()))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("BACKCHAT_NO_SUCH_KEY"),
        "{error}"
    );
    assert_eq!(LlmError::from(error).kind, ErrorKind::Authentication);
}

/// Cargo sets this variable for tests.
#[tokio::test]
async fn a_variable_is_read_and_a_key_from_the_editor_wins() {
    let source = KeySource::Env("CARGO_PKG_NAME".to_owned());
    assert_eq!(
        key(source.clone()).await.unwrap().as_deref(),
        Some("backchat")
    );
    let provided = |name: &str| (name == "CARGO_PKG_NAME").then(|| "from-the-editor".into());
    let key = resolve(&source, &provided).await.unwrap().unwrap();
    assert_eq!(key.expose_secret(), "from-the-editor");
}

#[tokio::test]
async fn a_key_from_the_editor_is_checked_too() {
    let source = KeySource::Env("CARGO_PKG_NAME".to_owned());
    let error = resolve(&source, &|_| Some("sk-\u{7}secret".into()))
        .await
        .unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[rstest]
#[case::trimmed(" sk-1 \r\nuser: me\n", Some("sk-1"))]
#[case::byte_order_mark("\u{feff}sk-1\n", Some("sk-1"))]
#[case::empty("", None)]
#[case::blank("  \nsk-1\n", None)]
#[case::control("sk-\u{7}secret", None)]
#[case::not_ascii("sk-secret\u{201d}", None)]
fn the_first_line_is_the_key(#[case] found: &str, #[case] expected: Option<&str>) {
    let source = KeySource::File("/home/me/.key".into());
    match checked(found, &source) {
        Ok(key) => assert_eq!(Some(key.expose_secret()), expected),
        Err(error) => {
            assert_eq!(expected, None, "{error}");
            let text = format!("{error} {error:?}");
            assert!(text.contains("/home/me/.key"), "{text}");
            assert!(!text.contains("secret"), "{text}");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_prints_the_key() {
    let found = key(shell("echo sk-from-command; echo more; echo noise >&2")).await;
    assert_eq!(found.unwrap().as_deref(), Some("sk-from-command"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_that_leaves_an_agent_behind_is_not_waited_for() {
    let found = key(shell("sleep 60 & echo sk-from-command"));
    let found = tokio::time::timeout(Duration::from_secs(25), found)
        .await
        .unwrap();
    assert_eq!(found.unwrap().as_deref(), Some("sk-from-command"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_that_prints_much_is_not_stopped() {
    let script = "echo sk-first; head -c 300000 /dev/zero | tr '\\0' x; exit 0";
    assert_eq!(
        key(shell(script)).await.unwrap().as_deref(),
        Some("sk-first")
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_that_fails_says_what_it_said() {
    let error = key(shell(
        "echo sk-sec''ret; printf 'no such \\033[1mentry\\nsecond line' >&2; exit 3",
    ))
    .await
    .unwrap_err()
    .to_string();
    assert!(error.contains("no such [1mentry"), "{error}");
    assert!(error.contains("exit status: 3"), "{error}");
    assert!(error.contains("[1mentry. Run it"), "{error}");
    assert!(!error.contains("sk-secret"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_that_takes_too_long_is_ended() {
    let command = ["sleep".to_owned(), "600".to_owned()];
    let error = from_command(&command, Duration::from_millis(50))
        .await
        .unwrap_err();
    assert!(matches!(error, KeyError::CommandTimeout(_)), "{error}");
}

#[rstest]
#[case(vec![])]
#[case(vec!["backchat-no-such-program".to_owned()])]
#[tokio::test]
async fn a_command_that_does_not_start_says_so(#[case] command: Vec<String>) {
    let error = key(KeySource::Command(command)).await.unwrap_err();
    assert!(matches!(error, KeyError::CommandStart { .. }), "{error}");
    assert!(error.to_string().contains("api_key_command"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_is_read_unless_others_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my key");
    std::fs::write(&path, "sk-from-file\n").unwrap();
    let set_mode = |mode| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set_mode(0o600);
    let found = key(KeySource::File(path.clone())).await.unwrap();
    assert_eq!(found.as_deref(), Some("sk-from-file"));
    for mode in [0o640, 0o604, 0o644] {
        set_mode(mode);
        let error = key(KeySource::File(path.clone()))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("chmod 600 '{}'", path.display())),
            "{error}"
        );
        assert!(error.contains(&format!("mode {mode:o}")), "{error}");
        assert!(!error.contains("sk-from-file"), "{error}");
    }
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let error = key(KeySource::File("/no/such/file".into()))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("/no/such/file"), "{error}");
}
