"""Frozen values with named fields, made without compiling anything until a class is first used.

The standard decorator generates and compiles six methods for every class, which takes forty times as long as
the class itself; a command imports some fifty such classes and uses a dozen. Here `__init__` is compiled when
the first instance is made, and the other methods are shared.
"""

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

from arena.tuples import annotations_of

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**how: object) -> Any:
        """Ignore what only type checkers need."""
        return lambda function: function


T = TypeVar("T")


class FieldSignature:
    """Computes the signature of a class with keyword-only fields when a user or a notebook asks for it."""

    def __get__(self, obj: object, cls: Any) -> Any:
        from inspect import Parameter, Signature

        made = [
            Parameter(one.name, Parameter.KEYWORD_ONLY, default=default(one, Parameter.empty))
            for one in dataclasses.fields(cls)
            if one.repr
        ]
        return Signature(made)


def default(one: "dataclasses.Field[Any]", missing: Any) -> Any:
    """The default of a field, `missing` if it has none."""
    if one.default_factory is not dataclasses.MISSING:
        return one.default_factory()
    return missing if one.default is dataclasses.MISSING else one.default


class _Fields:
    """Builds the fields of a class like the standard decorator, when they are first used."""

    def __init__(self, annotations: dict[str, Any], defaults: dict[str, Any]) -> None:
        self.annotations = annotations
        self.defaults = defaults
        self._built: Any = None

    def __get__(self, obj: object, cls: type) -> Any:
        # `replace` asks every time.
        if self._built is None:
            self._built = self._build(cls)
        return self._built

    def _build(self, cls: type) -> Any:
        # Without a docstring, the standard decorator would write one from the signature, which is slow.
        namespace = {"__annotations__": self.annotations, "__module__": cls.__module__, "__doc__": "fields"}
        twin: Any = type(cls.__name__, (), namespace | self.defaults)
        standard = dataclasses.dataclass(kw_only=True, init=False, repr=False, eq=False, match_args=False)
        return standard(twin).__dataclass_fields__


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field,))
def frozen(cls: type[T]) -> type[T]:
    """Make the class a frozen, keyword-only dataclass with slots, compared by its fields."""
    annotations = annotations_of(cls)
    namespace = {key: one for key, one in vars(cls).items() if key not in ("__dict__", "__weakref__")}
    defaults = {name: namespace.pop(name) for name in annotations if name in namespace}
    namespace |= _METHODS
    namespace |= {
        "__slots__": tuple(annotations),
        "__match_args__": (),
        "__qualname__": cls.__qualname__,
        "__dataclass_fields__": _Fields(annotations, defaults),
    }
    made: Any = type(cls)
    return made(cls.__name__, cls.__bases__, namespace)  # type: ignore[no-any-return]


def _init(self: Any, **given: Any) -> None:
    """Compile the `__init__` of the class, which replaces this one, and run it."""
    cls: Any = type(self)
    cls.__init__ = _compiled(cls)
    cls.__init__(self, **given)


def _compiled(cls: Any) -> Any:
    """The `__init__` of the class: one keyword-only parameter for each field."""
    defaults = vars(cls)["__dataclass_fields__"].defaults
    scope: dict[str, Any] = {"_missing": dataclasses.MISSING}
    parameters, lines = [], []
    for name in cls.__slots__:
        one = defaults.get(name, dataclasses.MISSING)
        field = one if isinstance(one, dataclasses.Field) else dataclasses.field(default=one)
        parameter, taken = name, name
        if field.default_factory is not dataclasses.MISSING:
            scope[f"_{name}"] = field.default_factory
            parameter, taken = f"{name}=_missing", f"_{name}() if {name} is _missing else {name}"
        elif field.default is not dataclasses.MISSING:
            scope[f"_{name}"] = field.default
            parameter = f"{name}=_{name}"
        parameters.append(parameter)
        # Half the time of `object.__setattr__`, which would look for the slot by its name.
        scope[f"_set_{name}"] = vars(cls)[name].__set__
        lines.append(f" _set_{name}(self, {taken})")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec("\n".join([f"def __init__(self, *, {', '.join(parameters)}):", *lines]), scope)
    made = scope["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _all(one: Any) -> tuple[Any, ...]:
    return tuple([getattr(one, name) for name in one.__slots__])


def _eq(self: Any, other: object) -> bool:
    return _all(self) == _all(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_all(self))


def _repr(self: Any) -> str:
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _setattr(self: Any, name: str, new: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _setstate(self: Any, state: tuple[Any, ...]) -> None:
    for name, one in zip(self.__slots__, state, strict=True):
        object.__setattr__(self, name, one)


_METHODS = {
    "__init__": _init,
    "__eq__": _eq,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
    "__getstate__": _all,
    "__setstate__": _setstate,
    "__signature__": FieldSignature(),
}
