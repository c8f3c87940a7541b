"""The rules in use: those of arena, of the user, and of the cluster's administrator."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from arena import config, yamlfile
from arena.diagnosis import rules
from arena.diagnosis.rules import Rule
from arena.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from arena.session import Session

FOLDER = "rules"
"""The folder of the user's rules, beside their settings."""
KEY = "rules.yaml"
"""The key of the administrator's rules in the ConfigMap `arena-config`."""
_LARGEST, _DEEPEST, _MOST = 1 << 20, 10, 100


def of_user(environ: Mapping[str, str]) -> list[Rule]:
    """All rules of arena and of the user.

    Raises:
        SpecError: a rule is wrong, or others may write it.
    """
    return [*rules.own(), *_users(environ)]


def all_rules(session: Session) -> list[Rule]:
    """The rules of arena, the user and the administrator; wrong ones of the administrator are left out."""
    from arena.actions.submit.defaults import NAME, administrator

    found = of_user(session.environ)
    text = administrator(session).get(KEY, "")
    where = f"{KEY} of the ConfigMap {NAME}"
    try:
        if len(text) > _LARGEST:
            raise SpecError(f"{where} is larger than {_LARGEST >> 20} MiB")
        found += rules.parse(yamlfile.parse(text, where, _DEEPEST), where, foreign=True)
    except SpecError as error:
        session.warn(f"rules of the administrator are ignored: {error.message}")
    return found


def _users(environ: Mapping[str, str]) -> Iterator[Rule]:
    folder = os.path.join(os.path.dirname(config.user_file(environ)), FOLDER)
    try:
        names = sorted(one for one in os.listdir(folder) if one.endswith(".yaml"))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise SpecError(f"{folder} cannot be read: {error.strerror}", "correct its permissions") from error
    for name in names[:_MOST]:
        path = os.path.join(folder, name)
        yield from rules.parse(yamlfile.parse(config.own(path), path, _DEEPEST), path, foreign=True)
