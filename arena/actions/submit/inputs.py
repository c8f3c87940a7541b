"""The files and secrets of the submitter that a Spec names. Nothing is sent, and no cluster is asked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from arena.actions.submit import secrets
from arena.actions.submit.code import storage
from arena.errors import SpecError
from arena.kinds.option_values import ConfigFile
from arena.kinds.workload import dependents
from arena.kinds.workload.rendering import PackedCode
from arena.kinds.workload.spec import WorkloadSpec
from arena.values import frozen

if TYPE_CHECKING:
    from arena.actions.submit.code.archive import Archive


@frozen
class Inputs:
    """The files and secrets, as they were read."""

    config_files: Mapping[str, bytes]
    """The contents of the files of --config-file, by their paths."""
    secrets: Mapping[str, str]
    """The values of --secret, by the names of their variables."""
    archive: Archive | None
    """The code that --code packed."""
    code: PackedCode | None
    """The same code as pods get it."""


def read(
    spec: WorkloadSpec, archive: Archive | None = None, known: Mapping[str, bytes] | None = None
) -> Inputs:
    """Read the files and secrets that a Spec names.

    Args:
        archive: the code of an older job, instead of what is now in the folder of --code.
        known: contents of config files by their paths, which are not read.

    Raises:
        SpecError: a file cannot be read, or it is too large.
    """
    if spec.code and not archive:
        from arena.actions.submit.code.archive import pack

        archive = pack(os.path.expanduser(spec.code))
    return Inputs(
        config_files=config_files(spec.config_file, known or {}),
        archive=archive,
        code=storage.packed(archive) if archive else None,
        secrets=secrets.values(spec.secret),
    )


def config_files(files: Sequence[ConfigFile], known: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """The contents of config files, by their paths; raises SpecError if one cannot be read.

    Args:
        known: contents that are not read.
    """
    found = {one.source: (known or {})[one.source] for one in files if one.source in (known or {})}
    for one in (one for one in files if one.source not in found):
        try:
            with open(one.source, "rb") as file:
                found[one.source] = file.read(dependents.FILES_LIMIT + 1)
        except OSError as error:
            raise SpecError(
                f"--config-file: {one.source} cannot be read: {error.strerror}", "name a readable file"
            ) from error
    return found
