"""The corpus: groups of cases, each from the seed and the number of mutations."""

from collections.abc import Iterator

from fidelity import constraints, mutations, protocol, samples
from fidelity.asks import Case

CONSTRAINTS = 3000
GROUPS = ("mutations", "constraints", "protocol", "builtin", "kubectl")


def cases(groups: tuple[str, ...], seed: int, count: int) -> Iterator[Case]:
    """The cases of the groups; `count` is that of mutations."""
    if "mutations" in groups:
        yield from mutations.cases(seed, count)
    if "constraints" in groups:
        yield from constraints.cases(seed, CONSTRAINTS)
    if "protocol" in groups:
        yield from protocol.cases()
    if "builtin" in groups:
        yield from mutations.cases(seed, count, samples.builtin())
