"""Requests to submit a job: only what was given by flags, a job file or the library.

`settle` applies everything that was not given.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena import kinds, manifests
from arena.errors import SpecError
from arena.kinds import levels
from arena.kinds import spec as specs
from arena.kinds.kind import Kind
from arena.values import field, frozen
from arena.yamlfile import absent

if TYPE_CHECKING:
    from arena.actions.submit.code.archive import Archive
    from arena.kinds.workload.spec import WorkloadSpec

NAME_LIMIT = 42
"""Maximum length of a name that is made from the command."""
_ANCHORS = ("x-", "x_")
_SCRIPT = re.compile(r"(.+)\.(?:py|sh|R|jl|lua)")


@frozen
class Request:
    """A request to submit a job, as it was given."""

    kind: Kind
    given: Mapping[str, Any] = field(default_factory=dict)
    """Options given by flags or by the library, as `arena.kinds.spec.parse` takes them; None resets one."""
    file: Mapping[str, Any] = field(default_factory=dict)
    """Options of the job file."""
    template: str | None = None
    """The file to use instead of the packaged template."""
    patch: str | None = None
    """The file with a JSON merge patch for the job."""
    replace: bool = False
    """Whether to delete a job of the same name first."""
    is_settled: bool = False
    """Whether the options are those of an earlier job, so that no default is applied to them again."""
    code: Archive | None = None
    """The code of an earlier job, instead of the present content of the folder of --code."""
    config_files: Mapping[str, bytes] = field(default_factory=dict)
    """The contents of files of --config-file by their paths, instead of what the paths hold."""
    surroundings: Mapping[str, str] | None = None
    """How an earlier job's processes were started on this machine; None to start like this process."""
    scheduled: bool = False
    """Whether a schedule creates the job repeatedly, each time with another name."""
    name_limit: int = NAME_LIMIT
    """Maximum length of a name that is made from the command."""

    @property
    def options(self) -> dict[str, Any]:
        """All given options; those of flags and the library take precedence over the file."""
        return levels.over(self.kind.spec, self.file, self.given)

    def with_name(self, options: Mapping[str, Any]) -> Request:
        """Return the request with a name, made from the command in `options` if none was given.

        Args:
            options: all given and configured options.

        Raises:
            SpecError: a value cannot be used in any configuration, or a required one is missing.
        """
        known = {key: value for key, value in options.items() if value is not None}
        made = {"name": name_from(str(known.get("command", "")), self.kind.name, self.name_limit)}
        name = specs.read(self.kind.spec, levels.over(self.kind.spec, made, known))["name"]
        return replace(self, given=levels.over(self.kind.spec, self.given, {"name": name}))


def request_for(job: WorkloadSpec | Request, *, replace: bool = False) -> Request:
    """Return the request for a Spec; what was passed to the Spec counts as given.

    Raises:
        SpecError: it is not a Spec of a kind.
    """
    if isinstance(job, Request):
        return job
    for kind in kinds.all_kinds():
        if type(job) is kind.spec:
            return Request(kind=kind, given=specs.given(job), replace=replace)
    raise SpecError(f"{type(job).__name__} is not a Spec of a kind", "use one such as PyTorchJobSpec")


def load(file: str, kind: Kind) -> dict[str, Any]:
    """Read the options of a job file, with text for every scalar; `-` is standard input.

    Its optional `kind` must match, and keys that begin with `x-` are ignored, for YAML anchors.

    Raises:
        SpecError: the file cannot be read, is not a mapping, or describes another kind.
    """
    what = manifests.called(file)
    found = manifests.load(manifests.find("", file), what, written=True)
    if not isinstance(found, dict):
        raise SpecError(f"{what} is not a job file", "write one option a line, such as workers: 4")
    named = absent(found.pop("kind", None))
    if named is not None and (other := _kind(str(named), kind)) is not kind:
        command = other.family.submission.replace("KIND", str(named))
        raise SpecError(f"{what} describes a {named}", f"submit it with: {command} -f {file}")
    kept = {str(key): absent(value) for key, value in found.items() if not str(key).startswith(_ANCHORS)}
    return levels.as_flags(kind.spec, kept)


def _kind(named: str, like: Kind) -> Kind:
    """The kind in a job file: any kind by name, or one of the same family by an alias."""
    return kinds.of_name(named) or kinds.find(named, like.family)


def name_from(command: str, kind: str, limit: int = NAME_LIMIT) -> str:
    """Make a name from the script of the command, with a few digits to avoid collisions.

    >>> name_from("torchrun src/train_bert.py", "pytorchjob")[:-5]
    'train-bert-'
    """
    # Split into words first: a single expression takes minutes for a word of 100 kB.
    found = map(_SCRIPT.fullmatch, re.findall(r"[\w.-]+", command))
    scripts = [script[1] for script in found if script]
    stem = re.sub(r"[^a-z0-9]+", "-", (scripts[0] if scripts else kind).lower()).strip("-")
    stem = (stem if stem[:1].isalpha() else f"job-{stem}")[: limit - 6].rstrip("-")
    # Random digits, not the time: a loop in the shell submits several jobs a second.
    return f"{stem}-{os.urandom(3).hex()[:5]}"
