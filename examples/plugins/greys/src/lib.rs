//! The plugin `greys`: makes greys of pixels in colour. The work is in `pixels.rs`.

mod pixels;
// `cargo test` builds for this machine, on which a component's exports do not link.
#[cfg(target_family = "wasm")]
mod plugin;
