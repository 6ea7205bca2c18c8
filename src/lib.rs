//! Backchat: ask an LLM about any buffer and keep typing.
pub mod config;
pub mod llm;
pub mod protocol;
pub mod session;
pub mod text;
