"""Open the page in a browser without showing its token to other users, who can see all command lines."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from arena import private

_PAGE = """<!DOCTYPE html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={link}">
<title>arena</title>
<p><a href="{link}">Open the dashboard</a></p>
"""


@contextmanager
def opened(link: str, launch: Callable[[str], object]) -> Iterator[None]:
    """Open a file that leads to the link, which only this user can read; it is removed after the block."""
    with tempfile.TemporaryDirectory(prefix="arena-dashboard-") as folder:  # with 0700
        path = Path(folder, "dashboard.html")
        private.write(path, _PAGE.format(link=link))
        launch(f"file://{os.fspath(path)}")
        yield
