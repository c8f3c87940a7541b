"""Read what the probe reports of an instance."""

from __future__ import annotations

from typing import Any

from arena.kinds.workload.instance_findings import place
from arena.model.instances import Instance
from arena.model.stacks import Frame, Process, Thread

_STATES = {
    "R": "running", "S": "sleeping", "D": "waiting for a disk", "T": "stopped", "t": "stopped", "Z": "ended",
    "I": "idle",
}  # fmt: skip
"""What the kernel calls the states of threads."""
_LAUNCHED = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID", "RANK")
"""Variables with which launchers tell processes their ranks."""


def processes(said: dict[str, Any], one: Instance, rank: int | None) -> list[Process]:
    """The processes of an instance.

    Args:
        said: the report.
        rank: the rank of the instance, which its program has unless a launcher started several.

    Raises:
        KeyError, TypeError, ValueError, AttributeError, OverflowError: it is not a report.
    """
    found = {int(each["pid"]): each for each in said["processes"]}
    own = {pid: _own_rank(each["ranks"]) for pid, each in found.items()}
    launched = any(number is not None for number in own.values())
    made = []
    for pid, each in found.items():
        number = own[pid] if launched else rank
        parent = found.get(int(each["parent"]))
        above = (own[int(each["parent"])] if launched else rank) if parent else None
        helps = above if parent and above is not None and above == number else None
        made.append(
            Process(
                instance=place(one),
                pid=pid,
                program=str(each["program"]),
                rank=number if helps is None else None,
                helps=helps,
                threads=tuple(map(_thread, each.get("threads") or ())),
                state=_state(each),
                error=str(each.get("error") or ""),
            )
        )
    return made


def _own_rank(known: dict[str, str]) -> int | None:
    """The rank of a process that a launcher started, such as torchrun or mpirun."""
    for name in _LAUNCHED:
        if str(known.get(name, "")).isdecimal() and (name != "RANK" or "LOCAL_RANK" in known):
            return int(known[name])
    return None


def _thread(said: dict[str, Any]) -> Thread:
    frames = (Frame(str(function), str(file), int(line)) for function, file, line in said["frames"])
    return Thread(str(said["name"]), tuple(frames))


def _state(said: dict[str, Any]) -> str:
    word = _STATES.get(str(said["state"])[:1], str(said["state"]))
    waits = str(said["waits"])
    return f"{word} in {waits}" if waits and word != "running" else word
