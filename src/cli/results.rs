//! What commands print as JSON, where that is not a result of the protocol.
//!
//! `src/cli/results.schema.json` is generated from these types. The results of the other commands are those of PROTOCOL.md, as
//! their `--help` says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::session::RequestId;

/// What a command prints with `--json` when it does not do what it was asked; `backchat ask --wait` has the same
/// member beside the request that it waited for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Failure {
    /// What went wrong.
    pub error: Problem,
}

/// What went wrong.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Problem {
    /// What happened, to what, and what to do.
    pub message: String,
    /// The exit code of the command.
    pub exit_code: u8,
}

/// `backchat apply --json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Applied {
    /// The request that proposed the change.
    #[cfg_attr(test, schemars(with = "String"))]
    pub request: RequestId,
    /// The file.
    pub path: String,
    /// How the change and the file go together.
    pub status: Status,
    /// What was done.
    pub outcome: Outcome,
    /// Lines that it adds.
    pub added: u32,
    /// Lines that it removes.
    pub removed: u32,
    /// The change as a unified diff; empty where there is none.
    pub diff: String,
    /// Present where parts of the change conflict, and the command ends with exit code 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// How a change and its file go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Status {
    /// At the lines that were asked about.
    Clean,
    /// At lines that have moved.
    Moved,
    /// Parts of it were typed over.
    Conflict,
}

/// What `backchat apply` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Outcome {
    /// The file was changed.
    Applied,
    /// The file was changed, and has both versions of what conflicts between markers.
    AppliedWithMarkers,
    /// Nothing: only a look was asked for.
    Checked,
    /// Nothing: the file has the change already.
    Unchanged,
    /// Nothing: parts of the change conflict.
    Refused,
}

/// `backchat config --json`: the values in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Configuration {
    /// The configuration file.
    pub path: String,
    /// Whether it is there.
    pub exists: bool,
    /// Everything but models.
    pub settings: Vec<Setting>,
    /// The models of the file.
    pub models: Vec<ModelSettings>,
}

/// One setting.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Setting {
    /// As in the file.
    pub name: String,
    /// `null` when it is not set.
    pub value: Value,
    /// Where the value comes from, for people.
    pub origin: String,
}

/// The settings of a model. Never a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ModelSettings {
    /// The model's name.
    pub name: String,
    /// Where it is configured, for people.
    pub origin: String,
    /// By their names in the file.
    pub settings: BTreeMap<String, Value>,
}

/// `backchat doctor --json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// How many of the findings are problems.
    pub problems: usize,
    /// In groups, as they are shown.
    pub sections: Vec<Section>,
}

/// Findings about one thing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Section {
    /// What it is about.
    pub title: String,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// What was looked at.
    pub name: String,
    /// How it is.
    pub value: String,
    /// Where that comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Whether it keeps Backchat from working.
    pub problem: bool,
    /// What helps, when it is a problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// `backchat purge --json`: what was removed, or would be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Purged {
    /// Requests with their responses.
    pub requests: usize,
    /// Sessions without any request left.
    pub sessions: usize,
    /// Of the requests, the ones whose response was never read.
    pub unread: usize,
    /// Files that may still hold text of what was removed; it is tried again whenever a process closes the store.
    pub remains: Vec<Remains>,
}

/// A file that could not be cleaned.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Remains {
    /// The file.
    pub path: String,
    /// What kept it from being cleaned, for people.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use schemars::{JsonSchema, SchemaGenerator};
    use serde_json::json;

    use super::*;

    fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
        serde_json::to_value(generator.subschema_for::<T>()).unwrap()
    }

    #[test]
    fn generated_schema_of_the_command_line_is_up_to_date() {
        let mut generator = SchemaGenerator::default();
        let results = json!({
            "apply": of::<Applied>(&mut generator),
            "config": of::<Configuration>(&mut generator),
            "doctor": of::<Report>(&mut generator),
            "purge": of::<Purged>(&mut generator),
            "error": of::<Failure>(&mut generator),
        });
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "What backchat prints with --json",
            "description": "The result of each of these commands, and of any that fails. The results of the other commands are those of PROTOCOL.md.",
            "properties": results,
            "$defs": generator.take_definitions(true),
        });
        let expected = format!("{schema:#}\n");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/results.schema.json");
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(&path, &expected).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).unwrap_or_default() == expected,
            "src/cli/results.schema.json is not what the Rust types say; run: UPDATE_GENERATED=1 cargo test --lib generated"
        );
    }
}
