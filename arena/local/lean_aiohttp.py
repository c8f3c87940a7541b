"""Imports aiohttp's server, and its client only when something asks for it.

The package's `__init__` imports both. The client takes 5 MB and a fifth of the time in which the server
starts, and few servers ever make a request.
"""

import contextlib
import importlib
import importlib.util
import sys
from typing import Any

_SPARED = "frozenlist._frozenlist"
"""An extension with a replacement in Python; it loads the library of C++, 1 MB, for a few lists."""


def load() -> None:
    """Import `aiohttp.web`, and the rest of `aiohttp` when one of its names is first used."""
    spec = importlib.util.find_spec("aiohttp")
    if "aiohttp" in sys.modules or spec is None or spec.loader is None:
        return
    loader, package = spec.loader, importlib.util.module_from_spec(spec)

    def rest(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        del package.__dict__["__getattr__"]
        loader.exec_module(package)
        return getattr(package, name)

    package.__dict__["__version__"] = "3"  # `aiohttp.http` names it in a header
    sys.modules["aiohttp"] = package
    _import_lists()
    try:
        importlib.import_module("aiohttp.web")
    except (ImportError, AttributeError):  # a release in which the server needs the whole package
        for module in [module for module in sys.modules if module.partition(".")[0] == "aiohttp"]:
            del sys.modules[module]
    else:
        package.__dict__["__getattr__"] = rest


def _import_lists() -> None:
    """Import the lists of aiohttp without their extension."""
    if "frozenlist" in sys.modules:
        return
    refused: Any = None  # Python does not import such a module
    sys.modules[_SPARED] = refused
    with contextlib.suppress(ImportError):  # a release of aiohttp that does without them
        importlib.import_module("frozenlist")
    del sys.modules[_SPARED]
