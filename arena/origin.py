"""Choose the cluster, and say why: by flag, environment, file or setting, else the local one."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from arena import private
from arena.errors import SpecError
from arena.values import frozen

if TYPE_CHECKING:
    from arena.config import Settings

LOCAL = "local"
"""The context that stands for the local cluster."""


@frozen
class Origin:
    """Which cluster was chosen and why.

    `kind` is `kubeconfig`, `in-cluster` or `local`; `reason` is the flag, variable, file or setting
    that decided, for display.
    """

    kind: str
    reason: str
    files: tuple[str, ...] = ()
    context: str = ""


@frozen
class Choice:
    """The caller's choices; None if there is none."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    arena_namespace: str | None = None
    patience: str | None = None


def choose(choice: Choice, environ: Mapping[str, str], settings: "Settings") -> Origin:
    """Choose the cluster; read nothing but names.

    Raises:
        SpecError: the configuration cannot be used.
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
    from arena.kube import service_account

    if service_account.exists(environ):
        return Origin(kind="in-cluster", reason="the service account of this pod")
    return Origin(kind=LOCAL, reason="no cluster is configured")


def _configured(environ: Mapping[str, str], settings: "Settings") -> tuple[str, tuple[str, ...]] | None:
    """Where a kubeconfig is configured without a flag, and its files."""
    if environ.get("KUBECONFIG"):
        files = _files(environ["KUBECONFIG"])
        if not files:
            raise SpecError("KUBECONFIG is set but names no file", "unset it, or set it to a file")
        return "KUBECONFIG", files
    if settings.text("kubeconfig"):
        return settings["kubeconfig"].origin, _files(settings.text("kubeconfig"))
    folder = os.path.join(private.home(environ), ".kube")
    file = os.path.join(folder, "config")
    return ("~/.kube/config", (file,)) if os.path.lexists(file) or _is_closed(folder) else None


def _is_closed(folder: str) -> bool:
    """Whether the folder exists, but its content is not accessible."""
    return os.path.isdir(folder) and not os.access(folder, os.X_OK)


def _files(text: str) -> tuple[str, ...]:
    return tuple(os.path.expanduser(one) for one in text.split(os.pathsep) if one)


def check_namespace(name: str, where: str) -> str:
    """Return the name if it is a valid namespace, since it becomes part of every path.

    Raises:
        SpecError: it is not; `where` is its origin.
    """
    allowed = name.isascii() and name == name.lower() and name.replace("-", "a").isalnum()
    if not allowed or len(name) > 63 or name[0] == "-" or name[-1] == "-":
        text = f'{where}: "{name}" is not a valid namespace'
        raise SpecError(text, "use at most 63 of a-z, 0-9 and -, beginning and ending with a letter or digit")
    return name
