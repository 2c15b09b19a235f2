"""The plugin. What it does is in slug.py.

`componentize-py bindings` writes the module `wit_world` for your editor.
"""

from slug import slug
from wit_world import exports
from wit_world.exports.plugin_api import PluginMetadata, ProcessRequest, ProcessResponse
from wit_world.imports.host_api import get_config, log_message

# What stands between words unless a request says otherwise.
separator = "-"


class PluginApi(exports.PluginApi):
    def initialize(self, config: list[tuple[str, str]]) -> None:
        global separator
        separator = get_config("separator") or separator
        log_message("info", f"separates words with {separator}")

    def process(self, req: ProcessRequest) -> ProcessResponse:
        between = separator
        for name, value in req.options:
            if name != "separator":
                return refuse(f'unknown option "{name}"; known is: separator')
            between = value
        made = slug(req.input, between)
        return ProcessResponse(made, True, None) if made else refuse("the input has no letter or digit")

    def shutdown(self) -> None:
        pass

    def get_metadata(self) -> PluginMetadata:
        return PluginMetadata("my-plugin", "0.1.0", "Makes a slug of a title")


def refuse(reason: str) -> ProcessResponse:
    return ProcessResponse("", False, reason)
