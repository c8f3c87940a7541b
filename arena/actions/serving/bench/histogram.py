"""Distributions of durations in constant memory, in the manner of HDR histograms."""

import math
from collections.abc import Iterator

from arena.model.benchmarks import Bucket, Distribution

_BITS = 8
"""Buckets between a duration and its double: no reported duration is wrong by more than 1/512."""
_SHOWN = 16
"""Buckets between a duration and its double in a `Distribution`, which people and programs draw."""


class Histogram:
    """Counts of durations.

    A duration is counted in whole nanoseconds. Up to 512 ns each has a bucket; above, each power of two is
    divided into 256 buckets of equal width.
    """

    __slots__ = ("_counts", "_greatest", "_least", "_total", "count")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.count = 0
        self._total = 0
        self._least = 0
        self._greatest = 0

    def add(self, seconds: float, times: int = 1) -> None:
        """Count a duration; a negative one counts as 0."""
        nanos = max(0, int(seconds * 1e9))
        shift = nanos.bit_length() - _BITS - 1
        index = nanos if shift <= 0 else (shift << _BITS) + (nanos >> shift)
        counts = self._counts
        counts[index] = counts.get(index, 0) + times
        if nanos > self._greatest:
            self._greatest = nanos
        if nanos < self._least or not self.count:
            self._least = nanos
        self.count += times
        self._total += nanos * times

    def merge(self, other: "Histogram") -> None:
        """Add the counts of another histogram."""
        if not other.count:
            return
        for index, times in other._counts.items():
            self._counts[index] = self._counts.get(index, 0) + times
        self._least = min(self._least, other._least) if self.count else other._least
        self._greatest = max(self._greatest, other._greatest)
        self.count += other.count
        self._total += other._total

    def quantiles(self, *shares: float) -> list[float]:
        """The durations in seconds that these shares (ascending, 0 to 1) do not exceed; 0 if empty.

        Each is the nearest rank: the smallest duration such that at least this share is as short.
        """
        found, passed = [], 0
        buckets = self._sorted()
        middle = 0.0
        for share in shares:
            rank = max(1, math.ceil(round(share * self.count, 6)))
            while passed < rank and (bucket := next(buckets, None)):
                low, width, times = bucket
                middle = low + (width - 1) / 2
                passed += times
            found.append(min(max(middle, self._least), self._greatest) / 1e9)
        return found

    def _sorted(self) -> Iterator[tuple[int, int, int]]:
        """Least nanoseconds, width and count of every bucket, in order."""
        for index in sorted(self._counts):
            shift = max(0, (index >> _BITS) - 1)
            yield (index - (shift << _BITS)) << shift, 1 << shift, self._counts[index]

    def distribution(self, *, buckets: bool = True) -> Distribution:
        """Its figures; without `buckets` this takes less than a millisecond."""
        p50, p90, p95, p99, p999 = self.quantiles(0.5, 0.9, 0.95, 0.99, 0.999)
        return Distribution(
            count=self.count,
            mean=self._total / self.count / 1e9 if self.count else 0.0,
            min=self._least / 1e9,
            p50=p50,
            p90=p90,
            p95=p95,
            p99=p99,
            p999=p999,
            max=self._greatest / 1e9,
            buckets=self._buckets() if buckets else (),
        )

    def _buckets(self) -> tuple[Bucket, ...]:
        """Fewer and wider buckets, without empty ones."""
        found: dict[int, int] = {}
        for low, width, times in self._sorted():
            step = math.floor(math.log2((low + (width - 1) / 2 + 1) / 1e9) * _SHOWN)
            found[step] = found.get(step, 0) + times
        return tuple(
            Bucket(low=2 ** (step / _SHOWN), high=2 ** ((step + 1) / _SHOWN), count=times)
            for step, times in found.items()
        )
