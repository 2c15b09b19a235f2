"""The plugin. What it does is in message.py.

`componentize-py bindings` writes the module `wit_world` for your editor.
"""

import json

from componentize_py_types import Err
from message import load, read
from wit_world import exports
from wit_world.exports.plugin_api import PluginMetadata, ProcessRequest, ProcessResponse

# This file is run when the component is built.
load()

# Whether answers have the text of the message, unless a request says otherwise.
with_text = True


class PluginApi(exports.PluginApi):
    def initialize(self, config: list[tuple[str, str]]) -> None:
        global with_text
        for key, value in config:
            # Keys of others are not ours to refuse.
            if key == "text":
                try:
                    with_text = yes_or_no(key, value)
                except ValueError as problem:
                    raise Err(str(problem)) from problem

    def process(self, req: ProcessRequest) -> ProcessResponse:
        wanted = with_text
        try:
            for name, value in req.options:
                if name != "text":
                    raise ValueError(f'unknown option "{name}"; known is: text')
                wanted = yes_or_no(name, value)
            answer = json.dumps(read(req.input, wanted), ensure_ascii=False)
        except ValueError as problem:  # NoMessage is one
            return ProcessResponse("", False, str(problem))
        return ProcessResponse(answer, True, None)

    def shutdown(self) -> None:
        pass

    def get_metadata(self) -> PluginMetadata:
        return PluginMetadata("mail", "1.0.0", "Takes e-mail messages apart: headers, text, attachments")


def yes_or_no(name: str, value: str) -> bool:
    if value not in ("yes", "no"):
        raise ValueError(f'"{name}" is "{value}"; expected yes, no')
    return value == "yes"
