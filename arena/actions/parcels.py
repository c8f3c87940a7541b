"""The code of a job in the cluster: cut into parts, shared by jobs that have the same, and read back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.errors import Conflict, NotFound
from arena.kinds.training import code
from arena.kinds.training.code import KEY, MOST, NAME, PART, Parcel
from arena.resources import CONFIGMAPS

if TYPE_CHECKING:
    from arena.actions.packing import Archive
    from arena.kube import Cluster

Object = dict[str, Any]
_TRIES = 5


def parcel(archive: Archive) -> Parcel:
    """The archive in parts, each named after its content; without any where there would be too many."""
    import hashlib

    files = [one.path for one in archive.files]
    if archive.packed > PART * MOST:
        return Parcel(names=(), parts={}, files=files)
    blocks = [archive.read(start, PART) for start in range(0, archive.packed, PART)]
    names = tuple(f"{NAME}-{hashlib.sha256(one).hexdigest()[:40]}" for one in blocks)
    return Parcel(names=names, parts=dict(zip(names, blocks, strict=True)), files=files)


def notes(archive: Archive, made: Parcel) -> dict[str, str]:
    """Annotations of a job with the code."""
    found = {labels.CODE_DIGEST: archive.digest}
    if made.names:
        found[labels.CODE_PARTS] = ",".join(made.names)
    if archive.origin:
        found[labels.CODE_ORIGIN] = json.dumps(dict(archive.origin), ensure_ascii=False)
    return found


def provide(cluster: Cluster, parts: Sequence[Object], owner: Object) -> None:
    """Let the job own the parts: those that are there already together with others, the rest are made.

    Args:
        owner: the reference to the job.

    Raises:
        Conflict: somebody put something else under the name of a part.
        NotAllowed, Unreachable: what the cluster said.
    """
    shared = [one for one in parts if _share(cluster, one, owner)]
    # A part whose last owner had just gone may have been on its way out.
    for one in shared:
        _share(cluster, one, owner)


def _share(cluster: Cluster, part: Object, owner: Object) -> bool:
    """Make a part, or own it too; whether it was there."""
    meta = part["metadata"]
    namespace, name = meta["namespace"], meta["name"]
    for _ in range(_TRIES):
        there = _there(cluster, part)
        with suppress(Conflict, NotFound):  # it came, changed or went meanwhile
            if there is None:
                owned = {**part, "metadata": {**meta, "ownerReferences": [owner]}}
                cluster.create(CONFIGMAPS, namespace, owned)
                return False
            _own(cluster, there, owner)
            return True
    raise Conflict(f'the ConfigMap "{name}" with the code does not come to rest', "try again")


def _own(cluster: Cluster, part: Object, owner: Object) -> None:
    """Let a part that is there have one owner more; Conflict or NotFound where it is not there as it was."""
    meta = part["metadata"]
    owners = meta.get("ownerReferences") or []
    where = (CONFIGMAPS, meta["namespace"], meta["name"])
    if not owners:
        change = {"resourceVersion": meta["resourceVersion"], "ownerReferences": [owner]}
        cluster.patch(*where, {"metadata": change})
    elif owner["uid"] not in [one["uid"] for one in owners]:
        # Many may do this at once, so that none of them must mind what the others add.
        same = {"op": "test", "path": "/metadata/uid", "value": meta["uid"]}
        more = {"op": "add", "path": "/metadata/ownerReferences/-", "value": owner}
        cluster.patch(*where, [same, more], "json-patch")


def _there(cluster: Cluster, part: Object) -> Object | None:
    """The part as the cluster has it; Conflict where it has something else of that name."""
    meta = part["metadata"]
    try:
        found = cluster.get(CONFIGMAPS, meta["namespace"], meta["name"])
    except NotFound:
        return None
    if found.get("binaryData") != part["binaryData"]:
        raise Conflict(
            f'the ConfigMap "{meta["name"]}" does not hold the code that it is named after', "delete it"
        )
    return found


def check(cluster: Cluster, parts: Sequence[Object]) -> None:
    """Have the cluster validate the parts that it lacks, and store none; raises as `provide`."""
    for one in parts:
        if _there(cluster, one) is None:
            cluster.create(CONFIGMAPS, one["metadata"]["namespace"], one, dry_run=True)


def wanted(cluster: Cluster, job: Object) -> Archive:
    """As `kept`; NotFound where the job has no code of its own."""
    found = kept(cluster, job)
    if found is None:
        name = job["metadata"]["name"]
        raise NotFound(f'job "{name}" was submitted without --code', "its image or its volumes hold the code")
    return found


def kept(cluster: Cluster, job: Mapping[str, Any]) -> Archive | None:
    """The code with which a job was submitted; None where it has none of its own.

    Args:
        job: its object.

    Raises:
        NotFound: it is not kept any more.
    """
    from arena.actions import packing

    meta = job["metadata"]
    remarks = meta.get("annotations") or {}
    if labels.CODE_DIGEST not in remarks:
        return None
    origin = code.origin(remarks)
    try:
        found = b"".join(_blocks(cluster, meta, remarks.get(labels.CODE_PARTS, "")))
    except NotFound as error:
        error.hint = f"it was {remarks[labels.CODE_DIGEST]}, commit {origin.get('commit', 'unknown')}"
        raise
    return packing.opened(found, remarks[labels.CODE_DIGEST], origin)


def _blocks(cluster: Cluster, meta: Object, parts: str) -> Iterator[bytes]:
    """What the parts hold, by their names with commas between."""
    from base64 import b64decode

    if not parts:
        raise NotFound(f'the code of "{meta["name"]}" was too large for the cluster to keep')
    for name in parts.split(","):
        try:
            part = cluster.get(CONFIGMAPS, meta["namespace"], name)
        except NotFound as cause:
            raise NotFound(
                f'the code of "{meta["name"]}" is not kept any more: the ConfigMap "{name}" is gone'
            ) from cause
        yield b64decode((part.get("binaryData") or {}).get(KEY, ""))
