//! Messages of JSON-RPC as LSP frames them: a header with the length, an empty line, the JSON.
//!
//! Source: <https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#headerPart>

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
};

/// The longest message that is believed.
const LONGEST: usize = 64 * 1024 * 1024;

/// Reads a message; `None` at the end of the stream.
///
/// # Errors
///
/// When what comes is not framed so, or ends within a message.
pub(super) async fn read(
    stream: &mut (impl AsyncBufRead + Unpin),
) -> anyhow::Result<Option<Value>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else {
            bail!("{line:?} is no header of a message");
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok();
        }
    }
    let length: usize = length.context("a message has no Content-Length")?;
    if length > LONGEST {
        bail!("a message of {length} bytes is too long");
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(serde_json::from_slice(&body)?))
}

/// Writes a message.
///
/// # Errors
///
/// When it cannot be written.
pub(super) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    message: &Value,
) -> std::io::Result<()> {
    let body = message.to_string();
    let framed = format!("Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(framed.as_bytes()).await?;
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn messages_come_as_they_went() {
        let mut stream = Vec::new();
        for message in [json!({"method": "é"}), json!({"id": 1})] {
            write(&mut stream, &message).await.unwrap();
        }
        let mut stream = stream.as_slice();
        assert_eq!(
            read(&mut stream).await.unwrap(),
            Some(json!({"method": "é"}))
        );
        assert_eq!(read(&mut stream).await.unwrap(), Some(json!({"id": 1})));
        assert_eq!(read(&mut stream).await.unwrap(), None);
    }

    #[rstest::rstest]
    #[case("hello\r\n\r\n{}")]
    #[case("Content-Type: x\r\n\r\n{}")]
    #[case("Content-Length: 10\r\n\r\n{}")]
    #[case("Content-Length: 99999999999\r\n\r\n{}")]
    #[tokio::test]
    async fn what_is_no_message_is_an_error(#[case] bytes: &str) {
        assert!(read(&mut bytes.as_bytes()).await.is_err());
    }
}
