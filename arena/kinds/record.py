"""Frozen values with named fields, as dataclasses are, but made without compiling anything.

A Spec has some sixty fields. The standard decorator writes and compiles six methods for each such
class, which takes four times as long as the rest of the import of a kind, and `arena list` imports
all of them.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

from arena.kinds.spec import masked, taken

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**how: object) -> Any:
        """Tells type checkers that subclasses are dataclasses; nothing else needs to know."""
        return lambda cls: cls


class _Signature:
    """Tells people and notebooks how a Record is made, once they ask."""

    def __get__(self, obj: object, cls: type) -> Any:
        from inspect import Parameter, Signature

        made = [
            Parameter(one.name, Parameter.KEYWORD_ONLY, default=_default(one, Parameter.empty))
            for one in dataclasses.fields(cls)
        ]
        return Signature(made)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field,))
class Record:
    """Subclasses are frozen, keyword-only dataclasses: made by name, compared by value, never changed."""

    __signature__ = _Signature()

    def __init_subclass__(cls, **how: Any) -> None:
        super().__init_subclass__(**how)
        dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)(cls)

    def __init__(self, **given: Any) -> None:
        unknown = given.keys() - {one.name for one in self._fields()}
        if unknown:
            raise TypeError(f"{type(self).__name__} has no {self._unknown(sorted(unknown))}")
        for one in self._fields():
            default = _default(one, dataclasses.MISSING)
            value = taken(one, given.pop(one.name)) if one.name in given else default
            if value is dataclasses.MISSING:
                raise TypeError(f"{type(self).__name__} needs {one.name}")
            object.__setattr__(self, one.name, value)
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
        shown = (f"{one.name}={masked(one, getattr(self, one.name))!r}" for one in self._fields())
        return f"{type(self).__name__}({', '.join(shown)})"


def _default(one: "dataclasses.Field[Any]", lacking: Any) -> Any:
    if one.default_factory is not dataclasses.MISSING:
        return one.default_factory()
    return lacking if one.default is dataclasses.MISSING else one.default
