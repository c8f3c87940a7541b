"""Submit a request or show what would be sent."""

import sys
from typing import TYPE_CHECKING, Any

from arena.commands import _console, _show
from arena.commands._progress import Live
from arena.commands._request import Output
from arena.errors import ArenaError, aimed

if TYPE_CHECKING:
    from arena.actions.submit.plan import Plan
    from arena.actions.submit.request import Request
    from arena.commands._family import FamilyCommands
    from arena.session import Session


def run(session: "Session", request: "Request", output: Output, family: "FamilyCommands[Any]") -> None:
    """Submit an object of a family, or show what would be sent."""
    from arena.actions.submit import submit

    if output.dry_run:
        server = output.dry_run == "server"
        show(session, submit.dry_run(session, request, server=server, tell=_console.remark), output)
        return
    if output.check:
        _check(session, request)
    with Live() as live:
        made = submit.submit(session, request, tell=live.clearing(_console.remark), progress=live.show)
    name, noun = family.noun().name(made), family.singular
    if output.form:
        _show.show_one(session, family.noun(), made, output.form)
    else:
        _console.line(f"{request.kind.name} {name} submitted")
    if output.logs or output.stays:
        family.stay(session, request.kind, made, output)
    elif not output.form:
        _console.remark(f"The {noun.capitalize()} {name} has been submitted successfully")
        target = aimed(name, session.namespace)
        _console.remark(f"You can run `{family.command} get {target}` to check the {noun} status")


def _check(session: "Session", request: "Request") -> None:
    """Say that the object fits; raise ArenaError if it does not, or if that is unknown."""
    from arena.actions.fit import fit
    from arena.views import fits

    found = fit.fit(session, request)
    _console.missing(found.unread)
    if not found.fits:
        raise ArenaError(f"not submitted: {fits.reason(found)}", fits.advice(found))
    _console.remark(fits.sentence(found))


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
