"""Objects that are kept as bytes until they are read: as dicts, thousands take seven times the memory."""

import marshal
from collections.abc import Iterable, Iterator
from typing import Any

Object = dict[str, Any]


class Packed:
    """Objects in their order; they are unpacked one by one, each time that one iterates."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self._packed = [_packed(one) for one in objects]

    def __iter__(self) -> Iterator[Object]:
        return (marshal.loads(one) if isinstance(one, bytes) else one for one in self._packed)


def _packed(obj: Object) -> bytes | Object:
    try:
        return marshal.dumps(obj)
    except ValueError:  # nested too deeply, which newer releases of Python read
        return obj
