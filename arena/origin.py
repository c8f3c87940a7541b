"""Which cluster is meant, and why: by flag, environment, file or setting, else the local one."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.config import Settings

LOCAL = "local"
"""The context that means the local cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which cluster was chosen and why.

    `kind` is `kubeconfig`, `in-cluster` or `local`; `reason` is the flag, variable, file or setting
    that decided, for people.
    """

    kind: str
    reason: str
    files: tuple[Path, ...] = ()
    context: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the caller said; None where nothing."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    arena_namespace: str | None = None


def choose(choice: Choice, environ: Mapping[str, str], settings: "Settings") -> Origin:
    """Which cluster, and why; nothing is read but names.

    Raises:
        SpecError: what is configured cannot be used.
    """
    context = settings.text("context")
    why = settings["context"].origin if context else ""
    if choice.kubeconfig:
        chosen = choice.context or ""
        return Origin(
            kind="kubeconfig", reason="--kubeconfig", files=_files(choice.kubeconfig), context=chosen
        )
    if context == LOCAL:
        return Origin(kind=LOCAL, reason=why)
    found = _configured(environ, settings)
    if found is not None:
        reason, files = found
        return Origin(kind="kubeconfig", reason=why or reason, files=files, context=context)
    if context:
        text = f'there is no kubeconfig in which to look for the context "{context}" ({why})'
        raise SpecError(text, "name a file with --kubeconfig or KUBECONFIG, or use --context local")
    from arena.kube.kubeconfig import in_cluster

    if in_cluster(environ):
        return Origin(kind="in-cluster", reason="the service account of this pod")
    return Origin(kind=LOCAL, reason="no cluster is configured")


def _configured(environ: Mapping[str, str], settings: "Settings") -> tuple[str, tuple[Path, ...]] | None:
    """Where a kubeconfig is configured without a flag, and its files."""
    if environ.get("KUBECONFIG"):
        files = _files(environ["KUBECONFIG"])
        if not files:
            raise SpecError("KUBECONFIG is set but names no file", "unset it, or let it name one")
        return "KUBECONFIG", files
    if settings.text("kubeconfig"):
        return settings["kubeconfig"].origin, _files(settings.text("kubeconfig"))
    home = Path(environ.get("HOME") or Path.home()) / ".kube" / "config"
    return ("~/.kube/config", (home,)) if home.exists() or home.is_symlink() else None


def _files(text: str) -> tuple[Path, ...]:
    return tuple(Path(one).expanduser() for one in text.split(os.pathsep) if one)
