use crate::template::{Missing, Renderer};
use exports::toolsku::plugin_system::plugin_api::{Guest, PluginMetadata, ProcessRequest, ProcessResponse};
use std::cell::Cell;
use std::collections::HashMap;
use toolsku::plugin_system::host_api::{get_config, log_message};

wit_bindgen::generate!({ world: "plugin-world", path: "../../../wit" });

thread_local! {
    static MISSING: Cell<Missing> = const { Cell::new(Missing::Refused) };
    static ESCAPE: Cell<bool> = const { Cell::new(true) };
}

struct Plugin;

impl Guest for Plugin {
    fn initialize(_config: Vec<(String, String)>) -> Result<(), String> {
        match get_config("missing").as_deref() {
            None | Some("error") => {}
            Some("empty") => MISSING.set(Missing::Empty),
            Some(other) => return Err(format!("\"missing\" is \"{other}\"; expected error or empty")),
        }
        match get_config("escape").as_deref() {
            None | Some("html") => {}
            Some("none") => ESCAPE.set(false),
            Some(other) => return Err(format!("\"escape\" is \"{other}\"; expected html or none")),
        }
        // A host that does not log is no reason not to render.
        let _ = log_message("debug", "ready to render");
        Ok(())
    }

    fn process(request: ProcessRequest) -> ProcessResponse {
        let values: HashMap<&str, &str> =
            request.options.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let renderer = Renderer { values: &values, missing: MISSING.get(), escape: ESCAPE.get() };
        match renderer.render(&request.input) {
            Ok(output) => ProcessResponse { output, success: true, error_message: None },
            Err(reason) => ProcessResponse { output: String::new(), success: false, error_message: Some(reason) },
        }
    }

    fn shutdown() -> Result<(), String> {
        Ok(())
    }

    fn get_metadata() -> PluginMetadata {
        PluginMetadata {
            name: "render".into(),
            version: "1.0.0".into(),
            description: "Fills a template with the values of a request".into(),
        }
    }
}

export!(Plugin);
