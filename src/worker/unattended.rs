//! Responses that go on at a provider although nobody waits for them: a request was cancelled, failed
//! or will be asked anew. Their generation is ended, so that it costs nothing more.

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use crate::llm::ResumePoint;
use crate::store::{Result, Unattended};

/// The longest that a provider is waited for. It is told once: what it misses it ends by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long it is waited for when the process is about to end.
const LAST_PATIENCE: Duration = Duration::from_millis(500);

/// Tells the providers of all such responses, in the background.
pub(super) async fn let_go(shared: &Arc<Shared>) -> Result<()> {
    let models = shared.tools.models.callable();
    let models = models.into_iter().map(|(name, _)| name).collect();
    for unattended in shared.tools.store.unattended(models).await? {
        let shared_in = Arc::clone(shared);
        shared.tasks.spawn(async move {
            let ending = async {
                shared_in.stop.cancelled().await;
                tokio::time::sleep(LAST_PATIENCE).await;
            };
            tokio::select! {
                () = tell(&shared_in, &unattended) => {}
                () = tokio::time::sleep(PATIENCE) => {}
                () = ending => {}
            }
        });
    }
    Ok(())
}

async fn tell(shared: &Shared, unattended: &Unattended) {
    let tools = &shared.tools;
    let Some(model) = tools.models.get(&unattended.model) else {
        return;
    };
    let Ok(point) = unattended.resume.parse::<ResumePoint>() else {
        return;
    };
    if unattended.is_complete && !point.outlives_its_end() {
        return;
    }
    let Ok(key) = tools.models.key(&model).await else {
        return;
    };
    let is_complete = unattended.is_complete;
    // What was sent is not known here, so that it could not be taken out of what the provider says.
    if let Err(error) = tools
        .client
        .let_go(&model, key.as_ref(), &point, is_complete)
        .await
    {
        tracing::debug!(
            model = model.name,
            kind = error.kind.name(),
            "a response could not be ended at its provider"
        );
    }
}
