"""Wait for a job that was just submitted: for `submit --wait` and `submit --logs`."""

from typing import TYPE_CHECKING

from arena.commands import _console
from arena.errors import NotAllowed, Unreachable, aimed

if TYPE_CHECKING:
    from collections.abc import Callable

    from arena.commands._request import Output
    from arena.kinds.kind import Kind
    from arena.model.jobs import Job
    from arena.session import Session


def stay(session: "Session", kind: "Kind", job: "Job", output: "Output") -> None:
    """Stream its output or wait until the job has ended; after Ctrl-C it continues."""
    seen: dict[str, Job] = {}
    goes_on = f"the job continues; to end it, run: arena delete {aimed(job.name, session.namespace)}"
    try:
        if output.logs:
            from arena.actions.jobs.logs.lines import Options
            from arena.commands._log_printer import Sink
            from arena.commands.logs import stream

            stream(session, job.name, kind, Options(), Sink(prefix=None, stamps=False), _noted(seen))
        else:
            from arena.actions.jobs import wait
            from arena.commands._wait_progress import watch

            [ended] = watch(session, [job.name], kind, note=_noted(seen))
            done = wait.judged(session, ended)
            # With -o, stdout contains only that output.
            _console.line(f"{done.kind} {done.name} {done.phase.value}", err=bool(output.form))
            _console.remedy(done)
    except KeyboardInterrupt:
        _console.remark()
        if (last := seen.get(job.name)) and last.phase.is_final:
            from arena.commands.logs import ending

            _console.remark(ending(last))
            _console.remedy(last)
        else:
            _console.remark(goes_on)
        raise
    except (NotAllowed, Unreachable) as error:
        error.hint = "; ".join(filter(None, (error.hint, goes_on)))
        raise


def _noted(seen: "dict[str, Job]") -> "Callable[[Job], None]":
    return lambda job: seen.update({job.name: job})
