"""Every error that arena raises on purpose, with its hint and its exit code.

::

    ArenaError 1
    +-- SpecError 2            a value from the user is wrong
    |   +-- TemplateError 2    a template or patch is wrong
    +-- NotFound 3             the named object does not exist
    +-- NotAllowed 4           the cluster refuses this user, or a quota refuses this object
    +-- Conflict 5             the name is taken, or the object changed meanwhile
    +-- Unreachable 6          no cluster answers
    |   +-- TimedOut 6         it did not answer, or a condition was not met, in time
    |   +-- MissingOperator 6  the cluster does not serve the kind
    +-- JobFailed 7            the job ended without success (--wait, logs --follow)

A message says what went wrong and where in one sentence; `hint` says what to do next. Only `arena.cli` prints
them and exits. Any other exception is a bug and shows its traceback.
"""


class ArenaError(Exception):
    """The root of the tree.

    Args:
        message: what went wrong and where, one sentence without a full stop.
        hint: what the user can do next, or "" if nothing is known.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def aimed(name: str, namespace: str) -> str:
    """A job's name for commands in hints: with its namespace, unless that is `default`."""
    return name if namespace == "default" else f"{name} -n {namespace}"


class SpecError(ArenaError):
    """A flag, a key of a job file or an argument has a value that cannot be used."""

    exit_code = 2


class TemplateError(SpecError):
    """A template, or a patch for one, cannot be read or filled."""


class NotFound(ArenaError):
    """The named job, pod or namespace does not exist."""

    exit_code = 3


class NotAllowed(ArenaError):
    """The cluster refuses: no credentials, no permission, or a quota is used up."""

    exit_code = 4


class Conflict(ArenaError):
    """An object with that name exists, or the object changed since it was read."""

    exit_code = 5


class Unreachable(ArenaError):
    """No cluster answers at the address that the configuration names."""

    exit_code = 6


class TimedOut(Unreachable):
    """The cluster, or the awaited condition, took longer than the limit."""


class MissingOperator(Unreachable):
    """The cluster does not serve the kind: its operator is not installed."""


class JobFailed(ArenaError):
    """The awaited job ended without success."""

    exit_code = 7
