"""The ranks of instances: their numbers in the world that trains together.

An operator numbers the instances of its job from 0: the chief or master first, then the others by role and
number, as they find it in RANK, PROCESS_ID, TF_CONFIG or their completion index. With several processes in an
instance, this is the rank of the node. Instances that only start, serve or judge the others have no rank.
"""

from collections.abc import Mapping, Sequence

from arena.errors import NotFound
from arena.model.instances import Instance
from arena.model.jobs import Job
from arena.model.ranks import spelled

_FIRST = ("chief", "master", "head", "coordinator", "leader")
"""Roles that begin the numbering."""
_APART = ("launcher", "submitter", "driver", "ps", "scheduler", "server", "evaluator")
"""Roles without a rank."""
_LED = ("tfjob", "pytorchjob", "xgboostjob", "paddlejob")
"""Kinds whose chief has rank 0, also while its pod is missing."""
Place = tuple[str, int]
"""Role and number of an instance, which its successors share."""


def ranks(job: Job) -> Mapping[Place, int]:
    """The ranks of a job's instances by their places; those without one are missing."""
    sizes: dict[str, int] = {}
    for one in job.instances:
        if one.role not in _APART:
            sizes[one.role] = max(sizes.get(one.role, 0), one.index + 1)
    roles = sorted(sizes, key=lambda role: (role not in _FIRST, role))
    begin = int(job.chief is None and job.kind in _LED)
    found: dict[Place, int] = {}
    for role in roles:
        found |= {(role, number): begin + number for number in range(sizes[role])}
        begin += sizes[role]
    return found


def chosen(job: Job, wanted: Sequence[range], *, strict: bool = True) -> list[Instance]:
    """The instances with these ranks.

    Args:
        strict: whether all of the job exists, so that a missing rank is an error.

    Raises:
        NotFound: none has one of the ranks, or of a range of them.
    """
    known = ranks(job)
    for part in wanted if strict else ():
        if not any(number in part for number in known.values()):
            there = f"its ranks: {spelled(known.values())}" if known else "none of its instances has a rank"
            raise NotFound(f'job "{job.name}" has no rank {spelled([part[0], part[-1]])}', there)
    return [one for one in job.instances if any(known.get((one.role, one.index)) in part for part in wanted)]
