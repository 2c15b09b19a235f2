"""Knows nothing of components, so that it can be tested on this machine."""

import re


def slug(title: str, separator: str) -> str:
    """A title as it goes into a URL: words in lower case, with a separator between them.

    Letters of other scripts stay as they are. Empty when the title has no letter or digit.
    """
    words = re.findall(r"[A-Za-z0-9\u0080-\U0010ffff]+", title)
    return separator.join(re.sub("[A-Z]+", lambda capitals: capitals[0].lower(), word) for word in words)
