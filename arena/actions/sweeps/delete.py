"""Delete sweeps with their trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arena.actions.deletion import Removal
from arena.actions.sweeps import find
from arena.actions.sweeps.foreground import find as trials
from arena.kinds.sweeps import reading
from arena.kinds.sweeps.experiment import EXPERIMENTS
from arena.model.sweeps import Sweep

if TYPE_CHECKING:
    from arena.session import Session


def delete(session: Session, name: str) -> Sweep:
    """Delete a sweep with its trials, their jobs and everything that was created with it.

    Returns:
        The sweep as it last was, without its trials.

    Raises:
        NotFound: there is no such sweep.
        TimedOut: a finalizer holds it.
    """
    removal = Removal(session.cluster())
    found = remove(removal, name, session.namespace)
    removal.wait()
    return found


def remove(removal: Removal, name: str, namespace: str) -> Sweep:
    """Delete a sweep as part of a larger removal; returns and raises what `delete` does."""
    obj, there = find.found(removal.cluster, name, namespace)
    if there:
        trials.remove(removal, there)
        return trials.assembled(there)
    removal.delete(EXPERIMENTS, obj["metadata"], f"sweep {name}")
    return reading.sweep(obj, find.kind_of)
