"""Completion indexes of Indexed Jobs, and their text form such as `0-2,5`."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from arena.digits import whole
from arena.local.objects import Object

INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
"""Annotation of a pod: the number of earlier failures at its index, where each index has a limit."""
LARGEST = 100_000
"""The largest index that counts."""

_PART = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


def is_indexed(job: Object) -> bool:
    """Whether each pod of the Job has an index of its own."""
    return bool(job["spec"].get("completionMode") == "Indexed")


def index(pod: Object) -> int | None:
    """The index of a pod; None if it has none."""
    text = (pod["metadata"].get("annotations") or {}).get(INDEX, "")
    return whole(text)


def parse(text: str | None) -> set[int]:
    """Read `0-2,5` as {0, 1, 2, 5}; anything else is ignored."""
    found: set[int] = set()
    for part in (text or "").split(","):
        if match := _PART.fullmatch(part):
            first, last = int(match[1]), int(match[2] or match[1])
            found.update(range(first, min(last, LARGEST) + 1))
    return found


def text(found: set[int]) -> str:
    """Write {0, 1, 2, 5} as `0-2,5`."""
    parts: list[list[int]] = []
    for number in sorted(found):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def size(job: Object) -> int:
    """The number of indexes of an Indexed Job."""
    spec = job["spec"]
    return int(spec["completions"] if spec.get("completions") is not None else spec.get("parallelism") or 1)


def missing(job: Object, there: set[int]) -> Iterator[int]:
    """The indexes that need a pod: all except those given."""
    return (one for one in range(size(job)) if one not in there)


def failures(pods: Iterable[Object], failed: Sequence[Object]) -> Counter[int]:
    """Count the failures at each index: failed pods, and those that the annotations of later pods record."""
    found: Counter[int] = Counter()
    for pod in pods:
        number = index(pod)
        if number is not None:
            before = (pod["metadata"].get("annotations") or {}).get(FAILURES, "")
            found[number] = max(found[number], (whole(before) or 0) + (pod in failed))
    return found


def is_success(job: Object, done: set[int]) -> bool:
    """Whether a rule of the successPolicy holds, so that the Job succeeds before all its indexes do."""
    for rule in (job["spec"].get("successPolicy") or {}).get("rules") or []:
        named = rule.get("succeededIndexes")
        reached = done & parse(named) if named else done
        count = rule.get("succeededCount")
        if reached and len(reached) >= (int(count) if count is not None else len(parse(named))):
            return True
    return False
