"""Named tuples, made without compiling anything until a class is used often.

The class of a standard named tuple takes five times as long to make; a command imports some thirty of them,
uses a dozen, and makes many tuples of two or three. Here only these get a compiled `__new__`, and the other
methods are shared.
"""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    try:
        from _collections import _tuplegetter as _item  # as in `collections`
    except ImportError:
        from operator import itemgetter

        def _item(at: int, doc: str) -> property:
            return property(itemgetter(at), doc=doc)


FEW = 20
"""The number of instances from which on it pays to compile what makes them."""


def annotations_of(cls: type) -> dict[str, Any]:
    """The annotations of the class itself; names that cannot be resolved stay text."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        return get_annotations(cls, format=Format.FORWARDREF)
    return dict(vars(cls).get("__annotations__", ()))


class _Signature:
    """Computes the signature of a class when people and notebooks ask for it."""

    def __get__(self, obj: object, cls: Any) -> Any:
        from inspect import Parameter, Signature

        kind, known = Parameter.POSITIONAL_OR_KEYWORD, cls._field_defaults
        made = [Parameter(name, kind, default=known.get(name, Parameter.empty)) for name in cls._fields]
        return Signature(made)


class _Tuple(tuple[Any, ...]):
    """What the named tuples of `typing` can do besides."""

    __slots__ = ()
    __signature__ = _Signature()
    _fields: tuple[str, ...]
    _field_defaults: dict[str, Any]
    _made = 0
    """The number of tuples that were made, up to the first that needed more."""

    def __new__(cls, *given: Any, **named: Any) -> Any:
        """Make a tuple; once the class is used often, a `__new__` compiled for it replaces this one."""
        cls._made += 1
        rest = cls._fields[len(given) :]
        known = {**cls._field_defaults, **named}
        if cls._made > FEW or len(given) > len(cls._fields) or not named.keys() <= set(rest) <= known.keys():
            return cls._compiled()(cls, *given, **named)  # or the call is wrong, which Python then says
        return tuple.__new__(cls, (*given, *map(known.__getitem__, rest)))

    @classmethod
    def _compiled(cls) -> Any:
        names = ", ".join(cls._fields)
        made = eval(f"lambda _cls, {names}: _new(_cls, ({names},))", {"_new": tuple.__new__})
        made.__defaults__ = tuple(cls._field_defaults.values())
        made.__qualname__ = f"{cls.__qualname__}.__new__"
        cls.__new__ = staticmethod(made)  # type: ignore[method-assign]
        return made

    @classmethod
    def _make(cls, items: Iterable[Any]) -> Any:
        return tuple.__new__(cls, items)

    def _replace(self, **changes: Any) -> Any:
        made = self._make(map(changes.pop, self._fields, self))
        if changes:
            raise TypeError(f"{type(self).__name__} has no {', '.join(changes)}")
        return made

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self) -> str:
        shown = (f"{name}={one!r}" for name, one in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({', '.join(shown)})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)


if not TYPE_CHECKING:

    class _Maker(type):
        """Makes the subclasses of NamedTuple, which are tuples and no subclasses of it."""

        def __new__(cls, name: str, bases: tuple[type, ...], space: dict[str, Any]) -> type:
            """A class of tuples with a field for each annotation."""
            made = type(name, (_Tuple,), space | {"__slots__": ()})
            made._fields = made.__match_args__ = tuple(annotations_of(made))
            made._field_defaults = {name: space[name] for name in made._fields if name in space}
            for at, name in enumerate(made._fields):
                setattr(made, name, _item(at, ""))
            return made

    NamedTuple = type.__new__(_Maker, "NamedTuple", (), {})
