//! What was measured, as it is written down.

use std::path::Path;

use serde::Serialize;

use crate::samples::Summary;

/// One row of the table.
#[derive(Serialize)]
pub struct Figure {
    /// Its name over all versions, by which an earlier run is compared.
    pub id: &'static str,
    /// What it is.
    pub what: String,
    /// Of the numbers: `ms`, `MiB`, …
    pub unit: &'static str,
    /// Ours.
    pub ours: Summary,
    /// What it is compared with, of the same run.
    pub baseline: Option<Baseline>,
    /// What is to be reached.
    pub target: Option<Target>,
}

/// What a figure is compared with.
#[derive(Serialize)]
pub struct Baseline {
    pub name: &'static str,
    #[serde(flatten)]
    pub summary: Summary,
}

/// What is to be reached, and whether it was.
#[derive(Serialize)]
pub struct Target {
    pub text: String,
    pub met: bool,
}

impl Figure {
    pub fn new(
        id: &'static str,
        what: impl Into<String>,
        unit: &'static str,
        ours: Summary,
    ) -> Self {
        Self {
            id,
            what: what.into(),
            unit,
            ours,
            baseline: None,
            target: None,
        }
    }

    /// Compares it with another figure of this run.
    pub fn beside(mut self, name: &'static str, summary: Summary) -> Self {
        self.baseline = Some(Baseline { name, summary });
        self
    }

    /// Compares it with lsp-ai, where that was measured.
    pub fn beside_peer(self, summary: Option<Summary>) -> Self {
        match summary {
            Some(summary) => self.beside("lsp-ai 0.7", summary),
            None => self,
        }
    }

    pub fn target(mut self, text: impl Into<String>, met: bool) -> Self {
        self.target = Some(Target {
            text: text.into(),
            met,
        });
        self
    }
}

/// All rows, in the order of their measurement.
#[derive(Default)]
pub struct Figures(Vec<Figure>);

impl Figures {
    pub fn add(&mut self, figure: Figure) {
        self.0.push(figure);
    }

    pub fn write(&self, path: &Path) {
        std::fs::write(path, serde_json::to_vec_pretty(&self.0).unwrap()).unwrap();
    }
}
