"""Credentials that a program or a login service gives: the only importer of `kubernetes`.

Only its running of credential plug-ins is used, in the part that is the same from version 31 to 37;
what a kubeconfig holds as it is, is read in `credentials`, since importing the library costs as much
as the rest of a short command.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from arena.errors import NotAllowed, SpecError
from arena.kube.endpoint import Proof
from arena.kube.kubeconfig import Context


def proof(context: Context) -> Proof:
    """What the plug-in of a context gives; asked again when that expires.

    Raises NotAllowed when it gives nothing, SpecError when the kubeconfig is wrong.
    """
    client, config = _loader()
    settings = client.Configuration()
    with _complaints() as said:
        try:
            if "auth-provider" in context.user:
                # A renewed refresh token must be written back, or the next login fails.
                paths = os.pathsep.join(str(one) for one in context.files)
                config.load_kube_config(paths, context.name, settings, persist_config=True)
            else:
                config.load_kube_config_from_dict(
                    context.as_config(), context.name, settings, persist_config=False
                )
        except (config.ConfigException, OSError, ValueError) as cause:
            text = f'the credentials of context "{context.name}" cannot be used: {_said(cause)}'
            raise SpecError(text, "correct the kubeconfig") from cause
        except (AttributeError, TypeError, KeyError) as cause:
            # The loader stumbles over what a provider that is not set up did not give it.
            raise _no_credentials(context, said) from cause
    if not settings.cert_file and not _authorization(settings):
        raise _no_credentials(context, said)
    return Proof(lambda: _authorization(settings), settings.cert_file or None, settings.key_file or None)


def _loader() -> tuple[Any, Any]:
    """The two modules that are used; Any, since one end of the range has types and the other has not."""
    from kubernetes import client, config

    return client, config


def _said(cause: Exception) -> str:
    if isinstance(cause, OSError) and cause.strerror:
        return f"{cause.filename} cannot be read: {cause.strerror}" if cause.filename else cause.strerror
    return str(cause)


def _authorization(settings: Any) -> dict[str, str]:
    """The header that carries the token; asking for it renews one that expired."""
    found = settings.auth_settings().get("BearerToken") or {}
    return {"Authorization": found["value"]} if found.get("value") else {}


def _no_credentials(context: Context, said: list[str]) -> NotAllowed:
    entry = context.user.get("exec") or {}
    plugin = entry.get("command") or "its auth-provider"
    why = f": {said[-1].removeprefix('exec: ')}" if said else ""
    text = f'the credential plug-in "{plugin}" of context "{context.name}" gave no credentials{why}'
    hint = str(entry.get("installHint") or "install it or log in again").strip()
    return NotAllowed(text, " ".join(hint.split()))


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What is logged meanwhile: failures of plug-ins are only logged, not raised, by the loader."""
    said: list[str] = []
    catcher = _Catcher(said.append)
    logging.getLogger().addHandler(catcher)
    try:
        yield said
    finally:
        logging.getLogger().removeHandler(catcher)


class _Catcher(logging.Handler):
    def __init__(self, hear: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._hear = hear

    def emit(self, record: logging.LogRecord) -> None:
        self._hear(record.getMessage().strip())
