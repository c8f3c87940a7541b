"""Limits the number of pods that one object of any kind may request.

A large number in a manifest must fill neither the memory of the API, which refuses the object, nor that of an
operator that finds it in the store of an earlier version.
"""

import json
import math
import os
from collections.abc import Iterator
from typing import Any

from arena.digits import whole
from arena.local.field_errors import FieldError
from arena.local.objects import Object

USUAL = 1000
"""Pods that one object may request if `ARENA_LOCAL_PODS` is not set."""

LARGEST = 64 * 1024 * 1024
"""Total size, in bytes, of the pods of one object; each is counted with the size of its template."""

_FACTORS = ("replicas", "parallelism", "numOfHosts", "numNodes", "count")
"""Fields that multiply the number of pods beside and below them, in all kinds."""


def limit() -> int:
    """Number of pods that one object may request."""
    asked = whole(os.environ.get("ARENA_LOCAL_PODS"))
    return USUAL if asked is None else asked


def requested(obj: Object) -> int:
    """Number of pods that the object requests at once.

    >>> requested({"spec": {"parallelism": 4, "completions": 100, "template": {"spec": {"containers": []}}}})
    4
    >>> jobs = [{"replicas": 2, "template": {"spec": {"parallelism": 3}}}, {"replicas": 5}]
    >>> requested({"spec": {"jobs": jobs}})
    11
    """
    return _asked(obj.get("spec"))


def _asked(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_asked, value))
    if not isinstance(value, dict):
        return 0
    if "containers" in value:
        return 1
    if "workerTemplate" in value:  # the pods of a group, of which the leader is one
        return _count(value.get("size", 1))
    inside = sum(_asked(one) for name, one in value.items() if name != "metadata")
    factors = [_count(value[name]) for name in _FACTORS if name in value]
    if "parallelism" in value and value.get("completions") is not None:
        factors[0:] = [min(factors[0], _count(value["completions"]))]
    return math.prod(factors) * max(1, inside) if factors else inside


def _count(value: Any) -> int:
    return max(0, value) if isinstance(value, int) and not isinstance(value, bool) else 1


def excess(obj: Object, old: Object | None = None) -> str:
    """Say why the object requests too many pods; "" if it does not, or no more than `old` did."""
    asked, allowed = requested(obj), limit()
    if old is not None and asked <= requested(old):
        return ""
    if asked > allowed:
        return (
            f"requests {asked} pods at once; one object may request at most {allowed} here (ARENA_LOCAL_PODS)"
        )
    if asked > 1 and asked * (size := len(json.dumps(obj["spec"]))) > LARGEST:
        return f"requests {asked} pods made of {size} bytes: more than {LARGEST >> 20} MiB together"
    return ""


def check(obj: Object, old: Object | None = None) -> Iterator[FieldError]:
    """Check the number of pods that the object requests."""
    if why := excess(obj, old):
        yield FieldError("spec", "FieldValueInvalid", f"Invalid value: {why}")
