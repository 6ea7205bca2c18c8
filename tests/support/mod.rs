//! What the end-to-end tests are written with: an editor without a screen ([`editor`]), a model whose
//! every word a test decides ([`model_server`]), a small real one ([`local_model`]), and a folder
//! with a configuration and a store for each test ([`world`]).

pub mod editor;
mod failures;
pub mod local_model;
pub mod model_server;
pub mod patience;
pub mod transport;
pub mod world;

pub use editor::{Editor, at, lines};
pub use model_server::{Gate, ModelServer, Reply};
pub use world::World;
