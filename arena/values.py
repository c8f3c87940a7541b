"""Frozen values with named fields, made without compiling anything until a class is used often.

The standard decorator generates and compiles six methods for every class, which takes forty times as long as
the class itself; a command imports some fifty such classes, uses a dozen, and makes many instances of two or
three. Here only these get a compiled `__init__`, and the other methods are shared. The module `dataclasses`
is imported when somebody asks for the fields.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from arena.tuples import FEW, NamedTuple, annotations_of

if TYPE_CHECKING:
    import dataclasses

    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**how: object) -> Any:
        """Ignore what only type checkers need."""
        return lambda function: function


T = TypeVar("T")


_MISSING: Any = object()


class Field(NamedTuple):
    """What `field` says of a field."""

    default: Any
    default_factory: Callable[[], Any] | None
    repr: bool

    def value(self) -> Any:
        """The default; _MISSING if there is none."""
        return self.default_factory() if self.default_factory else self.default

    def standard(self) -> Any:
        """The same for the standard library."""
        from dataclasses import MISSING, field

        if self.default_factory:
            return field(default_factory=self.default_factory, repr=self.repr)
        return field(default=MISSING if self.default is _MISSING else self.default, repr=self.repr)


def field(
    *, default: Any = _MISSING, default_factory: Callable[[], Any] | None = None, repr: bool = True
) -> Any:
    """Describe a field like `dataclasses.field`."""
    return Field(default, default_factory, repr)


class FieldSignature:
    """Computes the signature of a class with keyword-only fields when a user or a notebook asks for it."""

    def __get__(self, obj: object, cls: Any) -> Any:
        import dataclasses
        from inspect import Parameter, Signature

        made = [
            Parameter(one.name, Parameter.KEYWORD_ONLY, default=default(one, Parameter.empty))
            for one in dataclasses.fields(cls)
            if one.repr
        ]
        return Signature(made)


def default(one: "dataclasses.Field[Any]", missing: Any) -> Any:
    """The default of a field, `missing` if it has none."""
    import dataclasses

    if one.default_factory is not dataclasses.MISSING:
        return one.default_factory()
    return missing if one.default is dataclasses.MISSING else one.default


class _Fields:
    """Builds the fields of a class like the standard decorator, when they are first used.

    Attributes:
        made: the number of instances of the class that were made, up to the first that needed more.
        twin: a class with the same slots whose attributes can be set; None before `__init__` is compiled.
        copied: copies an instance as one of the twin; None before it is compiled.
    """

    def __init__(self, annotations: dict[str, Any], defaults: dict[str, Any]) -> None:
        self.annotations = annotations
        self.defaults = defaults
        self.made = 0
        self.twin: Any = None
        self.copied: Any = None
        self._built: Any = None

    def __get__(self, obj: object, cls: type) -> Any:
        # `replace` asks every time.
        if self._built is None:
            self._built = self._build(cls)
        return self._built

    def field(self, name: str) -> Field:
        """What was assigned to a field in the class, as a Field."""
        one = self.defaults.get(name, _MISSING)
        return one if isinstance(one, Field) else Field(one, None, True)

    def values(self, given: dict[str, Any]) -> dict[str, Any] | None:
        """The values of all fields; None if one has neither a value nor a default, or does not exist."""
        found = {name: given[name] if name in given else self._default(name) for name in self.annotations}
        lacking = any(one is _MISSING for one in found.values())
        return None if lacking or not given.keys() <= found.keys() else found

    def _default(self, name: str) -> Any:
        one = self.defaults.get(name, _MISSING)
        return one.value() if isinstance(one, Field) else one

    def _build(self, cls: type) -> Any:
        from dataclasses import dataclass

        # Without a docstring, the standard decorator would write one from the signature, which is slow.
        namespace = {"__annotations__": self.annotations, "__module__": cls.__module__, "__doc__": "fields"}
        twin: Any = type(
            cls.__name__, (), namespace | {name: self.field(name).standard() for name in self.annotations}
        )
        standard = dataclass(kw_only=True, init=False, repr=False, eq=False, match_args=False)
        return standard(twin).__dataclass_fields__


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
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


def replace(one: T, **changes: Any) -> T:
    """The value with other values of some fields.

    It takes half the time of the standard function, which counts where thousands are replaced.
    """
    cls: Any = type(one)
    fields = _fields_of(cls)
    checked = hasattr(cls, "__post_init__") or not changes.keys() <= fields.annotations.keys()
    if checked or fields.twin is None:
        return cls(**(dict(zip(cls.__slots__, _all(one), strict=True)) | changes))  # type: ignore[no-any-return]
    fields.copied = fields.copied or _copier(fields)
    made = fields.copied(one)
    for name, value in changes.items():
        setattr(made, name, value)
    made.__class__ = cls
    return made  # type: ignore[no-any-return]


def _init(self: Any, **given: Any) -> None:
    """Set the fields; once the class is used often, an `__init__` compiled for it replaces this one."""
    cls: Any = type(self)
    fields = _fields_of(cls)
    fields.made += 1
    values = None if fields.made > FEW else fields.values(given)
    if values is None:  # or the call is wrong, which Python then says
        cls.__init__ = _compiled(cls)
        cls.__init__(self, **given)
        return
    for name, one in values.items():
        object.__setattr__(self, name, one)
    if hasattr(cls, "__post_init__"):
        self.__post_init__()


def _compiled(cls: Any) -> Any:
    """The `__init__` of the class: one keyword-only parameter for each field.

    While it sets the fields, the value is of a class with the same slots whose attributes can be set, which
    takes a quarter of the time of setting them past a `__setattr__`.
    """
    fields = _fields_of(cls)
    shape = {key: one for key, one in vars(cls).items() if key in ("__slots__", "__orig_bases__")}
    twin = type(cls)(cls.__name__, cls.__bases__, shape)
    scope: dict[str, Any] = {"_missing": _MISSING, "_class": cls, "_twin": twin, "_become": _become}
    known: dict[str, Any] = {}
    lines = [" _become(self, _twin)"]
    for name in cls.__slots__:
        one, taken = fields.field(name), name
        if one.default_factory:
            scope[f"_{name}"], known[name] = one.default_factory, _MISSING
            taken = f"_{name}() if {name} is _missing else {name}"
        elif one.default is not _MISSING:
            known[name] = one.default
        lines.append(f" self.{name} = {taken}")
    lines.append(" self.__class__ = _class")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec("\n".join([f"def __init__(self, *, {', '.join(cls.__slots__)}):", *lines]), scope)
    fields.twin, made = twin, scope["__init__"]
    made.__kwdefaults__ = known
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _copier(fields: _Fields) -> Any:
    lines = [f" made.{name} = one.{name}" for name in fields.annotations]
    scope: dict[str, Any] = {"_new": object.__new__, "_twin": fields.twin}
    exec("\n".join(["def copied(one):", " made = _new(_twin)", *lines, " return made"]), scope)
    return scope["copied"]


def _fields_of(cls: type) -> _Fields:
    found: _Fields = vars(cls)["__dataclass_fields__"]
    return found


_become = vars(object)["__class__"].__set__


def _all(one: Any) -> tuple[Any, ...]:
    return tuple([getattr(one, name) for name in one.__slots__])


def _eq(self: Any, other: object) -> bool:
    return _all(self) == _all(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_all(self))


def _repr(self: Any) -> str:
    fields = _fields_of(type(self))
    shown = (f"{name}={getattr(self, name)!r}" for name in self.__slots__ if fields.field(name).repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _setattr(self: Any, name: str, new: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: Any, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


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
