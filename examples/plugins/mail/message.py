"""Takes an e-mail message apart. Knows nothing of components, so that it can be tested on this machine."""

import codecs
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy
from html.parser import HTMLParser

# What a message may have in characters, so that it and its parts fit into the memory of a plugin.
MAX_LENGTH = 1_000_000
# What a header may have: the time to parse one grows with the square of its length.
MAX_HEADER = 4_000

# What text is encoded in; others are read as UTF-8.
CHARACTER_SETS = "ascii utf-8 utf-16 iso-8859-1 iso-8859-2 iso-8859-15 windows-1250 windows-1251 windows-1252 koi8-r"


class NoMessage(ValueError):
    """Says why a text is no message."""


class Headers(HeaderRegistry):
    """Makes one class for each kind of header. Python's makes one for each header that it reads, and memory grows."""

    def __init__(self) -> None:
        super().__init__()
        self.classes: dict[type, type] = {}

    def __getitem__(self, name: str) -> type:
        kind = self.registry.get(name.lower(), self.default_class)
        if kind not in self.classes:
            self.classes[kind] = type(f"_{kind.__name__}", (kind, self.base_class), {})
        return self.classes[kind]


class BoundedPolicy(EmailPolicy):
    def header_fetch_parse(self, name: str, value: str) -> str:
        if len(value) > MAX_HEADER:
            raise NoMessage(f'the header "{name}" has {len(value)} characters, more than {MAX_HEADER}')
        return super().header_fetch_parse(name, value)


PARSER = BytesParser(policy=BoundedPolicy(header_factory=Headers()))


def read(source: str, with_text: bool) -> dict[str, object]:
    """Headers, text and attachments of a message as it is sent; characters beyond ASCII count as UTF-8."""
    if len(source) > MAX_LENGTH:
        raise NoMessage(f"the message has {len(source)} characters, more than {MAX_LENGTH}")
    try:
        message = PARSER.parsebytes(source.encode(errors="replace"))
        if not message.keys():
            raise NoMessage("this is no e-mail message: it does not begin with a header")
        read_parts = {
            "from": addresses(message, "from"),
            "to": addresses(message, "to"),
            "cc": addresses(message, "cc"),
            "subject": header(message, "subject"),
            "date": date(message),
            "messageId": header(message, "message-id"),
            "attachments": [attachment(part) for part in message.iter_attachments()],
        }
        return {**read_parts, "text": text(message)} if with_text else read_parts
    except NoMessage:
        raise
    # The parser raises whatever comes to it on messages that are malformed enough.
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as problem:
        raise NoMessage(f"the message is malformed: {type(problem).__name__}: {problem}") from problem


def header(message: EmailMessage, name: str) -> str | None:
    value = message[name]
    return None if value is None else str(value)


def addresses(message: EmailMessage, name: str) -> list[dict[str, str]]:
    return [
        {"name": address.display_name, "address": address.addr_spec}
        for value in message.get_all(name, [])
        for address in value.addresses
    ]


def date(message: EmailMessage) -> str | None:
    sent = getattr(message["date"], "datetime", None)
    return None if sent is None else sent.isoformat()


def text(message: EmailMessage) -> str | None:
    """The plain text, or else what is to be read of the HTML."""
    body = message.get_body(("plain", "html"))
    if body is None:
        return None
    content = decoded(body)
    return content if body.get_content_subtype() == "plain" else text_of_html(content)


def decoded(part: EmailMessage) -> str:
    octets = part.get_payload(decode=True) or b""
    try:
        return octets.decode(part.get_content_charset("utf-8"), errors="replace")
    except LookupError:
        return octets.decode(errors="replace")


def attachment(part: EmailMessage) -> dict[str, object]:
    octets = part.get_payload(decode=True)
    return {"name": part.get_filename(), "type": part.get_content_type(), "bytes": len(octets or b"")}


class Words(HTMLParser):
    """Collects what a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = max(0, self.hidden - (tag in ("script", "style")))

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words += data.split()


def text_of_html(source: str) -> str:
    words = Words()
    words.feed(source)
    words.close()
    return " ".join(words.words)


def load() -> None:
    """Loads what Python leaves until it is first needed; a component has no files to load it from when it runs."""
    for name in CHARACTER_SETS.split():
        codecs.lookup(name)
    parts = "--b\nContent-Type: text/html\n\n<p>&amp;\n--b\nContent-Disposition: attachment; filename=a\n\n\n--b--\n"
    read(f"From: =?utf-8?q?a?= <a@b>\nDate: 1\nMessage-ID: <a@b>\nContent-Type: multipart/mixed; boundary=b\n\n{parts}", True)
