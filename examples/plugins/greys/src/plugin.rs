use crate::pixels::{make_grey, PIXEL_BYTES};
use exports::toolsku::plugin_system::plugin_api_bytes::{Guest, PluginMetadata};

wit_bindgen::generate!({ world: "plugin-bytes", path: "../../../wit" });

struct Plugin;

impl Guest for Plugin {
    fn initialize(_config: Vec<(String, String)>) -> Result<(), String> {
        Ok(())
    }

    fn process_bytes(mut input: Vec<u8>, _options: Vec<(String, String)>) -> Result<Vec<u8>, String> {
        if input.len() % PIXEL_BYTES != 0 {
            return Err(format!("{} bytes are no whole pixels of {PIXEL_BYTES}", input.len()));
        }
        make_grey(&mut input);
        Ok(input)
    }

    fn shutdown() -> Result<(), String> {
        Ok(())
    }

    fn get_metadata() -> PluginMetadata {
        PluginMetadata {
            name: "greys".into(),
            version: "1.0.0".into(),
            description: "Makes greys of pixels in colour".into(),
        }
    }
}

export!(Plugin);
