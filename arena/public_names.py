"""Public names of modules of the library, each imported when it is first used."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as in `arena`
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def imported(module: str, homes: Mapping[str, str], name: str) -> Any:
    """What a public name of a module stands for, which the module then holds.

    Args:
        module: the full name of the module.
        homes: modules below `arena` -> the public names that each of them defines.

    Raises:
        AttributeError: the module has no such name.
    """
    from importlib import import_module

    home = next((home for home, names in homes.items() if name in names.split()), None)
    if home is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    found = getattr(import_module(f"arena.{home}"), name)
    setattr(sys.modules[module], name, found)
    return found
