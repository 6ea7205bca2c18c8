//! What it means when no response comes: the connection could not be made, or it fell silent.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::call::Call;
use super::{ErrorKind, LlmError, Retry};

/// The failure of a request that got no response.
pub(super) fn of_request(call: &Call, error: &reqwest::Error) -> LlmError {
    let chain = Chain::of(error);
    let host = call.host();
    let why = call.plain(&chain.text);
    let unreachable = |what: String, remedy: String| LlmError {
        kind: ErrorKind::Unreachable,
        message: what,
        remedy: Some(remedy),
        retry: Retry::Backoff,
    };
    if error.is_dns() {
        return unreachable(
            format!("The host {host} is not known: {why}"),
            format!("Check the network and `base_url` ({}).", call.model.origin),
        );
    }
    if chain.is_tls() {
        return tls(call, &why);
    }
    if chain.mentions(&["tunnel", "proxy", "socks"]) {
        return unreachable(
            format!("The proxy gives no connection to {host}: {why}"),
            "Check the proxy settings of the system (HTTPS_PROXY, HTTP_PROXY, NO_PROXY)."
                .to_owned(),
        );
    }
    if chain.has(io::ErrorKind::ConnectionRefused) {
        let remedy = if call.model.is_loopback() {
            format!("Start the server that should listen at {host}, or choose another model.")
        } else {
            format!(
                "Check the port in `base_url` ({}) and the network.",
                call.model.origin
            )
        };
        return unreachable(format!("{host} refused the connection"), remedy);
    }
    if error.is_timeout() {
        return unreachable(
            format!(
                "No connection to {host} within {}",
                seconds(call.model.connect_timeout)
            ),
            format!(
                "Check the network, a firewall, `connect_timeout` and `base_url`, and there whether it is http or https ({}).",
                call.model.origin
            ),
        );
    }
    if error.is_connect() {
        return unreachable(
            format!("No connection to {host}: {why}"),
            "Check the network.".to_owned(),
        );
    }
    unreachable(
        format!("{host} closed the connection before it answered: {why}"),
        format!(
            "Try again; if it lasts, check `base_url` ({}).",
            call.model.origin
        ),
    )
}

/// Nothing came for longer than the model's limit on silence.
pub(super) fn silent(call: &Call) -> LlmError {
    LlmError {
        kind: ErrorKind::Silent,
        message: format!(
            "Nothing came from {} (model {}) for {}",
            call.host(),
            call.model.model,
            seconds(call.model.read_timeout)
        ),
        remedy: Some(format!(
            "Try again, or raise `read_timeout` of the model {} if it thinks for longer than that ({}).",
            call.model.name, call.model.origin
        )),
        retry: Retry::Backoff,
    }
}

/// No encrypted connection: the certificate, or no TLS at the other end.
pub(super) fn tls(call: &Call, why: &str) -> LlmError {
    LlmError {
        kind: ErrorKind::Tls,
        message: format!("No secure connection to {}: {why}", call.host()),
        remedy: Some(format!(
            "If the network has a certificate authority of its own, set `ca_file` of the model {} to its certificate (PEM); if the server speaks no TLS, write `http://` in `base_url` ({}).",
            call.model.name, call.model.origin
        )),
        retry: Retry::Never,
    }
}

/// The proxy in between wants credentials.
pub(super) fn proxy_wants_credentials(call: &Call) -> LlmError {
    LlmError {
        kind: ErrorKind::Unreachable,
        message: format!(
            "The proxy on the way to {} wants credentials (HTTP 407)",
            call.host()
        ),
        remedy: Some(
            "Put them into the proxy's address: `HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT`."
                .to_owned(),
        ),
        retry: Retry::Never,
    }
}

/// The causes of an error, as a sentence.
pub(super) fn causes(error: &(dyn Error + 'static)) -> String {
    Chain::of(error).text
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

/// What the causes of an error say.
struct Chain {
    /// The innermost cause, which is the one that names the trouble.
    text: String,
    lower: String,
    kinds: Vec<io::ErrorKind>,
}

impl Chain {
    fn of(error: &(dyn Error + 'static)) -> Self {
        let mut kinds = Vec::new();
        let mut lower = String::new();
        let mut text = String::new();
        let mut next = error.source();
        while let Some(cause) = next {
            let io = cause.downcast_ref::<io::Error>();
            kinds.extend(io.map(io::Error::kind));
            text = cause.to_string();
            lower.push_str(&text.to_lowercase());
            lower.push('\n');
            // An I/O error that wraps another one names that one's source as its own.
            next = match io.and_then(io::Error::get_ref) {
                Some(wrapped) => Some(wrapped),
                None => cause.source(),
            };
        }
        if text.is_empty() {
            text = error.to_string();
        }
        Self { text, lower, kinds }
    }

    fn has(&self, kind: io::ErrorKind) -> bool {
        self.kinds.contains(&kind)
    }

    fn mentions(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.lower.contains(phrase))
    }

    /// The TLS library reports through I/O errors of this kind, and nothing else does before a
    /// response; an end in the middle of the handshake has another kind and says so.
    fn is_tls(&self) -> bool {
        self.has(io::ErrorKind::InvalidData) || self.mentions(&["certificate", "handshake", "tls"])
    }
}
