//! The plugin. What it does is in `slug.rs`, which knows nothing of components and is tested on its own.

// `cargo test` builds for this machine, on which a component's exports do not link.
#[cfg(target_family = "wasm")]
mod plugin;
mod slug;
