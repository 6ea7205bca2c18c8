//! Backchat: ask an LLM about any buffer and keep typing; the answer arrives where you asked.
//!
//! A prompt is stored, queued and run in the background by a worker; when it is done, a notification
//! makes the editor show the answer where it was asked. `ARCHITECTURE.md` has the map, the
//! invariants and the path of one request through these modules.
//!
//! Dependencies point one way: `cli → server → coordinator → worker → {store, llm, models, prompt}`,
//! and everything may use [`session`] and [`text`], which are pure. Only [`server`], [`protocol`]
//! and [`view`] know LSP, only [`llm`] knows HTTP, only [`store`] knows SQL.

pub mod buffer_name;
pub mod cli;
pub mod clock;
pub mod config;
pub mod coordinator;
#[cfg(test)]
mod corpus;
pub mod digest;
pub mod feed;
pub mod library;
pub mod llm;
pub mod models;
pub mod prompt;
pub mod protocol;
pub mod rules;
pub mod secrets;
pub mod server;
pub mod session;
mod signals;
pub mod store;
pub mod text;
pub mod view;
mod visible;
mod worker;
