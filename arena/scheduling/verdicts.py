"""Whether a job fits, whichever of the possible nodes the scheduler takes for each of its pods.

A scheduler decides pod by pod, and among equally good nodes at random, so a job may fit or not by chance. It
fits only if it does whatever is chosen: roles without constraints between pods are tried against the worst
choice, which can be computed; for the others, choices are followed one by one, and if these are too many,
some are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from itertools import permutations, product
from math import prod

from arena.scheduling import amounts, packing, preemption
from arena.scheduling.packing import Placement
from arena.scheduling.state import Role, State
from arena.values import frozen

DRAWS = 24
"""Number of random placements of a job whose choices are too many to follow all."""
STEPS = 60_000
"""Maximum number of checks of a pod against a node in which choices are followed."""
DEPTH = 300
"""Maximum number of pods whose choices are followed one by one."""
PLACES = 100
"""Maximum number of places of a topology in which a job is begun, one after the other."""
_DEALS = 200_000
"""Maximum number of steps in which the worst choice is computed."""
_ORDERS = 6


class Outcome(str, Enum):
    """What becomes of a job that is submitted now."""

    FITS = "fits"
    DEPENDS = "depends"
    """Whether it fits depends on the nodes that the scheduler takes first."""
    SHORT = "short"
    """Some pods find no node, whatever it takes."""


@frozen
class Verdict:
    """The outcome, and a placement that shows it."""

    outcome: Outcome
    placement: Placement
    """The usual one; if the outcome depends on chance, one with missing pods."""
    certain: bool = True
    """Whether all choices were considered, rather than some of them."""


def judge(make: Callable[[bool], State], roles: Sequence[Role]) -> Verdict:
    """Judge the roles of a job.

    Args:
        make: makes the state of the cluster; whether it is lenient is passed.
    """
    verdict = _judged(make(False), roles)
    narrowed = any(one.pod.spread and (one.pod.selector or one.pod.required) for one in roles)
    if not narrowed:
        return verdict
    # Releases differ in what they count, so it fits only if it does in both.
    former = _judged(make(True), roles)
    if former.outcome is verdict.outcome:
        return verdict
    return Verdict(
        outcome=Outcome.DEPENDS,
        placement=verdict.placement if verdict.placement.missing else former.placement,
        certain=False,
    )


def _judged(state: State, roles: Sequence[Role]) -> Verdict:
    state.prepare(roles)
    usual = packing.place(state, roles, _usual(roles))
    alike = all(role.pod.is_plain and role.around is None for role in roles)
    if len(roles) == 1 and (alike or (_is_settled(state, roles[0]) and not usual.victims)):
        return _verdict(usual, usual)
    if alike and usual.is_complete and not usual.victims and _survives(state, roles):
        return _verdict(usual, usual)
    worst, certain = usual, False
    for other in _attempts(state, roles):
        worst = min(worst, other, key=lambda one: one.size)
        usual = usual if usual.is_complete else max(usual, other, key=lambda one: one.size)
        if usual.is_complete and not worst.is_complete:
            break
    else:
        if usual.is_complete and _cost(roles) < STEPS and sum(role.count for role in roles) < DEPTH:
            stuck, certain = _stuck(state, roles)
            worst = stuck or worst
    return _verdict(usual, worst, certain=certain)


def _verdict(best: Placement, worst: Placement, *, certain: bool = True) -> Verdict:
    if worst.is_complete:
        return Verdict(outcome=Outcome.FITS, placement=best, certain=certain)
    outcome = Outcome.DEPENDS if best.is_complete else Outcome.SHORT
    shown = worst if best.is_complete else best
    return Verdict(outcome=outcome, placement=shown, certain=certain)


def _usual(roles: Sequence[Role]) -> packing.Choose:
    """The choice of the scheduler of Kubernetes, or a cheap one if there are very many."""
    many = _cost(roles) > 4 * STEPS
    return (lambda state, role, names: names[0]) if many else packing.emptiest


def _cost(roles: Sequence[Role]) -> int:
    """The number of checks of a pod against a node in one placement."""
    return sum(role.count * len(role.candidates) for role in roles)


def _is_settled(state: State, role: Role) -> bool:
    """Whether as many pods of a role fit whatever is chosen.

    That is so if each node, and each place of at most one topology, has its own limit.
    """
    pod = role.pod
    if pod.near or any(not state.storage.claims[one].volume for one in pod.claims):
        return False
    own = {one.key for one in pod.away if one.selects(pod)}
    return len(own) + len(pod.spread) <= 1


def _attempts(state: State, roles: Sequence[Role]) -> Iterator[Placement]:
    """Placements by other choices and in other orders."""
    cost = _cost(roles) or 1
    for role in roles:
        for key in {one.key for one in role.pod.near}:
            places = {state.nodes[name].labels.get(key) for name in role.candidates} - {None}
            for place in sorted(filter(None, places))[:PLACES]:
                yield packing.place(state, roles, _begun_in(key, place))
    orders = [list(one) for one, _ in zip(permutations(roles), range(_ORDERS), strict=False)]
    for order in orders[: max(1, STEPS // cost)]:
        yield packing.place(state, order, packing.fullest)
        yield packing.place(state, order, packing.emptiest)
    for seed in range(min(DRAWS, max(2, 4 * STEPS // cost))):
        yield packing.place(state, orders[seed % len(orders)], packing.at_random(seed))


def _begun_in(key: str, place: str) -> packing.Choose:
    """The choice that prefers one place of a topology, where all that want to be near then have to be."""

    def choose(state: State, role: Role, names: list[str]) -> str:
        return next((name for name in names if state.nodes[name].labels.get(key) == place), names[0])

    return choose


def _survives(state: State, roles: Sequence[Role]) -> bool:
    """Whether each role fits even if all the others have taken the nodes that are worst for it."""
    return all(
        _margin(state, role, [one for one in roles if one is not role]) >= role.count for role in roles
    )


def _margin(state: State, role: Role, others: Sequence[Role]) -> int:
    """The least number of pods of a role that fit, wherever those of the others are; -1 if unknown."""
    room = sum(amounts.slots(role.pod.wants, state.free[name]) for name in role.candidates)
    least = room - sum(one.count * _harm(role.pod.wants, one.pod.wants) for one in others)
    sizes = tuple(one.count + 1 for one in others)
    if least >= role.count:
        return least
    if prod(sizes) ** 2 * len(role.candidates) > _DEALS:
        return -1
    wants = role.pod.wants
    # The most slots that pods of the others, so many of each, can take away from the role.
    worst = {(0,) * len(sizes): 0}
    total = 0
    for name in role.candidates:
        free = state.free[name]
        room = amounts.slots(wants, free)
        total += room
        losses = dict(_losses(state, name, role, others)) if room else {}
        if not any(losses.values()):
            continue
        grown = dict(worst)
        for taken, (more, loss) in product(worst, losses.items()):
            key = tuple(map(sum, zip(taken, more, strict=True)))
            if all(count < size for count, size in zip(key, sizes, strict=True)):
                grown[key] = max(grown.get(key, 0), worst[taken] + loss)
        worst = grown
    return total - max(worst.values())


def _harm(wants: amounts.Amounts, others: amounts.Amounts) -> int:
    """The most slots that one pod of another role takes away from a role."""
    shares = [-(-others.get(name, 0) // amount) for name, amount in wants.items() if amount]
    return max([1, *shares])


def _losses(
    state: State, name: str, role: Role, others: Sequence[Role]
) -> Iterator[tuple[tuple[int, ...], int]]:
    """For all numbers of pods of the others that fit a node together: the slots that the role loses."""
    free = state.free[name]
    room = amounts.slots(role.pod.wants, free)
    for counts in product(*(range(one.count + 1 if name not in one.refused else 1) for one in others)):
        left = dict(free)
        for one, count in zip(others, counts, strict=True):
            left[amounts.PODS] -= count
            for resource, amount in one.pod.wants.items():
                left[resource] = left.get(resource, 0) - count * amount
        if min(left.values()) >= 0 and any(counts):
            yield counts, room - amounts.slots(role.pod.wants, left)


def _stuck(state: State, roles: Sequence[Role]) -> tuple[Placement | None, bool]:
    """Follow all choices to one that leaves pods without a node; None, and whether all were followed."""
    budget = [STEPS]
    seen: set[frozenset[tuple[str, str, int]]] = set()
    with packing.attempt(state) as trial:
        left = {role.name: role.count for role in roles}
        found = _follow(trial, roles, left, seen, budget)
    return found, budget[0] > 0


def _follow(
    trial: packing.Trial,
    roles: Sequence[Role],
    left: dict[str, int],
    seen: set[frozenset[tuple[str, str, int]]],
    budget: list[int],
) -> Placement | None:
    key = frozenset((one, name, n) for one, there in trial.placed.items() for name, n in there.items() if n)
    if key in seen or budget[0] <= 0:
        return None
    seen.add(key)
    stuck = True
    for role in roles:
        if not left[role.name]:
            continue
        budget[0] -= len(role.candidates)
        for name in [one for one in role.candidates if trial.state.fits(role, one)]:
            stuck = False
            taken = dict(trial.state.taken)
            trial.put(role, name)
            left[role.name] -= 1
            found = _follow(trial, roles, left, seen, budget)
            left[role.name] += 1
            trial.take_back(role, name)
            trial.state.taken = taken
            if found:
                return found
    missing = {name: count for name, count in left.items() if count}
    if not (stuck and missing) or any(
        preemption.candidates(trial.state, role, role.candidates) for role in roles
    ):
        return None
    placed = {one: {name: n for name, n in there.items() if n} for one, there in trial.placed.items()}
    return Placement(placed=placed, missing=missing)
