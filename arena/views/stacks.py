"""The stacks of a job's processes: equal ones once, with the ranks that they belong to."""

import re
from collections.abc import Sequence
from typing import Any

from arena import visible
from arena.model.ranks import spelled
from arena.model.stacks import Frame, Group, Process, Stacks, Thread, groups

DEPTH = 40
"""Number of frames to show of a thread."""
_LIBRARY = re.compile(r".*?/(?:site-packages|dist-packages|python\d[\d.]*)/(?!site-packages|dist-packages)")


def page(stacks: Stacks, *, threads: bool = False) -> str:
    """The groups of processes with their stacks, the innermost call first.

    Args:
        threads: whether to show all threads, not only the main one.
    """
    found = groups(stacks.processes, threads=threads)
    parts = ["\n".join([_title(one), *_body(one, threads)]) for one in found]
    unread = [f"{who}: {why}" for who, why in stacks.unread]
    return visible.page("\n\n".join(filter(None, [*parts, "\n".join(unread)])))


def data(stacks: Stacks, *, threads: bool = False) -> dict[str, Any]:
    """Plain data of the groups, of their processes, and of what could not be read."""
    return {
        "name": stacks.name,
        "namespace": stacks.namespace,
        "groups": [
            {
                "ranks": one.ranks,
                "processes": [_process(process) for process in one.processes],
                "threads": [_thread(thread) for thread in one.threads],
            }
            for one in groups(stacks.processes, threads=threads)
        ],
        "unread": [{"instance": who, "reason": why} for who, why in stacks.unread],
        "advice": list(stacks.advice),
    }


def _process(one: Process) -> dict[str, Any]:
    return {
        "instance": one.instance,
        "pid": one.pid,
        "program": one.program,
        "rank": one.rank,
        "helpsRank": one.helps,
        "state": one.state,
        "error": one.error,
    }


def _thread(one: Thread) -> dict[str, Any]:
    return {"name": one.name, "frames": [frame._asdict() for frame in one.frames]}


def _title(group: Group) -> str:
    """Whose stacks these are: `ranks 0-2,5: train.py`."""
    helped = [one.helps for one in group.processes if one.helps is not None]
    others = [one.instance for one in group.processes if one.rank is None and one.helps is None]
    who = [
        *([_numbered("rank", group.ranks)] if group.ranks else []),
        *([f"{_counted(helped)} of {_numbered('rank', helped)}"] if helped else []),
        *(_named(others)),
    ]
    return f"{', '.join(who)}: {visible.line(group.processes[0].program)}"


def _counted(helped: Sequence[int]) -> str:
    return "1 helper" if len(helped) == 1 else f"{len(helped)} helpers"


def _numbered(noun: str, numbers: Sequence[int]) -> str:
    return f"{noun}{'s' * (len(set(numbers)) > 1)} {spelled(numbers)}"


def _named(instances: Sequence[str]) -> list[str]:
    names = sorted(set(instances))
    more = [f"{len(names) - 8} more"] if len(names) > 8 else []
    return [*map(visible.line, names[:8]), *more]


def _body(group: Group, threads: bool) -> list[str]:
    if not group.threads:
        return [f"  {visible.line(one)}" for one in _without(group.processes)]
    lines = []
    for thread in group.threads:
        if threads:
            lines.append(f"  {visible.line(thread.name) or 'thread'}")
        shown = [(visible.line(one.function), _place(one)) for one in thread.frames[:DEPTH]]
        width = max(min(visible.width(name), 30) for name, _ in shown)
        indent = "    " if threads else "  "
        lines += [f"{indent}{name}{' ' * (width - visible.width(name))}  {place}" for name, place in shown]
        if len(thread.frames) > DEPTH:
            lines.append(f"{indent}... and {len(thread.frames) - DEPTH} more")
    return lines


def _without(processes: Sequence[Process]) -> list[str]:
    """Why there is no stack, and what the kernel knows."""
    first = processes[0]
    states = sorted({one.state for one in processes if one.state})
    return [
        f"no Python stack{f': {first.error}' if first.error else ''}",
        f"main thread: {', '.join(states)}",
    ]


def _place(frame: Frame) -> str:
    """The file and line of a frame; of a library, from the folder of its packages on."""
    return visible.line(f"{_LIBRARY.sub('', frame.file)}:{frame.line}")
