"""Completion indexes of Indexed Jobs, and their text form such as `0-2,5`."""

from collections import Counter
from collections.abc import Iterable, Sequence

from arena.local.objects import Object

INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
"""Annotation of a pod: how many before it failed at its index, where the limit counts for each."""


def is_indexed(job: Object) -> bool:
    """Whether each pod of the Job has an index of its own."""
    return bool(job["spec"].get("completionMode") == "Indexed")


def index(pod: Object) -> int | None:
    """The index of a pod; None where it has none."""
    text = (pod["metadata"].get("annotations") or {}).get(INDEX, "")
    return int(text) if text.isdigit() else None


def parse(text: str | None) -> set[int]:
    """`0-2,5` -> {0, 1, 2, 5}."""
    found: set[int] = set()
    for part in (text or "").split(","):
        first, _, last = part.partition("-")
        if first:
            found.update(range(int(first), int(last or first) + 1))
    return found


def text(found: set[int]) -> str:
    """{0, 1, 2, 5} -> `0-2,5`."""
    parts: list[list[int]] = []
    for number in sorted(found):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def size(job: Object) -> int:
    """How many indexes an Indexed Job has."""
    spec = job["spec"]
    return int(spec["completions"] if spec.get("completions") is not None else spec.get("parallelism") or 1)


def missing(job: Object, done: set[int], held: set[int]) -> list[int]:
    """The indexes that need a pod; none for a Job without indexes."""
    if not is_indexed(job):
        return []
    return [one for one in range(size(job)) if one not in done | held]


def failures(pods: Iterable[Object], failed: Sequence[Object]) -> Counter[int]:
    """How often pods failed at each index: those that failed, and what the annotations of successors tell."""
    found: Counter[int] = Counter()
    for pod in pods:
        number = index(pod)
        if number is not None:
            before = (pod["metadata"].get("annotations") or {}).get(FAILURES, "")
            found[number] = max(found[number], (int(before) if before.isdigit() else 0) + (pod in failed))
    return found


def is_success(job: Object, done: set[int]) -> bool:
    """Whether a rule of the successPolicy holds, so that the Job is done before all its indexes are."""
    for rule in (job["spec"].get("successPolicy") or {}).get("rules") or []:
        named = rule.get("succeededIndexes")
        reached = done & parse(named) if named else done
        count = rule.get("succeededCount")
        if reached and len(reached) >= (int(count) if count is not None else len(parse(named))):
            return True
    return False
