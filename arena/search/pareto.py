"""The Pareto front of a sweep with several objectives."""

from collections.abc import Sequence

from arena.search.records import Objective, Record


def front(records: Sequence[Record], objectives: Sequence[Objective]) -> tuple[Record, ...]:
    """The trials that no other trial beats: none is at least as good in all objectives and better in one.

    They keep their order; trials without a finite value for each objective are left out.
    """
    found = [one for one in records if one.has_result(len(objectives))]
    costs = {
        one.name: tuple(
            -value if objective.maximize else value
            for value, objective in zip(one.values, objectives, strict=True)
        )
        for one in found
    }
    # In order of costs, a trial is beaten only by one before it; equal trials are all kept.
    kept: list[tuple[float, ...]] = []
    for cost in sorted(set(costs.values())):
        if not any(all(a <= b for a, b in zip(other, cost, strict=True)) for other in kept):
            kept.append(cost)
    best = set(kept)
    return tuple(one for one in found if costs[one.name] in best)
