"""The code of a job in the cluster: stored in parts, shared by jobs with the same code, and read back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.errors import Conflict, NotFound
from arena.kinds.workload import code_origin
from arena.kinds.workload.code import KEY, MOST, NAME, PART
from arena.kinds.workload.rendering import PackedCode
from arena.resources import CONFIGMAPS

if TYPE_CHECKING:
    from arena.actions.submit.code.archive import Archive
    from arena.kube import Cluster

Object = dict[str, Any]
_TRIES = 5


def packed(archive: Archive) -> PackedCode:
    """The archive in parts, each named after its content; without parts if there would be too many."""
    import hashlib

    files = [one.path for one in archive.files]
    if archive.packed > PART * MOST:
        return PackedCode(names=(), parts={}, files=files)
    blocks = [archive.read(start, PART) for start in range(0, archive.packed, PART)]
    names = tuple(f"{NAME}-{hashlib.sha256(one).hexdigest()[:40]}" for one in blocks)
    return PackedCode(names=names, parts=dict(zip(names, blocks, strict=True)), files=files)


def code_annotations(archive: Archive, made: PackedCode) -> dict[str, str]:
    """Annotations of a job with the code."""
    found = {labels.CODE_DIGEST: archive.digest}
    if made.names:
        found[labels.CODE_PARTS] = ",".join(made.names)
    if archive.origin:
        found[labels.CODE_ORIGIN] = json.dumps(dict(archive.origin), ensure_ascii=False)
    return found


def provide(cluster: Cluster, parts: Sequence[Object], owner: Object) -> None:
    """Add the job as owner of existing parts, and create the missing ones.

    Args:
        owner: the reference to the job.

    Raises:
        Conflict: the name of a part is taken by something else.
        NotAllowed, Unreachable: as reported by the cluster.
    """
    shared = [one for one in parts if _share(cluster, one, owner)]
    # A part whose last owner has just gone may be about to be deleted.
    for one in shared:
        _share(cluster, one, owner)


def _share(cluster: Cluster, part: Object, owner: Object) -> bool:
    """Create a part, or add an owner; return whether it existed."""
    meta = part["metadata"]
    namespace, name = meta["namespace"], meta["name"]
    for _ in range(_TRIES):
        there = _there(cluster, part)
        with suppress(Conflict, NotFound):  # it was created, changed or deleted meanwhile
            if there is None:
                owned = {**part, "metadata": {**meta, "ownerReferences": [owner]}}
                cluster.create(CONFIGMAPS, namespace, owned)
                return False
            _own(cluster, there, owner)
            return True
    raise Conflict(f'the ConfigMap "{name}" with the code changes too often', "try again")


def _own(cluster: Cluster, part: Object, owner: Object) -> None:
    """Add an owner to an existing part; raises Conflict or NotFound if it has changed."""
    meta = part["metadata"]
    owners = _owners(part)
    where = (CONFIGMAPS, meta["namespace"], meta["name"])
    if not owners:
        change = {"resourceVersion": meta["resourceVersion"], "ownerReferences": [owner]}
        cluster.patch(*where, {"metadata": change})
    elif owner["uid"] not in [one["uid"] for one in owners]:
        # Many may do this at once, so the owners that others add must not matter.
        same = {"op": "test", "path": "/metadata/uid", "value": meta["uid"]}
        more = {"op": "add", "path": "/metadata/ownerReferences/-", "value": owner}
        cluster.patch(*where, [same, more], "json-patch")


def _owners(part: Object) -> list[Object]:
    return part["metadata"].get("ownerReferences") or []


def _there(cluster: Cluster, part: Object) -> Object | None:
    """The part in the cluster; raises Conflict if the name is taken by something else."""
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


def release(cluster: Cluster, namespace: str, name: str, owner: str) -> None:
    """Take an owner away from a part, or from any other ConfigMap, and delete that if no owner is left.

    Args:
        owner: the uid; an object that it does not own stays as it is.

    Raises:
        Conflict: others change it again and again.
        NotAllowed, Unreachable: as reported by the cluster.
    """
    for _ in range(_TRIES):
        try:
            found = cluster.get(CONFIGMAPS, namespace, name)
        except NotFound:
            return
        owners = _owners(found)
        left = [one for one in owners if one["uid"] != owner]
        if len(left) == len(owners):
            return
        with suppress(Conflict, NotFound):  # others may become owners, or cease to be, at this moment
            if left:
                version = {"resourceVersion": found["metadata"]["resourceVersion"], "ownerReferences": left}
                cluster.patch(CONFIGMAPS, namespace, name, {"metadata": version})
            else:
                cluster.delete_unchanged(CONFIGMAPS, found)
            return
    raise Conflict(f'the ConfigMap "{name}" with the code changes too often', "try again")


def check(cluster: Cluster, part: Object, old: Object | None = None) -> None:
    """Let the cluster try what `provide` would do with a part, and store nothing; raises as `provide`.

    Args:
        old: a job that is deleted before, with the parts that only it owns.
    """
    there, meta = _there(cluster, part), part["metadata"]
    if there is None:
        cluster.create(CONFIGMAPS, meta["namespace"], part, dry_run=True)
    elif old and [one["uid"] for one in _owners(there)] == [old["metadata"]["uid"]]:
        # Its name is taken until then, so an empty one shows whether it may be created.
        other = {**part, "binaryData": {}, "metadata": {**meta, "name": f"{meta['name']}-trial"}}
        cluster.create(CONFIGMAPS, meta["namespace"], other, dry_run=True)
    else:
        cluster.check_patch(CONFIGMAPS, meta["namespace"], meta["name"])


def wanted(cluster: Cluster, job: Mapping[str, Any]) -> Archive:
    """As `kept`; raises NotFound if the job has no code."""
    found = kept(cluster, job)
    if found is None:
        name = job["metadata"]["name"]
        raise NotFound(
            f'job "{name}" was submitted without --code', "its image or its volumes contain the code"
        )
    return found


def kept(cluster: Cluster, job: Mapping[str, Any]) -> Archive | None:
    """The code that a job was submitted with; None if it has none.

    Args:
        job: its object.

    Raises:
        NotFound: it is no longer stored.
    """
    from arena.actions.submit.code import archive

    meta = job["metadata"]
    remarks = meta.get("annotations") or {}
    if labels.CODE_DIGEST not in remarks:
        return None
    origin = code_origin.origin(remarks)
    try:
        found = b"".join(_blocks(cluster, meta, remarks.get(labels.CODE_PARTS, "")))
    except NotFound as error:
        error.hint = f"it was {remarks[labels.CODE_DIGEST]}, commit {origin.get('commit', 'unknown')}"
        raise
    return archive.opened(found, remarks[labels.CODE_DIGEST], origin)


def _blocks(cluster: Cluster, meta: Object, parts: str) -> Iterator[bytes]:
    """The contents of the parts, given by their names, separated by commas."""
    from base64 import b64decode

    if not parts:
        raise NotFound(f'the code of "{meta["name"]}" was too large to be stored in the cluster')
    for name in parts.split(","):
        try:
            part = cluster.get(CONFIGMAPS, meta["namespace"], name)
        except NotFound as cause:
            raise NotFound(
                f'the code of "{meta["name"]}" is no longer stored: the ConfigMap "{name}" is gone'
            ) from cause
        yield b64decode((part.get("binaryData") or {}).get(KEY, ""))
