"""What the page may change, if the command allows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from arena.dashboard.panel import Scope
from arena.errors import Conflict, NotAllowed, SpecError
from arena.session import Session

LARGEST = 4096
"""Bytes of a request."""
_KEYS = ("noun", "verb", "namespace", "kind", "name", "uid")


def _suspend(session: Session, name: str, kind: str) -> None:
    from arena.actions.jobs import suspend

    suspend.suspend(session, name, kind=kind)


def _resume(session: Session, name: str, kind: str) -> None:
    from arena.actions.jobs import suspend

    suspend.resume(session, name, kind=kind)


def _delete(session: Session, name: str, kind: str) -> None:
    from arena.actions.jobs import delete

    delete.delete(session, name, kind=kind)


def _suspend_cron(session: Session, name: str, kind: str) -> None:
    from arena.actions.jobs import crons

    crons.suspend_cron(session, name)


def _resume_cron(session: Session, name: str, kind: str) -> None:
    from arena.actions.jobs import crons

    crons.resume_cron(session, name)


def _uid(session: Session, noun: str, name: str, kind: str) -> str:
    from arena.actions.jobs import crons, find

    if noun == "cron":
        return crons.cron(session, name).uid
    return find.job(session, name, kind=kind, partial=True).uid


VERBS: Mapping[tuple[str, str], Callable[[Session, str, str], None]] = {
    ("job", "suspend"): _suspend,
    ("job", "resume"): _resume,
    ("job", "delete"): _delete,
    ("cron", "suspend"): _suspend_cron,
    ("cron", "resume"): _resume_cron,
}


def change(scope: Scope, body: bytes) -> Mapping[str, str]:
    """Do what a request asks for, to the object that its viewer saw.

    Raises:
        NotAllowed: the command does not allow changes.
        SpecError: it is no possible request.
        Conflict: another object has that name by now.
    """
    if not scope.changes:
        raise NotAllowed("this page is read-only", "start arena dashboard with --allow-changes")
    asked = _read(body)
    verb = VERBS.get((asked["noun"], asked["verb"]))
    if verb is None or not (scope.everywhere or asked["namespace"] == scope.session.namespace):
        raise SpecError("the page cannot do that")
    session, noun, name = scope.within(asked["namespace"]), asked["noun"], asked["name"]
    if _uid(session, noun, name, asked["kind"]) != asked["uid"]:
        raise Conflict(f'another {noun} has the name "{name}" by now', "look at it first")
    verb(session, name, asked["kind"])
    return {"done": f'{asked["verb"]}: {noun} "{name}"'}


def _read(body: bytes) -> Mapping[str, str]:
    try:
        asked: Any = json.loads(body)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or any(not isinstance(asked.get(key), str) for key in _KEYS):
        raise SpecError("the request is damaged", "reload the page")
    return asked
