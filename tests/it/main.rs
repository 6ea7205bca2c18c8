//! The real server over stdio, the real store and real processes, against a scripted model and a
//! small real one. One file a theme; `tests/support` has the editor and the models.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    reason = "a test that panics has said what it found"
)]

#[path = "../support/mod.rs"]
mod support;

mod background;
mod bad_input;
mod cli;
mod crash;
mod detached;
mod documents;
mod faults;
mod first_release;
mod floods;
mod hostile_input;
mod inbox;
mod library;
mod lifecycle;
mod local_model_script;
mod log;
mod model_server;
mod moved;
mod news;
mod order;
mod plain_editor;
mod privacy;
mod processes;
mod proposals;
mod purge;
mod quoted_prompts;
mod real_edits;
mod real_model;
mod resume;
mod secret_hold;
mod secrets;
mod store_faults;
mod streams;
mod unsaved;
