"""What a name means to `arena why`: a job, or else a serving, a sweep or a cron."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from arena import kinds
from arena.actions.diagnosis import parents
from arena.actions.diagnosis.collecting import Subject
from arena.actions.jobs import find
from arena.errors import ArenaError, MissingOperator, NotAllowed, NotFound, SpecError
from arena.kinds.kind import Kind
from arena.kinds.serving import FAMILY as SERVING
from arena.kinds.training import FAMILY as TRAINING
from arena.model.findings import Diagnosis
from arena.values import replace

if TYPE_CHECKING:
    from arena.session import Session

SWEEP, CRON = "sweep", "cron"
NOUNS = (SERVING.noun, SWEEP, CRON)
"""What can be named instead of a kind; each is looked for, in this order, if no job has the name."""
Find = Callable[["Session", str], Subject | Diagnosis]


def found(
    session: Session, name: str, which: Kind | str | None = None, version: str = ""
) -> Subject | Diagnosis:
    """Find what has a name: a job first. A sweep, and a cron without runs, is explained by its own state.

    Args:
        which: a kind of training jobs or of servings, or one of `NOUNS`.
        version: that of a serving; then nothing else is looked for.

    Raises:
        NotFound: there is nothing of that name.
        SpecError: the name has several meanings, or the kind is unknown.
    """
    only = kind(which) if which else SERVING.noun if version else None
    is_serving = only == SERVING.noun or (isinstance(only, Kind) and only.family is SERVING)
    if version and not is_serving:
        raise SpecError("-v chooses the version of a serving", "leave out -v, or -T")
    of_kind = only if isinstance(only, Kind) else None
    if is_serving:
        return _serving(session, name, of_kind, version)
    if of_kind:
        return _job(session, name, of_kind)
    ways: dict[str, Find] = {
        TRAINING.noun: _job, SERVING.noun: _serving, SWEEP: parents.sweep, CRON: parents.cron
    }  # fmt: skip
    return ways[only](session, name) if isinstance(only, str) else _first(session, name, ways)


def names(session: Session) -> list[str]:
    """Return the names of all that can be explained."""
    from arena.actions.jobs import crons, object_names
    from arena.actions.serving import find as servings
    from arena.actions.sweeps import find as sweeps

    known: list[str] = []
    with suppress(ArenaError):
        known += [there for _, there in object_names.names(session.cluster(), session.namespace)]
    with suppress(ArenaError):
        known += servings.names(session)
    with suppress(ArenaError):
        known += sweeps.names(session)
    with suppress(ArenaError):
        known += [one.name for one in crons.crons(session)]
    return known


def words() -> list[str]:
    """Return what `kind` may be."""
    return [*NOUNS, *(one.name for family in (TRAINING, SERVING) for one in kinds.of(family))]


def kind(which: Kind | str) -> Kind | str:
    """A kind of training jobs or of servings by name or alias, or one of `NOUNS`.

    Raises:
        SpecError: it is none of these.
    """
    if not isinstance(which, str) or which.lower() in NOUNS:
        return which.lower() if isinstance(which, str) else which
    try:
        return kinds.find(which)
    except SpecError as error:
        with suppress(SpecError):
            return kinds.find(which, SERVING)
        hint = error.hint if error.hint.endswith("?") else f"{error.hint}; or {', '.join(NOUNS)}"
        raise SpecError(error.message, hint) from None


def _first(session: Session, name: str, ways: dict[str, Find]) -> Subject | Diagnosis:
    """What is found first."""
    errors: list[ArenaError] = []
    for way in ways.values():
        try:
            return way(session, name)
        except (NotFound, NotAllowed, MissingOperator) as error:
            errors.append(error)
    *most, last = ways
    limits = " among the kinds that you may read" * any("may read" in one.message for one in errors)
    text = f'no {", ".join(most)} or {last} "{name}" in namespace "{session.namespace}"{limits}'
    raise NotFound(text, min((one.hint for one in errors), key=lambda hint: "did you mean" not in hint))


def _job(session: Session, name: str, kind: Kind | None = None) -> Subject:
    return Subject(*find.find(session.cluster(), name, session.namespace, kind))


def _serving(session: Session, name: str, kind: Kind | None = None, version: str = "") -> Subject:
    from arena.actions.serving import find as servings

    one = servings.one(session.cluster(), session.namespace, name, version=version, kind=kind)
    return Subject(one.kind, one.resource, one.obj)


def commanded(subject: Subject, found: Diagnosis) -> Diagnosis:
    """The diagnosis with the commands for what it is about, instead of those for jobs."""
    if subject.kind.family is not SERVING:
        return found
    fix = tuple(filter(None, map(_of_serving, found.finding.fix)))
    return replace(found, finding=found.finding._replace(fix=fix))


def _of_serving(line: str) -> str:
    """A command for a serving instead of one for a job; "" if there is none."""
    words = line.split()
    if words[0] != "arena" or words[1] not in _OF_JOBS:
        return line
    return (
        line.replace("arena", "arena serve", 1) if words[1] in ("get", "logs") and "-o" not in words else ""
    )


_OF_JOBS = ("get", "logs", "rerun", "resume", "delete", "stacks", "list", "fit")
