"""Tensors: nested lists and what a model's metadata says about them, compared before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from arena.errors import SpecError
from arena.values import frozen

Shape = tuple[int, ...]
_BITS = {f"{sign}INT{size}": (sign, size) for sign in ("", "U") for size in (8, 16, 32, 64)}
_FLOATS = ("FP16", "BF16", "FP32", "FP64")


@frozen
class Tensor:
    """An input of a model, as its metadata describes it."""

    name: str
    datatype: str = ""
    """In the words of Open Inference, such as `FP32` or `BYTES`; "" if unknown."""
    shape: Shape | None = None
    """-1 stands for any length; None if unknown."""

    def __str__(self) -> str:
        return f"{list(self.shape) if self.shape is not None else '[...]'} {self.datatype}".rstrip()


@frozen
class Signature:
    """The inputs of a model; none if its server does not describe them."""

    inputs: tuple[Tensor, ...] = ()
    binary: bool = False
    """Whether the server takes tensors as bytes after the JSON."""

    def named(self, name: str) -> Tensor:
        """The input with that name.

        Raises:
            SpecError: there is none.
        """
        for one in self.inputs:
            if one.name == name:
                return one
        raise SpecError(f'the model has no input "{name}"', f"its inputs are {self.listed}")

    @property
    def listed(self) -> str:
        """The inputs for people."""
        return ", ".join(f'"{one.name}" {one}' for one in self.inputs)


def shape_of(data: Any) -> Shape:
    """The shape of nested lists; () for a single value.

    Raises:
        SpecError: rows differ in length.
    """
    if not isinstance(data, list):
        return ()
    shapes = [shape_of(one) for one in data]
    for number, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise SpecError(
                f"the rows of the input differ: row 0 has the shape {list(shapes[0])}, "
                f"row {number} has {list(shape)}",
                "give rows of the same shape",
            )
    return (len(data), *(shapes[0] if shapes else ()))


def flat(data: Any) -> Iterator[Any]:
    """The values in nested lists, in order."""
    if isinstance(data, list):
        for one in data:
            yield from flat(one)
    else:
        yield data


def datatype_of(data: Any) -> str:
    """The datatype of values, as narrow as JSON tells: BOOL, INT64, FP64 or BYTES."""
    kinds = {type(one) for one in flat(data)}
    if kinds <= {bool}:
        return "BOOL" if kinds else "FP64"
    if kinds <= {int}:
        return "INT64"
    if kinds <= {int, float}:
        return "FP64"
    if kinds <= {str}:
        return "BYTES"
    names = sorted(one.__name__ for one in kinds)
    raise SpecError(f"the input mixes values of several types: {', '.join(names)}", "give one type")


def fitted(tensor: Tensor, data: Any, *, given: Shape | None = None) -> tuple[Shape, str]:
    """The shape and the datatype with which data is sent as an input.

    A single example for a model that takes several gets a first dimension of 1.

    Args:
        given: the shape that the user stated, if `data` may be flat.

    Raises:
        SpecError: the data does not fit; the message names the input, what it takes, and what it got.
    """
    shape = shape_of(data) if given is None else given
    wanted = tensor.shape
    if wanted is not None and not _fits(wanted, shape):
        if given is None and wanted[:1] in ((-1,), (1,)) and _fits(wanted[1:], shape):
            shape = (1, *shape)
        else:
            raise SpecError(f'input "{tensor.name}" takes {tensor}; got {list(shape)}', "change its shape")
    if tensor.datatype:
        _check_values(tensor, data)
    return shape, tensor.datatype or datatype_of(data)


def _fits(wanted: Sequence[int], shape: Sequence[int]) -> bool:
    return len(wanted) == len(shape) and all(
        one in (-1, there) for one, there in zip(wanted, shape, strict=True)
    )


def _check_values(tensor: Tensor, data: Any) -> None:
    for number, one in enumerate(flat(data)):
        if why := _fault(tensor.datatype, one):
            where = f" (value {number})" if number else ""
            raise SpecError(
                f'input "{tensor.name}" takes {tensor}; got {why}{where}', "change the type of its values"
            )


def _fault(datatype: str, one: Any) -> str:
    """What is wrong with a value for a datatype, such as `the text "a"`; "" if nothing is."""
    kind = {
        bool: f"the boolean {str(one).lower()}",
        str: f'the text "{str(one)[:40]}"',
        type(None): "null",
    }.get(
        type(one), f"an object: {str(one)[:40]}" if isinstance(one, dict) else f"the number {str(one)[:40]}"
    )
    if datatype in _BITS:
        return "" if type(one) is int and _in_range(datatype, one) else kind
    if datatype in _FLOATS:
        return "" if type(one) in (int, float) else kind
    wanted = {"BOOL": bool, "BYTES": str}.get(datatype, type(one))
    return "" if type(one) is wanted else kind


def _in_range(datatype: str, one: int) -> bool:
    sign, size = _BITS[datatype]
    low, high = (0, 1 << size) if sign else (-(1 << size - 1), 1 << size - 1)
    return low <= one < high
