//! What the doctor looks at: configuration, store, models, log, versions.

use std::path::Path;

use secrecy::SecretString;

use super::disk;
use super::report::{Finding, Report};
use crate::cli::config::Effective;
use crate::cli::{age, environment, log};
use crate::clock;
use crate::config::{Config, KeySource, Model, paths};
use crate::coordinator::Coordinator;
use crate::library::Library;
use crate::llm::{self, key};
use crate::models::{HOW_TO_GET_A_MODEL, Models};
use crate::protocol::PROTOCOL_VERSION;
use crate::store::{InboxStatus, Store};

/// Looks at everything. With `offline` no endpoint is asked and no command run.
pub(super) async fn everything(offline: bool) -> Report {
    let mut report = Report::default();
    report.add("Configuration", configuration());
    report.add("Prompts", prompt_library());
    let client = llm::Client::new();
    let models = Models::load(client.clone());
    models.discover_local().await;
    let opened = open(&models).await;
    let coordinator = opened.as_ref().ok();
    let selected = match coordinator {
        Some(coordinator) => coordinator.selected_model().await.ok().flatten(),
        None => None,
    };
    let examined = Examined {
        client,
        models,
        offline,
    };
    report.add("Models", examined.every_model(selected.as_ref()).await);
    report.add("Store", store(&opened).await);
    if let Ok(coordinator) = &opened {
        report.add("Queue", queue(coordinator).await);
    }
    report.add("Log", logs());
    report.add(
        "Versions",
        vec![
            Finding::good("backchat", env!("CARGO_PKG_VERSION")),
            Finding::good("protocol", PROTOCOL_VERSION.to_string()),
            Finding::good(
                "machine",
                format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            ),
        ],
    );
    report
}

fn configuration() -> Vec<Finding> {
    let config = match Config::load(&environment) {
        Ok(config) => config,
        Err(error) => {
            let remedy = "correct it there; `backchat config` prints every setting";
            return vec![Finding::bad(
                "file",
                error.to_string(),
                Some(remedy.to_owned()),
            )];
        }
    };
    let path = config.path.display().to_string();
    let file = match (config.modified, environment("BACKCHAT_CONFIG")) {
        (Some(_), _) => Finding::good("file", path),
        (None, Some(set)) if !set.is_empty() => Finding::bad(
            "file",
            format!("{path} does not exist"),
            Some("write it, or unset BACKCHAT_CONFIG".to_owned()),
        )
        .from("$BACKCHAT_CONFIG"),
        (None, _) => Finding::good("file", format!("none at {path}, so the defaults hold")),
    };
    let mut findings = vec![file];
    for setting in Effective::of(&config).settings {
        let value = match &setting.value {
            serde_json::Value::Null => "not set".to_owned(),
            serde_json::Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        findings.push(Finding::good(setting.name, value).from(setting.origin));
    }
    findings
}

/// The user's own prompts.
fn prompt_library() -> Vec<Finding> {
    // What is wrong with the configuration is told already.
    let Ok(config) = Config::load(&environment) else {
        return Vec::new();
    };
    let library = Library::read(&config, None);
    let mut findings = vec![Finding::good("prompts", library.prompts.len().to_string())];
    findings.extend(library.problems.iter().map(|problem| {
        let remedy = "correct it there; the other prompts work";
        Finding::bad("prompt", problem.to_string(), Some(remedy.to_owned()))
    }));
    findings
}

struct Examined {
    client: llm::Client,
    models: Models,
    offline: bool,
}

impl Examined {
    async fn every_model(&self, selected: Option<&Model>) -> Vec<Finding> {
        let catalog = self.models.catalog();
        let mut findings = Vec::new();
        for model in &catalog.models {
            findings.extend(self.model(model).await);
        }
        let default = catalog.config.default_model.as_ref();
        let unknown =
            default.filter(|name| catalog.models.iter().all(|model| model.name != name.value));
        if let Some(name) = unknown {
            let known: Vec<&str> = catalog.models.iter().map(|it| it.name.as_str()).collect();
            findings.push(
                Finding::bad(
                    "default model",
                    format!("there is no model {:?}", name.value),
                    Some(format!("name one of: {}", known.join(", "))),
                )
                .from(name.origin.to_string()),
            );
        }
        match selected {
            Some(model) => findings.push(Finding::good("selected", &model.name)),
            None if catalog.models.is_empty() => findings.push(Finding::bad(
                "selected",
                "there is no model",
                Some(HOW_TO_GET_A_MODEL.to_owned()),
            )),
            None => {}
        }
        findings
    }

    async fn model(&self, model: &Model) -> Vec<Finding> {
        let name = &model.name;
        let what = format!("{}, {}", model.model, model.format.name());
        let mut findings = vec![Finding::good(name, what).from(&model.origin)];
        let key = match self.key(model).await {
            Ok((finding, key)) => {
                findings.extend(finding);
                key
            }
            Err(finding) => {
                findings.push(finding);
                return findings;
            }
        };
        let endpoint = format!("{name}: endpoint");
        if self.offline {
            findings.push(Finding::good(
                endpoint,
                format!("{}, not asked", model.base_url),
            ));
            return findings;
        }
        findings.push(match self.client.probe(model, key.as_ref()).await {
            Ok(latency) => Finding::good(
                endpoint,
                format!("{} answers in {} ms", model.base_url, latency.as_millis()),
            ),
            Err(error) => Finding::bad(endpoint, error.message, error.remedy),
        });
        findings
    }

    /// Whether there is a key, and where from; never the key.
    async fn key(&self, model: &Model) -> Result<(Option<Finding>, Option<SecretString>), Finding> {
        let name = format!("{}: key", model.name);
        let place = key::place(&model.key);
        match &model.key {
            KeySource::None => Ok((None, None)),
            KeySource::Command(_) if self.offline => Ok((
                Some(Finding::good(name, format!("from {place}, not run"))),
                None,
            )),
            _ => match self.models.key(model).await {
                Ok(key) => Ok((
                    Some(Finding::good(name, format!("present, from {place}"))),
                    key,
                )),
                Err(error) => Err(Finding::bad(name, error.to_string(), None)),
            },
        }
    }
}

async fn open(models: &Models) -> anyhow::Result<Coordinator> {
    let state = paths::state_dir(&environment)?;
    let store = tokio::task::spawn_blocking(move || Store::open(&state)).await??;
    Ok(Coordinator::without_worker(store, models.clone()).await?)
}

async fn store(opened: &anyhow::Result<Coordinator>) -> Vec<Finding> {
    let store = match opened {
        Ok(coordinator) => coordinator.store(),
        Err(error) => return vec![Finding::bad("database", format!("{error:#}"), None)],
    };
    let path = store.directory().join(Store::FILE);
    let mut findings = vec![
        Finding::good("database", path.display().to_string()),
        permissions(&path),
    ];
    let remedy = format!(
        "close every editor and move {} away; what was asked before is then gone from the lists",
        path.display()
    );
    findings.extend(disk::space(store.directory()));
    findings.push(match store.probe(clock::now()).await {
        Ok(()) => Finding::good("writing", "works"),
        Err(error) => Finding::bad("writing", error.to_string(), None),
    });
    findings.push(disk::locks(store.directory()));
    if store.has_purged_text().await.unwrap_or_default() {
        findings.push(Finding::bad(
            "purge",
            "text of what was purged may still be in the files".to_owned(),
            Some(
                "run `backchat purge` again, which says what keeps it from removing that"
                    .to_owned(),
            ),
        ));
    }
    findings.push(match store.check_integrity().await {
        Ok(problems) if problems.is_empty() => Finding::good("integrity", "sound"),
        Ok(problems) => Finding::bad("integrity", problems.join("; "), Some(remedy)),
        Err(error) => Finding::bad("integrity", error.to_string(), Some(remedy)),
    });
    findings
}

#[cfg(unix)]
fn permissions(path: &Path) -> Finding {
    use std::os::unix::fs::PermissionsExt as _;
    match std::fs::metadata(path) {
        Err(error) => Finding::bad(
            "permissions",
            error.to_string(),
            Some(format!("check {}", path.display())),
        ),
        Ok(metadata) if metadata.permissions().mode() & 0o077 == 0 => {
            Finding::good("permissions", "only you can read it")
        }
        Ok(metadata) => Finding::bad(
            "permissions",
            format!(
                "other users can read it (mode {:o})",
                metadata.permissions().mode() & 0o777
            ),
            Some(format!("run: chmod 600 {}", path.display())),
        ),
    }
}

#[cfg(not(unix))]
fn permissions(_: &Path) -> Finding {
    Finding::good("permissions", "those of your profile")
}

async fn queue(coordinator: &Coordinator) -> Vec<Finding> {
    let counts = match coordinator.store().status().await {
        Ok(counts) => counts,
        Err(error) => return vec![Finding::bad("requests", error.to_string(), None)],
    };
    let InboxStatus {
        queued,
        running,
        held,
        hold,
        unread,
        selected_model: _,
    } = counts;
    let mut findings = vec![Finding::good(
        "requests",
        format!("{running} running, {queued} queued, {held} held, {unread} unread"),
    )];
    if let Some((reason, until)) = hold {
        let now = clock::now();
        // What waits for the user does not go on at a certain time.
        let again = (until > now).then(|| format!(", again {}", age::until(until, now)));
        let again = again.unwrap_or_default();
        findings.push(Finding::good("held", format!("{reason}{again}")));
    }
    if queued > 0 && running == 0 {
        findings.push(Finding::good(
            "waiting",
            "an open editor runs what is queued, and so does `backchat worker --drain`",
        ));
    }
    findings
}

fn logs() -> Vec<Finding> {
    let Ok(state) = paths::state_dir(&environment) else {
        return Vec::new();
    };
    let directory = log::directory(&state);
    vec![match log::latest(&directory) {
        Some(path) => Finding::good("latest", path.display().to_string()),
        None => Finding::good("latest", format!("none in {} yet", directory.display())),
    }]
}
