"""Collect the stacks of all running instances of a job, at the same time."""

from __future__ import annotations

import signal as signals
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arena import foreign_json, units
from arena.actions.jobs import find, instances
from arena.actions.jobs.logs.lines import Options
from arena.actions.jobs.logs.snapshot import chosen
from arena.actions.jobs.stacks import faulthandler, report
from arena.errors import ArenaError, Conflict, aimed
from arena.kinds.workload import ranks
from arena.kinds.workload.instance_findings import place
from arena.model.instances import Instance
from arena.model.jobs import Job
from arena.model.stacks import Process, Stacks, Thread
from arena.parallel import thread_pool
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.kube import Cluster
    from arena.session import Session

EVERYTHING = Options()
PATIENCE = 60.0
"""Seconds for an instance to report its stacks."""
TOGETHER = 32
WRITTEN = 5.0
"""Seconds for stacks to appear in a log after the signal."""
_MOST = 16 << 20
"""Number of bytes to read of a report."""
_SHELL = (
    'for p in python3 python /proc/1/exe; do command -v "$p" >/dev/null 2>&1 && "$p" -I -c "" 2>/dev/null '
    '&& exec "$p" -I -c "$0"; done; exit 127'
)
"""Runs its first argument by the Python of a container: by that of process 1 if none is in PATH."""


class Report(NamedTuple):
    """What an instance reported."""

    instance: Instance
    processes: Sequence[Process] = ()
    error: str = ""
    spied: bool = True
    """Whether py-spy is there."""


def stacks(
    session: Session,
    name: str,
    wanted: Options = EVERYTHING,
    *,
    signal: str = "",
    kind: Kind | str | None = None,
) -> Stacks:
    """Return the Python stacks of a job's running instances, or of those that are wanted.

    Args:
        signal: the name of the signal, such as `USR1`, for which the program has registered faulthandler; ""
            to use py-spy.

    Raises:
        NotFound: there is no such job, instance, rank or container.
        SpecError: the name is ambiguous.
        Conflict: none of the instances is running.
    """
    job = find.job(session, name, kind=kind)
    asked = chosen(job, wanted)
    running = [one for one in asked if one.phase == "Running" and not one.sidecar]
    if not running:
        raise Conflict(
            f'no instance of "{job.name}" is running: it is {job.phase.value}',
            f"arena get {aimed(job.name, job.namespace)} -e shows why",
        )
    number = signals.Signals[f"SIG{signal}"].value if signal else 0
    known = ranks.ranks(job)
    look = partial(_report, session.cluster(), known, wanted.container, number)
    with thread_pool(TOGETHER) as threads:
        reports = list(threads.map(look, running))
    idle = [(place(one), f"it is {one.status}") for one in asked if one not in running]
    failed = [(place(one.instance), one.error) for one in reports if one.error]
    return Stacks(
        name=job.name,
        namespace=job.namespace,
        processes=tuple(process for one in reports for process in one.processes),
        unread=(*idle, *failed),
        advice=_advice(job, reports, number, session.is_local),
    )


def _report(
    cluster: Cluster, known: Mapping[ranks.Place, int], container: str, number: int, one: Instance
) -> Report:
    try:
        inside = instances.container(one, container)
        said = _run(cluster, one, inside, number)
        if said.get("error"):
            return Report(one, error=str(said["error"]))
        found = report.processes(said, one, known.get((one.role, one.index)))
        if not found:
            return Report(one, error="it has no Python process")
        if number:
            found = _from_log(cluster, one, inside, found, float(said["began"]))
        return Report(one, found, spied=bool(said.get("spy")))
    except ArenaError as error:
        return Report(one, error=error.message)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return Report(one, error="its report cannot be read")


def _run(cluster: Cluster, one: Instance, container: str, number: int) -> dict[str, Any]:
    """Run the probe in an instance, and return its report."""
    program = Path(__file__).with_name("probe.py").read_bytes()
    # The length ends the program, since old clusters cannot end the input.
    reader = f"import sys; exec(sys.stdin.buffer.read({len(program)})); main({number})  # arena-stacks-probe"
    words, out, size = ["sh", "-c", _SHELL, reader], [], 0
    with instances.execute(cluster, one, words, container=container, stdin=True, tty=False) as opened:
        watch = threading.Timer(PATIENCE, opened.close)
        watch.daemon = True
        watch.start()
        try:
            opened.send(program)
            for channel, data in opened:
                size += len(data)
                if channel == 1 and size < _MOST:
                    out.append(data)
            code = opened.exit_code
        finally:
            watch.cancel()
    if code == 127:
        return {"error": "its container has no Python"}
    found = foreign_json.loads(b"".join(out).decode("utf-8", "replace")) if not code else None
    return found if isinstance(found, dict) else {"error": "the program that looks at its processes failed"}


def _from_log(
    cluster: Cluster, one: Instance, container: str, found: Sequence[Process], began: float
) -> list[Process]:
    """The processes with the stacks that they wrote after the signal, in its order."""
    asked = [process for process in found if not process.error]
    end, written = time.monotonic() + WRITTEN, list[tuple[Thread, ...]]()
    while asked and len(written) < len(asked) and time.monotonic() < end:
        written = faulthandler.dumps(_lines(cluster, one, container, began))
        threading.Event().wait(0.1)
    late = "it handles the signal, but wrote no stack: is it registered with faulthandler?"
    stacks = dict(zip((process.pid for process in asked), written, strict=False))
    return [
        process
        if process.error
        else replace(
            process, threads=stacks.get(process.pid, ()), error="" if process.pid in stacks else late
        )
        for process in found
    ]


def _lines(cluster: Cluster, one: Instance, container: str, began: float) -> list[str]:
    from arena.kube import LogQuery

    since = units.rfc3339(datetime.fromtimestamp(began, timezone.utc))
    query = LogQuery(container=container, timestamps=True, since_time=since, silence=15.0)
    found = []
    for batch in cluster.logs(one.namespace, one.name, query).batches():
        for line in batch:
            stamp, _, said = line.decode("utf-8", "replace").partition(" ")
            moment = _when(stamp)
            if moment is not None and moment >= began:
                found.append(said)
    return found


def _when(stamp: str) -> float | None:
    try:
        found = units.when(stamp)
    except ArenaError:
        return None
    return found.timestamp() if found else None


def _advice(job: Job, reports: Sequence[Report], number: int, is_local: bool) -> tuple[str, ...]:
    """What would show more, for the processes without a stack."""
    name = aimed(job.name, job.namespace)
    missing = [one for one in reports if one.processes and not one.spied]
    errors = Counter(process.error for one in reports for process in one.processes if process.error)
    advice = []
    if missing and not number:
        run = "" if is_local else f"arena exec {name} -i {place(missing[0].instance)} -- "
        image = "" if is_local else "add it to the image, or for now "
        advice.append(f"py-spy is not installed in {_some(missing)}: {image}run {run}pip install py-spy")
        advice.append(
            "without py-spy, let the program call faulthandler.register(signal.SIGUSR1), and run "
            f"arena stacks {name} --signal USR1"
        )
    if any("ermission" in error or "not permitted" in error for error in errors):
        advice.append(
            "py-spy may not read other processes there: the container needs the capability SYS_PTRACE"
        )
    return tuple(advice)


def _some(reports: Sequence[Report]) -> str:
    names = [place(one.instance) for one in reports]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
