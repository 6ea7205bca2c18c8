//! What a keystroke, a streamed token and a submit go through, each as a piece of work with the input for it.
//!
//! Criterion measures them (`tests/benches/hot_paths.rs`), and valgrind counts their instructions
//! (`tests/counts`). Each piece of work looks whether its result is the right one.

pub mod code;
pub mod prompting;
pub mod storing;
pub mod streaming;
pub mod typing;
