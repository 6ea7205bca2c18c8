//! Settings.
mod model;

pub use model::{Format, KeySource, Model};
