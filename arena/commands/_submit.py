"""Submit a request or show what would be sent, and wait for the end of the job if requested."""

import sys
from typing import TYPE_CHECKING, Any

from arena.commands import _console, _show
from arena.commands._progress import Live
from arena.commands._request import Output
from arena.errors import NotAllowed, Unreachable, aimed

if TYPE_CHECKING:
    from collections.abc import Callable

    from arena.actions.submit.plan import Plan
    from arena.actions.submit.request import Request
    from arena.commands._family import FamilyCommands
    from arena.model.jobs import Job
    from arena.session import Session


def run(session: "Session", request: "Request", output: Output, family: "FamilyCommands[Any]") -> None:
    """Submit an object of a family, or show what would be sent."""
    from arena.actions.submit import submit

    if output.dry_run:
        server = output.dry_run == "server"
        show(session, submit.dry_run(session, request, server=server, tell=_console.remark), output)
        return
    with Live() as live:
        made = submit.submit(session, request, tell=live.clearing(_console.remark), progress=live.show)
    name, noun = family.noun().name(made), family.singular
    if output.form:
        _show.show_one(session, family.noun(), made, output.form)
    else:
        _console.line(f"{request.kind.name} {name} submitted")
    if output.logs or output.wait:
        _stay(session, request, made, output)
    elif not output.form:
        _console.remark(f"The {noun.capitalize()} {name} has been submitted successfully")
        target = aimed(name, session.namespace)
        _console.remark(f"You can run `{family.command} get {target}` to check the {noun} status")


def show(session: "Session", plan: "Plan", output: Output) -> None:
    """Print what would be sent."""
    from arena import manifests
    from arena.views import encode

    if output.dry_run == "server":
        _console.remark(f"{session.describe()} accepts it; nothing was created")
    objects = [manifests.masked(one) for one in plan.objects]
    if output.form == "name":
        _console.names(f"{one['kind'].lower()}/{one['metadata']['name']}" for one in objects)
    elif output.form == "json":
        whole = objects[0] if len(objects) == 1 else {"apiVersion": "v1", "kind": "List", "items": objects}
        _console.page(encode.encode(whole, "json"))
    elif output.form or not plan.code_parts or not sys.stdout.isatty():
        _console.page(manifests.dump(objects), nl=False)
    else:
        _console.page(manifests.dump(map(manifests.brief, objects)), nl=False)
        _console.remark("the packed code is shortened on a terminal; use -o yaml to see all of it")


def _stay(session: "Session", request: "Request", job: "Job", output: Output) -> None:
    """Stream its output or wait until the job has ended; after Ctrl-C it continues."""
    seen: dict[str, Job] = {}
    goes_on = f"the job continues; to end it, run: arena delete {aimed(job.name, session.namespace)}"
    try:
        if output.logs:
            from arena.actions.jobs.logs.lines import Options
            from arena.commands._log_printer import Sink
            from arena.commands.logs import stream

            stream(session, job.name, request.kind, Options(), Sink(prefix=None, stamps=False), _noted(seen))
        else:
            from arena.actions.jobs import wait
            from arena.commands._wait_progress import watch

            [ended] = watch(session, [job.name], request.kind, note=_noted(seen))
            done = wait.judged(ended)
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
