"""Lines as people read them."""

import re

from arena import visible


def plain(line: bytes) -> str:
    """A line as a terminal shows it, without its colours; of a progress bar the last state."""
    text = line.decode("utf-8", "replace")
    if text.isprintable():
        return text
    return re.sub(visible.COLOUR, "", visible.redrawn(visible.output(text)))
