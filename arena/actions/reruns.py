"""A job once more: the options that are recorded with it, to be sent again or shown as a command line."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions import parcels
from arena.actions.plans import templates
from arena.errors import NotFound, SpecError
from arena.kinds import line
from arena.kinds.kind import Kind
from arena.kinds.spec import parse
from arena.kinds.training.base import TrainingSpec

if TYPE_CHECKING:
    from arena.actions.packing import Archive
    from arena.kube import Cluster

Object = Mapping[str, Any]


def recorded(obj: Object) -> dict[str, Any]:
    """The options that a job's object was submitted with, by job-file key; defaults are left out.

    Raises:
        NotFound: none are recorded, as others made the job.
        SpecError: somebody wrote something else there.
    """
    meta = obj["metadata"]
    text = (meta.get("annotations") or {}).get(labels.SPEC)
    if not text:
        raise NotFound(
            f'job "{meta["name"]}" was not submitted by arena, so its options are not recorded',
            "submit it with arena to have them kept with it",
        )
    try:
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False).encode()  # halves of characters could not be printed
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise SpecError(f'the options recorded with job "{meta["name"]}" cannot be read', "submit it anew")
    return found


def again(kind: Kind, obj: Object, name: str, changes: Sequence[str] = ()) -> TrainingSpec:
    """The Spec of a job that is like this one.

    Args:
        obj: the object of the job.
        name: of the new one, unless a change says so.
        changes: each `KEY=VALUE`, as `arena.kinds.line.amended` takes them.

    Raises:
        NotFound: others made the job.
        SpecError: a change cannot be made, or something secret must be given anew.
    """
    options = line.amended(kind.spec, recorded(obj), changes)
    secret = line.masked(options)
    if secret:
        names = ", ".join(one.partition("=")[2] for one in secret)
        given = " ".join(f"--set {one}=VALUE" for one in secret)
        raise SpecError(
            f'job "{obj["metadata"]["name"]}" has secrets, which are not recorded: {names}',
            f"give them again: {given}",
        )
    renamed = options.get("name") if any(one.startswith("name=") for one in changes) else None
    spec: TrainingSpec = parse(kind.spec, {**options, "name": renamed or name})
    return spec


def fresh(name: str) -> str:
    """The name of a job that is made from one of this name.

    >>> fresh("bert")[:-5], fresh("bert-0a1b2")[:-5]
    ('bert-', 'bert-')
    """
    stem = re.sub(r"-[0-9a-f]{5}$", "", name)[:36].rstrip("-")
    return f"{stem}-{os.urandom(3).hex()[:5]}"


def code(cluster: Cluster, obj: Object, spec: TrainingSpec, changes: Sequence[str]) -> Archive | None:
    """The code that the job had and has again; None where it has none, or changes name a folder for it.

    Raises:
        NotFound: the cluster does not keep it any more.
    """
    anew = any(one.startswith("code=") for one in changes)
    return parcels.kept(cluster, obj) if spec.code and not anew else None


def overrides(obj: Object) -> list[str]:
    """The flags that named a template or a patch when the job was submitted."""
    try:
        return shlex.split((obj["metadata"].get("annotations") or {}).get(labels.OVERRIDES, ""))
    except ValueError:  # somebody edited them
        return []


def surroundings(obj: Object, *, here: bool = True) -> dict[str, str]:
    """How the job's processes were started where pods are processes of a machine; else nothing.

    Args:
        here: whether the directory, too.
    """
    keys = (labels.LOCAL_CWD, labels.LOCAL_ENV) if here else (labels.LOCAL_ENV,)
    for template in templates(obj):
        notes = (template.get("metadata") or {}).get("annotations") or {}
        if labels.LOCAL_ENV in notes:
            return {key: notes[key] for key in keys if key in notes}
    return {}


def command(kind: Kind, obj: Object) -> str:
    """The command line that submits a job like this one, to be pasted into a shell; raises as `recorded`.

    What is secret stands there as the shell's variable of its name.
    """
    namespace = obj["metadata"].get("namespace") or "default"
    where = [] if namespace == "default" else ["-n", namespace]
    flags = [shlex.quote(word) for word in overrides(obj)]
    return " ".join(["arena", "submit", kind.name, *where, *flags, *line.words(kind.spec, recorded(obj))])
