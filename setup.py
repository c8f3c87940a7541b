"""The description for package indexes, which pyproject.toml cannot make: README.md without relative links."""

import re
from pathlib import Path

from setuptools import setup

_RELATIVE_LINK = re.compile(r"\[([^\]]+)\]\((?!https?://)([^)\s]+)\)")


def description(readme: str) -> str:
    """The text with `words (path)` for each link into this repository, which leads nowhere on an index."""
    return _RELATIVE_LINK.sub(r"\1 (`\2`)", readme)


setup(
    long_description=description(Path(__file__).with_name("README.md").read_text(encoding="utf-8")),
    long_description_content_type="text/markdown",
)
