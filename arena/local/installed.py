"""The modules of the installed operators, found by listing the folders of `arena.local.operators`.

Nothing registers an operator, and this module imports none of them by name: a new module is found when the
server starts.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

PACKAGE = "arena.local.operators"


def modules() -> Iterator[ModuleType]:
    """Import every module of the operators, in the order of their names without the folders."""
    package = importlib.import_module(PACKAGE)
    found = pkgutil.walk_packages(package.__path__, f"{PACKAGE}.")
    names = [one.name for one in found if not one.ispkg]
    return map(importlib.import_module, sorted(names, key=lambda name: name.rpartition(".")[::-1]))
