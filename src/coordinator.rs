//! The use cases: submit, route, cancel, retry, take, look.
//!
//! Constructing the coordinator starts the worker, so that opening an editor is all that a user
//! does. It owns the handles on everything else and knows neither LSP nor SQL nor HTTP.

mod drain;
mod error;
mod moved;
mod proposal;
mod submit;
mod target;

use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::broadcast;

pub use drain::{DrainLock, read_keys};
pub use error::Error;
pub use proposal::Proposal;
pub use submit::{LONGEST_BUFFER, LONGEST_PROMPT, Submit, Submitted, first_line, place};

use crate::clock;
use crate::config::Model;
use crate::feed::Feed;
use crate::library::{Library, Workspace};
use crate::llm;
use crate::models::Models;
use crate::session::{RequestId, SessionId};
use crate::store::{
    Followed, InboxStatus, RequestRecord, SessionFilter, SessionPage, Store, StoredAnchor,
    TurnRecord,
};
use crate::worker::{Tools, Worker};

/// The result of every use case.
pub type Result<T> = std::result::Result<T, Error>;

/// Owns sessions, queue and worker of one process. Clones share it.
#[derive(Clone)]
pub struct Coordinator {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    models: Models,
    feed: Feed,
    worker: Option<Worker>,
}

/// The state of the inbox and of the models.
#[derive(Clone, Debug)]
pub struct Status {
    /// Of all windows.
    pub inbox: InboxStatus,
    /// The name of the model that a submit without one uses.
    pub model: Option<String>,
    /// What keeps Backchat from working, with what to do.
    pub problem: Option<String>,
}

impl Coordinator {
    /// Starts the feed and the worker.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn start(store: Store, models: Models, client: llm::Client) -> Result<Self> {
        Self::build(store, models, Some(client)).await
    }

    /// A coordinator that runs nothing itself, for a look at the inbox or a submit that another
    /// process will work on.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn without_worker(store: Store, models: Models) -> Result<Self> {
        Self::build(store, models, None).await
    }

    async fn build(store: Store, models: Models, client: Option<llm::Client>) -> Result<Self> {
        let feed = Feed::start(&store).await?;
        if client.is_some()
            && let Err(error) = store.housekeep(clock::now()).await
        {
            // On a full disk what is stored can be read all the same.
            tracing::warn!(%error, "old events could not be removed");
        }
        let worker = client.map(|client| {
            Worker::start(Tools {
                store: store.clone(),
                models: models.clone(),
                feed: feed.clone(),
                client,
            })
        });
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                models,
                feed,
                worker,
            }),
        })
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The models.
    #[must_use]
    pub fn models(&self) -> &Models {
        &self.inner.models
    }

    /// Hears of everything that happens from now on, in any process.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Followed>> {
        self.inner.feed.subscribe()
    }

    /// The last event of which no one who subscribes hears.
    #[must_use]
    pub fn begin_of_events(&self) -> i64 {
        self.inner.feed.begin()
    }

    /// Ends the worker: what it runs is queued again with its text kept. When work is left and the
    /// settings allow it, a detached worker takes over.
    pub async fn close(&self) {
        self.stop().await;
        if self.inner.models.catalog().config.drain_on_close.value {
            match self.inner.store.has_work().await {
                Ok(true) => self.leave_to_detached_worker(),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "cannot tell whether work is left"),
            }
        }
    }

    /// Ends the worker: what it runs is queued again with its text kept.
    pub async fn stop(&self) {
        if let Some(worker) = &self.inner.worker {
            worker.stop().await;
        }
    }

    /// Whether anything waits or runs that a worker of this process may have to do.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn has_work_here(&self) -> Result<bool> {
        let callable = self.inner.models.callable();
        let names = callable.into_iter().map(|(name, _)| name).collect();
        Ok(self.inner.store.has_work_for(names).await?)
    }

    /// Starts a detached worker that finishes the queue and exits.
    pub fn leave_to_detached_worker(&self) {
        if let Err(error) = drain::spawn(&self.inner.models.provided_keys()) {
            tracing::error!(%error, "no detached worker could be started; the queue waits for the next editor");
        }
    }

    /// Ends a request that waits or runs; its text is kept. A finished one stays as it is.
    ///
    /// # Errors
    ///
    /// For an unknown request, or when the store fails.
    pub async fn cancel(&self, id: &RequestId) -> Result<RequestRecord> {
        Ok(self.inner.store.cancel(id, clock::now()).await?)
    }

    /// Queues a failed, cancelled or held request again.
    ///
    /// # Errors
    ///
    /// For an unknown or a done request, or when the store fails.
    pub async fn retry(&self, id: &RequestId) -> Result<RequestRecord> {
        let retried = self.inner.store.retry(id, clock::now()).await?;
        self.wake_worker();
        Ok(retried)
    }

    /// Allows the secrets that a request is held for to be sent to its endpoint, and wakes the worker.
    ///
    /// # Errors
    ///
    /// For an unknown request, for one that is not held for a secret, or when the store fails.
    pub async fn allow(&self, id: &RequestId) -> Result<RequestRecord> {
        let allowed = self.inner.store.allow(id, clock::now()).await?;
        self.wake_worker();
        tracing::info!(request = %id, "the user allows its secrets to be sent");
        Ok(allowed)
    }

    /// Takes a finished request out of its buffer's margin.
    ///
    /// # Errors
    ///
    /// For an unknown or an unfinished request, or when the store fails.
    pub async fn dismiss(&self, id: &RequestId) -> Result<RequestRecord> {
        Ok(self.inner.store.dismiss(id, clock::now()).await?)
    }

    /// Hands over the unread responses of a session; each is handed over once, over all windows.
    ///
    /// # Errors
    ///
    /// For an unknown session, or when the store fails.
    pub async fn take_session(&self, id: &SessionId) -> Result<Vec<TurnRecord>> {
        Ok(self.inner.store.take_session(id, clock::now()).await?)
    }

    /// Hands over the response of a request if it is unread.
    ///
    /// # Errors
    ///
    /// For an unknown request, or when the store fails.
    pub async fn take_request(&self, id: &RequestId) -> Result<Option<TurnRecord>> {
        Ok(self.inner.store.take_request(id, clock::now()).await?)
    }

    /// The sessions that match.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn sessions(&self, filter: SessionFilter) -> Result<SessionPage> {
        Ok(self.inner.store.sessions(filter).await?)
    }

    /// Notes where anchors are now.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn save_anchors(&self, anchors: Vec<(RequestId, StoredAnchor)>) -> Result<()> {
        Ok(self.inner.store.save_anchors(anchors).await?)
    }

    /// A file, or a folder with all files in it, was renamed: its sessions go along. Gives back how many
    /// those are.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn rename(&self, old_uri: &str, new_uri: &str) -> Result<usize> {
        let renamed = self.inner.store.rename(old_uri, new_uri, clock::now());
        Ok(renamed.await?)
    }

    /// The prompt library as it is on disk now, with the prompts of a workspace.
    ///
    /// # Errors
    ///
    /// When reading it panicked.
    pub async fn library(&self, workspace: Option<Workspace>) -> Result<Library> {
        let catalog = self.inner.models.refreshed();
        let read =
            tokio::task::spawn_blocking(move || Library::read(&catalog.config, workspace.as_ref()));
        read.await.map_err(|panic| {
            tracing::error!(%panic, "the prompt library could not be read");
            Error::Library
        })
    }

    /// The state of the inbox and of the models.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn status(&self) -> Result<Status> {
        Ok(self.status_of(self.inner.store.status().await?))
    }

    /// The state of the inbox and of the models, from what is in the store.
    #[must_use]
    pub fn status_of(&self, inbox: InboxStatus) -> Status {
        let selected = self.model_of(inbox.selected_model.as_deref());
        let catalog = self.inner.models.catalog();
        let problem = match (&catalog.problem, &selected) {
            (Some(problem), _) => Some(format!("the configuration is wrong: {problem}")),
            (None, None) => Some(format!("no model: {}", crate::models::HOW_TO_GET_A_MODEL)),
            (None, Some(model)) => self.inner.models.problem_of(model),
        };
        Status {
            inbox,
            model: selected.map(|model| model.name),
            problem,
        }
    }

    /// The model of a submit that names none: the one that was selected, else the configuration's
    /// default, else the first.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn selected_model(&self) -> Result<Option<Model>> {
        let selected = self.inner.store.selected_model().await?;
        Ok(self.model_of(selected.as_deref()))
    }

    /// The model of a submit that names none, when this one was selected.
    fn model_of(&self, selected: Option<&str>) -> Option<Model> {
        let catalog = self.inner.models.catalog();
        let default = catalog.config.default_model.as_ref();
        let named = [selected, default.map(|setting| setting.value.as_str())]
            .into_iter()
            .flatten()
            .find_map(|name| catalog.models.iter().find(|model| model.name == name));
        named.or_else(|| catalog.models.first()).cloned()
    }

    /// Selects a model for every window; `None` goes back to the configuration's default.
    ///
    /// # Errors
    ///
    /// For an unknown model, or when the store fails.
    pub async fn select_model(&self, name: Option<String>) -> Result<()> {
        if let Some(name) = &name {
            self.model(name)?;
        }
        Ok(self.inner.store.select_model(name).await?)
    }

    /// Takes a key that the editor keeps, or forgets it. It stays in memory.
    pub fn provide_key(&self, name: &str, key: Option<SecretString>) {
        self.inner.models.provide_key(name, key);
        // A model that waits for it can be called now.
        self.wake_worker();
    }

    fn model(&self, name: &str) -> Result<Model> {
        let catalog = self.inner.models.refreshed();
        catalog
            .models
            .iter()
            .find(|model| model.name == name)
            .cloned()
            .ok_or_else(|| Error::UnknownModel {
                name: name.to_owned(),
                known: catalog
                    .models
                    .iter()
                    .map(|model| model.name.clone())
                    .collect(),
            })
    }

    /// Lets the worker look at the queue now, and not when it hears of the change.
    fn wake_worker(&self) {
        if let Some(worker) = &self.inner.worker {
            worker.wake();
        }
    }
}
