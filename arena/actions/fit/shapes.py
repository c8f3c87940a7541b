"""Shapes of a job that would fit: fewer workers, or more workers with fewer GPUs each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Fits = Callable[[int, int], bool]
"""(workers, GPUs of each) -> whether that shape fits."""


def shapes(workers: int, gpus: int, fits: Fits) -> Iterator[tuple[int, int]]:
    """The largest shapes that fit, as (workers, GPUs of each), that with as many GPUs each first.

    Args:
        workers: the number of workers that does not fit.
        gpus: the GPUs of each.
        fits: is asked a few times; fewer workers of the same size fit if more do.
    """
    best = 0
    if most := _most(workers - 1, lambda count: fits(count, gpus)):
        best = most * gpus
        yield most, gpus
    smaller = gpus // 2
    while smaller:
        wanted = workers * gpus // smaller
        most = _most(wanted, lambda count, each=smaller: fits(count, each))  # type: ignore[misc]
        if most * smaller > best:
            best = most * smaller
            yield most, smaller
        smaller //= 2


def _most(limit: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to the limit that fits; 0 if none does."""
    low, high = 0, limit
    if limit > 0 and fits(limit):
        return limit
    high -= 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return max(low, 0)
