"""The server's JSON as data, without the parts that arena never reads."""

import gc
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from arena import foreign_json

_MARK = ',"managedFields":[{"'
_WRITERS = tuple(f'{_MARK}{key}":"' for key in ("manager", "operation", "apiVersion"))
_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_MANAGED = rf',"managedFields":\[(?=\{{"(?:manager|operation|apiVersion)":")[^]["]*(?:{_STRING}[^]["]*)*\]'
"""The writers of each field: half the bytes of a pod, and two thirds of the time to decode it.

Its entries begin with one of these words and contain no list; any other list with that name belongs to a
user. Strings are passed over whole, so a bracket in the name of a writer does not move the end of the list.
"""


def decoded(text: str | bytes) -> Any:
    """JSON as data, without `managedFields`; raises ValueError if it cannot be read."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogatepass")
    with paused_gc():
        return foreign_json.loads(_shortened(text) if _MARK in text else text)


def _shortened(text: str) -> str:
    """JSON without `managedFields`: as `_MANAGED` finds them, but nearly always without that search."""
    pieces, at = [], 0
    while (start := text.find(_MARK, at)) >= 0:
        end = text.find("]", start) + 1
        if not _is_whole(text[start:end]):
            return re.sub(_MANAGED, "", text)
        pieces.append(text[at:start])
        at = end
    return "".join((*pieces, text[at:]))


def _is_whole(found: str) -> bool:
    """Whether it is surely what `_MANAGED` matches: its brackets are in no string, and of no other list."""
    quotes = found.count('"') - found.count('\\"')
    return quotes % 2 == 0 and "\\\\" not in found and found.count("[") == 1 and found.startswith(_WRITERS)


_gc_lock = threading.Lock()
_gc_pauses = 0


@contextmanager
def paused_gc() -> Iterator[None]:
    """Pause the cyclic garbage collection, which takes two thirds of the time to decode a page.

    Threads may overlap; the last one to leave turns it on again if it was on. What was made meanwhile counts
    as old, or all of it would be visited at once.
    """
    global _gc_pauses
    with _gc_lock:
        if _gc_pauses or gc.isenabled():
            _gc_pauses += 1
            mine = True
            gc.disable()
        else:
            mine = False
    try:
        yield
    finally:
        with _gc_lock:
            if mine:
                _gc_pauses -= 1
                if not _gc_pauses:
                    gc.freeze()
                    gc.unfreeze()
                    gc.enable()
