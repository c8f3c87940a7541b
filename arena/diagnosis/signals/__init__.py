"""What a cluster says about a job, as far as it still holds: each module reads one kind of it.

A signal is one observation in the terms that rules match: where it was seen, the word and the text that the
cluster used, and when. Old news is left out here, so that rules are about words alone: an image that was
pulled at the second try, a shortage that has ended, warnings of probes while a program starts.

signal.py     one signal, and the case that they are about
objects.py    the job's own object: nobody acts on it, or something keeps it from being deleted
queues.py     what Kueue and Volcano say about a job that they hold
refusals.py   pods that the API server refuses
ends.py       pods that ended, by the cluster's doing or by their own, and nodes that are gone
leftovers.py  sidecars that outlive their program, instances that the end of another one cut off
waits.py      pods that wait for a node, or for what they need to start
"""

from __future__ import annotations

from collections.abc import Iterator

from arena.diagnosis.records import Record
from arena.diagnosis.signals.signal import Signal

BEFORE, ENDED, WAITS = 0, 1, 2
"""What keeps a job from having pods counts before how pods ended, and that before what pods wait for."""


def of(record: Record) -> Iterator[tuple[int, Signal]]:
    """The signals of a record, each with its tier."""
    from arena.diagnosis.signals import ends, leftovers, objects, queues, refusals, waits
    from arena.diagnosis.signals.signal import Case

    case = Case(record)
    tiers = {BEFORE: (objects, queues, refusals), ENDED: (ends, leftovers), WAITS: (waits,)}
    for tier, module in ((tier, one) for tier, modules in tiers.items() for one in modules):
        for one in module.signals(case):
            yield ENDED if one.where == "job" else tier, one
