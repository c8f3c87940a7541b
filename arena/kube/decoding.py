"""The server's JSON as data, without what is never read of it."""

import gc
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_MANAGED = re.compile(rb',"managedFields":\[\{"(?:manager|operation|apiVersion)":"[^\]]*\]')
"""Who wrote which field: half the bytes of a pod, and two thirds of the time of decoding it.

Its entries begin with one of these words; another list of that name is somebody's own.
"""


def decoded(text: bytes) -> Any:
    """JSON as data, without `managedFields`; raises ValueError or RecursionError where it is none.

    A bracket inside that list, in a string or of a list of its own, ends the cut too early. What is
    left then has a bracket too many, or texts and what is between them have changed places, and is no
    JSON; so the whole text is decoded instead.
    """
    with paused_gc():
        try:
            return json.loads(_MANAGED.sub(b"", text))
        except ValueError:
            return json.loads(text)


_gc_lock = threading.Lock()
_gc_pauses = 0


@contextmanager
def paused_gc() -> Iterator[None]:
    """No cyclic garbage collection meanwhile: it takes two thirds of the time of decoding a page.

    Threads may overlap; the last one to leave turns it on again, if it was on.
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
