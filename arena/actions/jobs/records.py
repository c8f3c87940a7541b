"""What is recorded with a job: the options of its submit, as data and as a command line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from arena import labels
from arena.errors import ArenaError, NotFound, SpecError
from arena.kinds import argv
from arena.kinds.kind import Kind
from arena.kinds.spec import spelled_out

Object = Mapping[str, Any]


def options(obj: Object) -> dict[str, Any]:
    """The options that a job's object was submitted with, by job-file key; defaults are left out.

    Raises:
        NotFound: none are recorded, because others created the job.
        SpecError: the annotation holds something else.
    """
    meta = obj["metadata"]
    text = (meta.get("annotations") or {}).get(labels.SPEC)
    if not text:
        raise NotFound(
            f'job "{meta["name"]}" was not submitted by arena, so its options are not recorded',
            "submit it with arena to record them",
        )
    try:
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False).encode()  # lone surrogates could not be printed
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise SpecError(f'the options recorded with job "{meta["name"]}" cannot be read', "submit it again")
    return found


def overrides(obj: Object) -> list[str]:
    """The --template and --patch flags that the job was submitted with."""
    try:
        return shlex.split((obj["metadata"].get("annotations") or {}).get(labels.OVERRIDES, ""))
    except ValueError:  # edited by hand
        return []


def command(kind: Kind, obj: Object, configured: Mapping[str, Any] = MappingProxyType({})) -> str:
    """A command line for a shell that submits a job like this one.

    A secret is taken from the variable of its name. Raises as `options`.

    Args:
        configured: the values that apply to options that the line omits.
    """
    namespace = obj["metadata"].get("namespace") or "default"
    where = [] if namespace == "default" else ["-n", namespace]
    flags = [shlex.quote(word) for word in overrides(obj)]
    given = argv.arguments(kind.spec, spelled_out(kind.spec, options(obj), configured))
    return " ".join([kind.family.submission.replace("KIND", kind.name), *where, *flags, *given])


def command_if_recorded(kind: Kind, obj: Object) -> str:
    """As `command`; "" if others created the job."""
    try:
        return command(kind, obj)
    except ArenaError:
        return ""
