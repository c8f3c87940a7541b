"""Whether nodes can take pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arena.actions.nodes import nodes
from arena.model.checks import FAILURE, OK, WARNING, Check

if TYPE_CHECKING:
    from arena.session import Session

SHOWN = 5


def check(session: Session) -> Iterator[Check]:
    """Yield whether all nodes are ready."""
    every = nodes(session)
    away = [one.name for one in every if one.status != "Ready"]
    if not every:
        yield Check(id="nodes", state=FAILURE, message="the cluster has no nodes")
    elif away:
        shown = ", ".join(away[:SHOWN]) + (f" and {len(away) - SHOWN} more" if len(away) > SHOWN else "")
        takes = "takes" if len(away) == 1 else "take"
        message = f"{len(away)} of {len(every)} node{'s' * (len(every) != 1)} {takes} no pods: {shown}"
        yield Check(id="nodes", state=FAILURE if len(away) == len(every) else WARNING, message=message,
                    remedy="arena top node; kubectl describe node NODE")  # fmt: skip
    else:
        told = "the only node is ready" if len(every) == 1 else f"all {len(every)} nodes are ready"
        yield Check(id="nodes", state=OK, message=told)
