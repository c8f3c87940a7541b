"""Manifests are data: templates are parsed first and filled second, never pasted as text.

reader.py        YAML in, plain data out, with limits
template.py      find, fill, patch and check
merging.py       apply the difference of two manifests to a live object
writer.py        YAML for users
yaml_library.py  reads and writes YAML that is not plain (`arena.plain_yaml`); imported only if necessary

Nothing here knows kinds, clusters or commands.
"""

from arena.manifests.merging import merge_patch, three_way
from arena.manifests.reader import load, load_all
from arena.manifests.template import called, check, fill, find, patch, render
from arena.manifests.writer import brief, dump, masked

__all__ = [
    "brief",
    "called",
    "check",
    "dump",
    "fill",
    "find",
    "load",
    "load_all",
    "masked",
    "merge_patch",
    "patch",
    "render",
    "three_way",
]
