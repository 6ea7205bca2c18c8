//! The HTTP clients, one for each way to connect; each keeps its connections open for the next call.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Certificate, redirect};

use super::call::Call;
use super::{LlmError, transport};

/// The name and version that requests carry.
const USER_AGENT: &str = concat!("backchat/", env!("CARGO_PKG_VERSION"));

/// What makes one client differ from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Way {
    ca_file: Option<PathBuf>,
    connect_timeout: Duration,
    /// An endpoint on this machine is never reached through a proxy, whatever the environment says.
    direct: bool,
    /// Without TLS no certificates are read: a bare machine without any can talk to itself.
    tls: bool,
}

/// The clients made so far. Each is made when it is first needed, since that reads the system's
/// certificates.
#[derive(Debug, Default)]
pub(super) struct Connections {
    clients: Mutex<HashMap<Way, reqwest::Client>>,
}

impl Connections {
    /// The client for a call. Fails when the CA file, or the system's certificates, are of no use.
    pub async fn client(&self, call: &Call) -> Result<reqwest::Client, LlmError> {
        let way = Way {
            ca_file: call.model.ca_file.clone().filter(|_| call.is_tls()),
            connect_timeout: call.model.connect_timeout,
            direct: call.model.is_loopback(),
            tls: call.is_tls(),
        };
        if let Some(client) = self.lock().get(&way) {
            return Ok(client.clone());
        }
        let wanted = way.clone();
        let client = tokio::task::spawn_blocking(move || build(&wanted))
            .await
            .unwrap_or_else(|error| Err(error.to_string()))
            .map_err(|why| transport::tls(call, &why))?;
        // Another call may have been faster; then its client, and its connections, are kept.
        Ok(self.lock().entry(way).or_insert(client).clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Way, reqwest::Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn build(way: &Way) -> Result<reqwest::Client, String> {
    // ring, because the other provider of cryptography makes the program half as large again, and takes
    // minutes to compile. Only the first call installs it; that later ones fail is right.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(way.connect_timeout)
        // A connection that died while the laptop slept is found out before it swallows a request.
        .http2_keep_alive_interval(Duration::from_secs(20))
        .http2_keep_alive_timeout(Duration::from_secs(20));
    if way.direct {
        builder = builder.no_proxy();
    }
    if !way.tls {
        builder = builder.tls_certs_only([]);
    }
    if let Some(path) = &way.ca_file {
        builder = builder.tls_certs_merge(certificates(path)?);
    }
    builder.build().map_err(|error| transport::causes(&error))
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, String> {
    let shown = path.display();
    let pem = std::fs::read(path)
        .map_err(|error| format!("the `ca_file` {shown} could not be read: {error}"))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| {
        format!(
            "the `ca_file` {shown} is no PEM: {}",
            transport::causes(&error)
        )
    })?;
    if certificates.is_empty() {
        return Err(format!("the `ca_file` {shown} holds no certificate"));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests;
