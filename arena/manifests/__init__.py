"""Manifests are data: templates are parsed first and filled second, and never pasted as text.

reader.py    YAML in, plain data out, with limits
template.py  find, fill, patch and check
writer.py    YAML for people

Nothing here knows a kind, a cluster or a command.
"""

from arena.manifests.reader import load, load_all
from arena.manifests.template import check, fill, find, patch, render
from arena.manifests.writer import brief, dump, masked

__all__ = ["brief", "check", "dump", "fill", "find", "load", "load_all", "masked", "patch", "render"]
