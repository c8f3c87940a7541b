"""What is configured for jobs: by users in files, and by the administrator of a cluster for everybody."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from arena.errors import NotAllowed, NotFound, SpecError
from arena.kinds.kind import Kind
from arena.kinds.spec import options, over, partial
from arena.resources import CONFIGMAPS

if TYPE_CHECKING:
    from arena.config import Setting, Settings
    from arena.kube import Cluster

NAME = "arena-config"
GENERAL = {
    "image": "image",
    "image-pull-secrets": "image_pull_secret",
    "priority": "priority",
    "queue": "queue_name",
    "tensorboard-image": "tensorboard_image",
    "tfjob-role-sequence": "role_sequence",
}
"""Settings that stand for an option of every kind that has it."""


def administrator(cluster: Cluster, namespace: str) -> dict[str, str]:
    """The data of the ConfigMap `arena-config`; empty where there is none or this user may not read it."""
    try:
        found = cluster.get(CONFIGMAPS, namespace, NAME)
    except (NotFound, NotAllowed):
        return {}
    data: dict[str, str] = found.get("data") or {}
    return data


def configured(settings: Settings, kind: Kind, cluster: Cluster | None) -> dict[str, Any]:
    """The values of options that are configured for jobs of the kind.

    Args:
        cluster: the one whose administrator counts, too; None: nobody is asked.

    Raises:
        SpecError: one cannot be used; it says where that is configured.
    """
    if cluster is not None:
        from arena import config

        said = administrator(cluster, settings.text("arena-namespace"))
        settings = settings.below(config.administrator(said))
    known = {one.name for one in options(kind.spec)}
    chosen = {option: settings[key] for key, option in GENERAL.items() if key in settings and option in known}
    found = over(chosen, settings.defaults(kind.name))
    for key, setting in found.items():
        _check(kind, key, setting)
    return {key: setting.value for key, setting in found.items() if setting.value is not None}


def _check(kind: Kind, key: str, setting: Setting) -> None:
    try:
        partial(kind.spec, {key: setting.value})
    except SpecError as error:
        raise SpecError(f"{error.message} ({setting.origin})", error.hint) from error


def template(settings: Settings, kind: Kind) -> str | None:
    """The user's template of the kind, where the setting `templates` names a folder that has one.

    Raises:
        SpecError: it names no folder.
    """
    folder = settings.text("templates")
    if not folder:
        return None
    there = os.path.expanduser(folder)
    if not os.path.isdir(there):
        origin = settings["templates"].origin
        raise SpecError(f"the setting templates ({origin}) names no folder: {folder}", "correct or remove it")
    path = os.path.join(there, kind.template)
    return path if os.path.exists(path) else None
