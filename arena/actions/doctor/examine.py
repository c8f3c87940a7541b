"""Run all checks of a cluster and the way to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from arena.actions.doctor.checks import (
    accelerators,
    connection,
    metrics,
    nodes,
    operators,
    permissions,
    storage,
    webhooks,
)
from arena.errors import ArenaError, NotAllowed
from arena.model.checks import FAILURE, UNKNOWN, Check
from arena.parallel import Task, thread_pool

if TYPE_CHECKING:
    from arena.session import Session

LIMIT = 20.0
"""Seconds for each check."""
CHECKS = {
    "permissions": permissions.check,
    "operators": operators.check,
    "webhooks": webhooks.check,
    "nodes": nodes.check,
    "accelerators": accelerators.check,
    "metrics": metrics.check,
    "storage": storage.check,
}
"""Concern -> its check, in the order in which they are shown, after the connection."""


def examine(session: Session) -> Iterator[Check]:
    """Yield what each check finds, as soon as it and those before it have ended.

    If the cluster cannot be reached, nothing else is checked. A check that may not read what it needs, or
    takes longer than `LIMIT` seconds, says so and takes nothing from the others.
    """
    with thread_pool(len(CHECKS)) as pool:
        reached = list(
            _result(pool.submit(_found, "connection", partial(connection.check, session)), "connection")
        )
        yield from reached
        if any(one.state == FAILURE for one in reached):
            return
        tasks = {name: pool.submit(_found, name, partial(check, session)) for name, check in CHECKS.items()}
        for name, task in tasks.items():
            yield from _result(task, name)


def _found(name: str, check: Callable[[], Iterator[Check]]) -> list[Check]:
    found: list[Check] = []
    try:
        found.extend(check())
    except NotAllowed as error:
        why = error.message.partition(" (")[0]
        found.append(Check(id=name, state=UNKNOWN, message=f"{name}: not all could be checked, as {why}"))
    except ArenaError as error:
        state = FAILURE if name == "connection" else UNKNOWN
        found.append(Check(id=name, state=state, message=error.message, remedy=error.hint))
    return found


def _result(task: Task[list[Check]], name: str) -> list[Check]:
    if task.done(LIMIT):
        return task.result()
    state = FAILURE if name == "connection" else UNKNOWN
    message = f"{name}: no answer within {LIMIT:.0f} s"
    return [Check(id=name, state=state, message=message, remedy="try again later")]
