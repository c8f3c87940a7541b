"""The server's JSON as data, without the parts that arena never reads."""

import gc
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from arena import foreign_json

_MARK = b',"managedFields":[{"'
_MANAGED = rb',"managedFields":\[\{"(?:manager|operation|apiVersion)":"[^\]]*\]'
"""The writers of each field: half the bytes of a pod, and two thirds of the time to decode it.

Its entries begin with one of these words; any other list with that name belongs to a user.
"""


def decoded(text: bytes) -> Any:
    """JSON as data, without `managedFields`; raises ValueError if it cannot be read.

    A bracket inside that list, in a string or of a nested list, ends the cut too early. The rest then has a
    bracket too many, or strings and what is between them are swapped, so it is not valid JSON, and the whole
    text is decoded instead.
    """
    with paused_gc():
        try:
            return foreign_json.loads(re.sub(_MANAGED, b"", text) if _MARK in text else text)
        except ValueError:
            return foreign_json.loads(text)


_gc_lock = threading.Lock()
_gc_pauses = 0


@contextmanager
def paused_gc() -> Iterator[None]:
    """Pause the cyclic garbage collection, which takes two thirds of the time to decode a page.

    Threads may overlap; the last one to leave turns it on again if it was on.
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
                    gc.enable()
