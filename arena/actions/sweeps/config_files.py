"""The config files of trials: each trial has files of its own, made from those with placeholders.

The ConfigMap of a trial holds the templates, too, so a sweep goes on from any machine.
"""

from __future__ import annotations

import os
import posixpath
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arena.actions.submit import inputs
from arena.actions.submit.request import Request
from arena.errors import Conflict, NotAllowed, NotFound, SpecError
from arena.kinds.option_values import ConfigFile
from arena.kinds.spec import partial, plain, spellings
from arena.kinds.sweeps import file_templates, placeholders
from arena.kinds.sweeps.file_templates import FileTemplate
from arena.kinds.sweeps.placeholders import PARENT, TRIAL
from arena.kinds.workload import volumes
from arena.kinds.workload.dependents import FILES_LIMIT
from arena.resources import CONFIGMAPS
from arena.search.assignments import Value
from arena.search.parameters import Parameter
from arena.tuples import NamedTuple
from arena.values import replace

if TYPE_CHECKING:
    from arena.actions.submit.plan import Plan
    from arena.kube import Cluster

Object = Mapping[str, Any]
Templates = Mapping[str, FileTemplate]
"""Those of config files by their paths."""
_PREFIX = "template-"


def captured(request: Request) -> Request:
    """The request with the contents of its config files, which no later change of these takes part in.

    Raises:
        SpecError: one cannot be read.
    """
    fixed = [one for one in _files(request) if not any(placeholders.names(one.source))]
    return replace(request, config_files=inputs.config_files(fixed, request.config_files))


def templates(request: Request, parameters: Sequence[Parameter]) -> dict[str, FileTemplate]:
    """The config files of a captured request that have placeholders.

    Raises:
        SpecError: the file is not of the format that its name tells, or has no room for a choice.
    """
    known = {*(one.name for one in parameters), TRIAL, PARENT}
    found = ((path, file_templates.template(path, raw, known)) for path, raw in request.config_files.items())
    made = {path: one for path, one in found if one}
    for parameter in parameters:
        for value in parameter.choices:
            for one in made.values():
                one.filled({parameter.name: value})  # now, and not before the trial that gets it
    return made


def check_places(request: Request, found: Templates) -> None:
    """Refuse places that exist on this machine, whose processes would read what is there, without values.

    Raises:
        SpecError: there is one.
    """
    for one in _files(request):
        if one.source in found and os.path.lexists(one.path):
            file = posixpath.basename(one.source)
            raise SpecError(
                f"--config-file: {one.path} exists on this machine, so trials would read it without values",
                f"name a place that does not exist: --config-file {file}:/config/{file}",
            )


def unknown(request: Request, found: Templates) -> Iterator[str]:
    """Remarks on files that are sent as they are, although they have what may be placeholders."""
    for path, raw in request.config_files.items():
        if path not in found and (names := file_templates.names(raw)):
            file, first = posixpath.basename(path), min(names)
            yield (
                f"Warning: --config-file: {file} names no parameter, so it is sent as it is, with {{{first}}}"
            )


def filled(request: Request, found: Templates, values: Mapping[str, Value]) -> Request:
    """The request with the config files of a trial.

    Raises:
        SpecError: a value cannot be written where its placeholder stands.
    """
    made = {path: one.filled(values) for path, one in found.items()}
    return replace(request, config_files={**request.config_files, **made})


def with_templates(made: Plan, request: Request, captured: Mapping[str, bytes], found: Templates) -> Plan:
    """The plan of a trial whose ConfigMap holds the templates, too.

    Args:
        request: that of the trial.
        captured: the contents of the templates by their paths.

    Raises:
        SpecError: they are too large.
    """
    if not found:
        return made
    more = {
        _PREFIX + volumes.file_key(number, one.source): captured[one.source].decode()
        for number, one in enumerate(_files(request)) if one.source in found
    }  # fmt: skip

    def added(obj: Any) -> Any:
        if obj["kind"] != CONFIGMAPS.kind or obj["metadata"]["name"] != f"{made.name}-files":
            return obj
        data = {**(obj.get("data") or {}), **more}
        if sum(len(text.encode()) for text in (*data.values(), *(obj.get("binaryData") or {}).values())) > (
            FILES_LIMIT
        ):
            raise SpecError(
                "--config-file: the files of a trial and their templates exceed 1 MB in total",
                "put those without placeholders on a volume: --data",
            )
        return {**obj, "data": data}

    return replace(made, dependents=[added(one) for one in made.dependents])


class OfTrial(NamedTuple):
    """The config files of a trial as the cluster has them, by their paths."""

    templates: Mapping[str, bytes] = {}
    """All files, and of those with placeholders the templates."""
    filled: Mapping[str, bytes] = {}
    """Those of which the trial has one of its own."""


def of_trial(cluster: Cluster, job: Object, files: Sequence[ConfigFile]) -> OfTrial:
    """The config files of a trial; none if they are gone, or may not be read.

    Args:
        files: those that the options of its job name.
    """
    if not files:
        return OfTrial()
    meta = job["metadata"]
    try:
        there = cluster.get(CONFIGMAPS, meta["namespace"], f"{meta['name']}-files")
    except (NotFound, NotAllowed):
        return OfTrial()
    data = {key: text.encode() for key, text in (there.get("data") or {}).items()}
    data |= {key: b64decode(text) for key, text in (there.get("binaryData") or {}).items()}
    keys = {one.source: volumes.file_key(number, one.source) for number, one in enumerate(files)}
    known = {path: key for path, key in keys.items() if key in data}
    return OfTrial(
        {path: data.get(_PREFIX + key, data[key]) for path, key in known.items()},
        {path: data[key] for path, key in known.items() if _PREFIX + key in data},
    )


def save(files: Mapping[str, bytes], folder: str) -> dict[str, str]:
    """Save files in a folder under their names; return where each one is, by its path.

    Raises:
        Conflict: another file is in the place of one.
        SpecError: one cannot be saved.
    """
    places: dict[str, str] = {}
    for number, (path, raw) in enumerate(files.items()):
        name = posixpath.basename(path)
        if any(os.path.basename(one) == name for one in places.values()):
            name = volumes.file_key(number, path)
        place = places[path] = os.path.join(os.path.abspath(folder), name)
        try:
            os.makedirs(folder, exist_ok=True)
            if os.path.lexists(place) and Path(place).read_bytes() != raw:
                raise Conflict(f"{place} already exists", "choose another folder")
            Path(place).write_bytes(raw)
        except OSError as error:
            raise SpecError(f"{place} cannot be saved: {error.strerror}", "choose another folder") from error
    return places


def _files(request: Request) -> tuple[ConfigFile, ...]:
    known = spellings(request.kind.spec)
    given = {
        key: value
        for key, value in request.options.items()
        if (one := known.get(plain(key))) and one.name == "config_file"
    }
    found: tuple[ConfigFile, ...] = partial(request.kind.spec, given).get("config_file", ())
    return found
