use crate::slug::slug;
use exports::toolsku::plugin_system::plugin_api::{Guest, PluginMetadata, ProcessRequest, ProcessResponse};
use std::cell::RefCell;
use toolsku::plugin_system::host_api::{get_config, log_message};

wit_bindgen::generate!({ world: "plugin-world", path: "wit" });

thread_local! {
    /// What stands between words unless a request says otherwise.
    static SEPARATOR: RefCell<String> = RefCell::new("-".into());
}

struct Plugin;

impl Guest for Plugin {
    fn initialize(_config: Vec<(String, String)>) -> Result<(), String> {
        if let Some(separator) = get_config("separator") {
            SEPARATOR.set(separator);
        }
        log_message("info", &format!("separates words with {}", SEPARATOR.with_borrow(String::clone)))
    }

    fn process(request: ProcessRequest) -> ProcessResponse {
        match answer(request) {
            Ok(output) => ProcessResponse { output, success: true, error_message: None },
            Err(reason) => ProcessResponse { output: String::new(), success: false, error_message: Some(reason) },
        }
    }

    fn shutdown() -> Result<(), String> {
        Ok(())
    }

    fn get_metadata() -> PluginMetadata {
        PluginMetadata {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            description: "Makes a slug of a title".into(),
        }
    }
}

fn answer(request: ProcessRequest) -> Result<String, String> {
    let mut separator = SEPARATOR.with_borrow(String::clone);
    for (name, value) in request.options {
        match name.as_str() {
            "separator" => separator = value,
            _ => return Err(format!("unknown option \"{name}\"; known is: separator")),
        }
    }
    slug(&request.input, &separator).ok_or_else(|| "the input has no letter or digit".into())
}

export!(Plugin);
