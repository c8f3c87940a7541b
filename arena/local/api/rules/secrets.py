"""Secrets: the keys that each type needs."""

import base64
import json
from collections.abc import Iterator

from arena.local import formats
from arena.local.api.kind_rules import Rules
from arena.local.api.rules import configmaps
from arena.local.checks import mapping
from arena.local.field_errors import FieldError, invalid, missing
from arena.local.objects import Object

_ACCOUNT = "kubernetes.io/service-account.name"
_NEEDED = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
_JSON = (".dockerconfigjson", ".dockercfg")


def _check(obj: Object) -> Iterator[FieldError]:
    data, kind = mapping(obj.get("data")), obj.get("type", "")
    for key in data:
        yield from (invalid(f"data[{key}]", key, why) for why in formats.config_key(key))
    for key in _NEEDED.get(kind, ()):
        # A cluster reports this one as it formats it: unformatted.
        shown = f"data[%s][{key}]" if kind == "kubernetes.io/ssh-auth" else f"data[{key}]"
        if key not in data:
            yield missing(shown)
        elif key in _JSON and not _is_json(data[key]):
            yield invalid(shown, "<secret contents redacted>", "is not valid JSON")
    if kind == "kubernetes.io/basic-auth" and not data.keys() & {"username", "password"}:
        yield missing("data[%s][username]")
        yield missing("data[%s][password]")
    notes = mapping(obj["metadata"].get("annotations"))
    if kind == "kubernetes.io/service-account-token" and not notes.get(_ACCOUNT):
        yield missing(f"metadata.annotations[{_ACCOUNT}]")


def _is_json(text: str) -> bool:
    try:
        json.loads(base64.b64decode(text))
    except ValueError:
        return False
    return True


RULES = Rules(check=_check, change=configmaps.sealed, immutable=("type",))
