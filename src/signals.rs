//! What the system says to a process.

/// Resolves when the process is asked to end: by whoever closes its terminal, interrupts it or shuts the
/// machine down.
pub(crate) async fn asked_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [
            SignalKind::terminate(),
            SignalKind::interrupt(),
            SignalKind::hangup(),
        ];
        let asked = kinds.map(|kind| {
            Box::pin(async move {
                match signal(kind) {
                    Ok(mut signals) => signals.recv().await,
                    Err(_) => std::future::pending().await,
                }
            })
        });
        futures_util::future::select_all(asked).await;
    }
    #[cfg(not(unix))]
    let _ = tokio::signal::ctrl_c().await;
}
