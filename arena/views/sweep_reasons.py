"""Why sweeps and their trials wait or fail."""

from collections.abc import Iterator, Sequence

from arena import visible
from arena.model.sweeps import Why


def reasons(found: Sequence[Why]) -> str:
    """What is known of why a sweep and its trials are in their states."""
    return "\n".join(line for one in found for line in _reason_lines(one))


def _reason_lines(one: Why) -> Iterator[str]:
    causes = "; ".join(each.cause for each in one.findings)
    yield visible.line(f"{one.subject} is {one.status}" + (f": {causes}" if causes else ""))
    for each in one.findings:
        for seen in each.evidence:
            yield visible.line(f"  {seen.kind} of {seen.subject}: {seen.text}")
        if each.remedy:
            yield visible.line(f"  {each.remedy}")
