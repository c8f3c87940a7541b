"""Specs as dataclasses that parse their arguments, created without compiling anything.

A Spec has some sixty fields. The standard decorator generates and compiles six methods for each such class,
which takes four times as long as the rest of a kind's import.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Any

from arena.kinds.spec import masked, taken
from arena.values import FieldSignature, default

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**how: object) -> Any:
        """Tells type checkers that subclasses are dataclasses."""
        return lambda cls: cls


_GIVEN = "given"


_AS_DATACLASS = dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)


class _Fields:
    """Makes a subclass a dataclass when its fields are first used; `arena list` never uses them."""

    _lock = RLock()

    def __get__(self, obj: object, cls: Any) -> Any:
        with self._lock:
            # Another thread may have been faster, and a class must be converted only once.
            if vars(cls)["__dataclass_fields__"] is self:
                _AS_DATACLASS(cls)
                _arrange(cls)
        return vars(cls)["__dataclass_fields__"]


_FIELDS = _Fields()


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field,))
class Record:
    """Base of frozen, keyword-only dataclasses that are compared by value."""

    __signature__ = FieldSignature()

    given: frozenset[str] = dataclasses.field(default=frozenset(), compare=False, repr=False)
    """The fields that were given, even with their default values. It is the first field; `_given` relies on
    that.
    """

    def __init_subclass__(cls, **how: Any) -> None:
        super().__init_subclass__(**how)
        cls.__dataclass_fields__ = _FIELDS  # type: ignore[attr-defined]

    def __init__(self, **given: Any) -> None:
        names, fields = _given(given), self._fields()
        unknown = given.keys() - {one.name for one in fields}
        if unknown:
            raise TypeError(f"{type(self).__name__} has no {self._unknown(sorted(unknown))}")
        for one in fields:
            standard = default(one, dataclasses.MISSING)
            value = taken(one, given.pop(one.name)) if one.name in given else standard
            if value is dataclasses.MISSING:
                raise TypeError(f"{type(self).__name__} needs {one.name}")
            object.__setattr__(self, one.name, value)
        object.__setattr__(self, _GIVEN, names)
        self.__post_init__()

    def _unknown(self, names: list[str]) -> str:
        from difflib import get_close_matches

        close = get_close_matches(names[0], [one.name for one in self._fields()], n=1)
        return ", ".join(names) + (f"; did you mean {close[0]}?" if close else "")

    def __post_init__(self) -> None:
        """Check the fields together."""

    def __setattr__(self, name: str, value: object) -> None:
        raise dataclasses.FrozenInstanceError(f"{name} of a {type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"{name} of a {type(self).__name__} cannot be removed")

    def _fields(self) -> "tuple[dataclasses.Field[Any], ...]":
        return dataclasses.fields(self)  # type: ignore[arg-type]  # every subclass is a dataclass

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(
            getattr(self, one.name) == getattr(other, one.name) for one in self._fields() if one.compare
        )

    def __repr__(self) -> str:
        fields = (one for one in self._fields() if one.repr)
        shown = (f"{one.name}={masked(one, getattr(self, one.name))!r}" for one in fields)
        return f"{type(self).__name__}({', '.join(shown)})"


_AS_DATACLASS(Record)  # for its field


def _given(values: Mapping[str, Any]) -> frozenset[str]:
    """The names of the fields that were given when the Record was created.

    `dataclasses.replace` passes the changes first, and then all other fields of the old Record in order, of
    which `given` is the first: fields after it count as given only if they did in the old Record.
    """
    names = list(values)
    if _GIVEN not in values:
        return frozenset(names)
    before: frozenset[str] = values[_GIVEN]
    return before | frozenset(names[: names.index(_GIVEN)])


def _arrange(cls: Any) -> None:
    """Order the fields: those of the bases first, but each after the one that it names in `after`.

    Of a field that several bases have, the first class in the method resolution order wins, as with any
    attribute; the decorator would take it from a later base that merely inherited it.
    """
    fields: dict[str, Any] = {}
    anchors: dict[str, tuple[str, ...]] = {}
    for base in reversed(cls.__mro__[:-1]):
        own = vars(base).get("__dataclass_fields__", {})
        for name in (name for name in base.__annotations__ if name in own):
            fields[name] = own[name]
            anchors |= {name: own[name].metadata["after"]} if "after" in own[name].metadata else {}
    there = {name: [one for one in words if one in fields] for name, words in anchors.items()}
    names = [name for name in fields if not there.get(name)]
    for name in anchors:
        _place(name, names, there)
    cls.__dataclass_fields__ = {name: fields[name] for name in names}


def _place(name: str, names: list[str], anchors: Mapping[str, Sequence[str]]) -> None:
    """Insert a field behind its anchor, which may have to be placed itself."""
    if name not in names:
        anchor = anchors[name][0]
        _place(anchor, names, anchors)
        names.insert(names.index(anchor) + 1, name)
