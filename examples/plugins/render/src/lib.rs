//! The plugin `render`: fills a template with the values of a request. The work is in `template.rs`.

// `cargo test` builds for this machine, on which a component's exports do not link.
#[cfg(target_family = "wasm")]
mod plugin;
mod template;
