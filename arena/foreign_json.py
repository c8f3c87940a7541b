"""JSON in foreign text."""

import json
from typing import Any


def loads(text: str | bytes) -> Any:
    """The data in the text; raises ValueError if it is not JSON, or nested too deeply for Python to read."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
