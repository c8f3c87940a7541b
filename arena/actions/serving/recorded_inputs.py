"""The files, secrets and code of a serving: a change names some, and the cluster has the others."""

from __future__ import annotations

import os
from base64 import b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions.serving import contents
from arena.actions.serving.find import Found
from arena.actions.submit import inputs, secrets
from arena.actions.submit.code import storage
from arena.actions.submit.inputs import Inputs
from arena.errors import NotFound, SpecError
from arena.kinds.option_types import MASK
from arena.kinds.workload import volumes
from arena.kinds.workload.rendering import PackedCode
from arena.kinds.workload.spec import GIT_SECRETS, WorkloadSpec
from arena.resources import CONFIGMAPS
from arena.tuples import NamedTuple
from arena.values import replace

if TYPE_CHECKING:
    from arena.actions.submit.code.archive import Archive
    from arena.kube import Cluster

Object = dict[str, Any]
KEPT = "<kept by the cluster>"
"""Stands for a value that is not recorded."""
CODE = (labels.CODE_DIGEST, labels.CODE_PARTS, labels.CODE_ORIGIN)
"""The annotations that tell the code of a serving."""


class Given(NamedTuple):
    """What a change names, as it was read once: standard input cannot be read again."""

    files: Mapping[str, bytes]
    """The contents of config files, by their paths."""
    secrets: Mapping[str, str]
    archive: Archive | None


def read(parsed: Mapping[str, Any]) -> Given:
    """Read the files, the secrets and the code that a change names.

    Args:
        parsed: the changed options, by field.

    Raises:
        SpecError: one cannot be read, or the code is too large to be stored in the cluster.
    """
    archive = None
    if "code" in parsed:
        from arena.actions.submit.code.archive import pack

        archive = pack(os.path.expanduser(parsed["code"]))
        if not storage.packed(archive).names:
            raise SpecError(
                "--code is too large to be stored in the cluster, so an update cannot change it",
                "list data in .arenaignore, or submit another version",
            )
    return Given(
        files=inputs.config_files(parsed.get("config_file", ())),
        secrets=secrets.values(parsed.get("secret", {})),
        archive=archive,
    )


def unmasked(recorded: Mapping[str, Any], obj: Object) -> dict[str, Any]:
    """Recorded options with the values of variables that are not recorded, as pods have them.

    Values that only Secrets have are KEPT; variables that somebody has removed are missing.
    """
    found = dict(recorded)
    if isinstance(env := found.get("env"), Mapping):
        there = _variables(obj)
        values = {name: there.get(name) if one == MASK else one for name, one in env.items()}
        values |= {name: KEPT for name in GIT_SECRETS if env.get(name) == MASK}
        found["env"] = {name: one for name, one in values.items() if one is not None}
    if isinstance(secret := found.get("secret"), Mapping):
        found["secret"] = dict.fromkeys(secret, KEPT)
    return found


def _variables(node: Any) -> dict[str, str]:
    """The plain variables of all containers of an object, as the user has given them."""
    found: dict[str, str] = {}
    if isinstance(node, list):
        for one in node:
            found |= _variables(one)
    elif isinstance(node, dict):
        for field, one in node.items():
            if field == "env" and isinstance(one, list):
                found |= {
                    each["name"]: each["value"].replace("$$$$", "$$")
                    for each in one
                    if isinstance(each, dict) and isinstance(each.get("value"), str) and "name" in each
                }
            else:
                found |= _variables(one)
    return found


def stored(spec: WorkloadSpec, notes: Mapping[str, str]) -> Inputs:
    """The inputs of a recorded Spec: the names of its code, and nothing of its files and secrets."""
    parts = tuple(filter(None, notes.get(labels.CODE_PARTS, "").split(",")))
    has_code = bool(spec.code) and labels.CODE_DIGEST in notes
    return Inputs(
        config_files=dict.fromkeys((one.source for one in spec.config_file), KEPT.encode()),
        secrets=dict.fromkeys(spec.secret, KEPT),
        archive=None,
        code=PackedCode(names=parts, parts={}) if has_code else None,
    )


def changed(cluster: Cluster, found: Found, old: WorkloadSpec, new: WorkloadSpec, given: Given) -> Inputs:
    """The inputs of a changed Spec. Files that stay are read from the cluster if others change.

    Raises:
        NotFound: the ConfigMap with files that stay is gone.
        NotAllowed: it may not be read.
    """
    made = stored(new, found.obj["metadata"].get("annotations") or {})
    made = replace(made, secrets={**made.secrets, **given.secrets})
    if given.archive:
        made = replace(made, archive=given.archive, code=storage.packed(given.archive))
    if old.config_file == new.config_file and not given.files:
        return made
    there = (
        _files(cluster, found, old) if any(one.source not in given.files for one in new.config_file) else {}
    )
    return replace(made, config_files={**there, **given.files})


def _files(cluster: Cluster, found: Found, old: WorkloadSpec) -> dict[str, bytes]:
    """The contents of the config files of a serving as the cluster has them, by their paths."""
    notes, base = found.obj["metadata"].get("annotations") or {}, volumes.files_name(old)
    name = contents.names(notes).get(f"{CONFIGMAPS.kind}/{base}", base)
    try:
        there = cluster.get(CONFIGMAPS, found.serving.namespace, name)
    except NotFound as error:
        error.hint = "give all files of the serving again, each with --config-file"
        raise
    files = {key: text.encode() for key, text in (there.get("data") or {}).items()}
    files |= {key: b64decode(text) for key, text in (there.get("binaryData") or {}).items()}
    keys = {one.source: volumes.file_key(number, one.source) for number, one in enumerate(old.config_file)}
    return {source: files[key] for source, key in keys.items() if key in files}
