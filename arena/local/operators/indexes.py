"""Completion indexes of Indexed Jobs, and their text form such as `0-2,5`."""

from arena.local.objects import Object

INDEX = "batch.kubernetes.io/job-completion-index"


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


def missing(job: Object, done: set[int], held: set[int]) -> list[int]:
    """The indexes that need a pod; none for a Job without indexes."""
    if not is_indexed(job):
        return []
    spec = job["spec"]
    size = spec["completions"] if spec.get("completions") is not None else spec.get("parallelism") or 1
    return [one for one in range(int(size)) if one not in done | held]
