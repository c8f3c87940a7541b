"""Objects that are kept as bytes until they are read: as dicts, thousands take seven times the memory."""

import marshal
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

Object = dict[str, Any]
GROUP = 100
"""The number of objects that are packed together; their keys are packed only once."""


class Packed:
    """Objects in their order; each time that one iterates, they are unpacked group by group.

    The first group is not packed, because it takes little memory, and often it is the only one.
    """

    def __init__(self, objects: Iterable[Object]) -> None:
        rest = iter(objects)
        self._groups: list[bytes | list[Object]] = [list(islice(rest, GROUP))]
        while group := list(islice(rest, GROUP)):
            self._groups.append(_packed(group))

    def __iter__(self) -> Iterator[Object]:
        return chain.from_iterable(map(_unpacked, self._groups))


def _packed(group: list[Object]) -> bytes | list[Object]:
    try:
        return marshal.dumps(group)
    except ValueError:  # nested too deeply, which newer releases of Python read
        return group


def _unpacked(group: bytes | list[Object]) -> list[Object]:
    return marshal.loads(group) if isinstance(group, bytes) else group
