"""Configured options of jobs, from the user's files and the cluster's administrator."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arena.config import ENVIRONMENT, Setting
from arena.errors import NotAllowed, NotFound, SpecError
from arena.kinds import called
from arena.kinds.kind import Kind
from arena.kinds.levels import Level
from arena.kinds.spec import Option, option_called
from arena.resources import CONFIGMAPS
from arena.settings import SECTION

if TYPE_CHECKING:
    from arena.config import Settings
    from arena.session import Session

NAME = "arena-config"
GENERAL = {
    "image": "image",
    "image-pull-secrets": "image_pull_secret",
    "priority": "priority",
    "queue": "queue_name",
    "tensorboard-image": "tensorboard_image",
    "tfjob-role-sequence": "role_sequence",
}
"""Settings that set an option of every kind that has it."""
SECRET = ("prometheus-token",)
"""Settings that are named but never shown."""
MASK = "***"


def administrator(session: Session) -> dict[str, str]:
    """The data of the ConfigMap `arena-config`; empty if there is none.

    Empty, too, if the user may not read it, which the session warns of.
    """
    try:
        found = session.cluster().get(CONFIGMAPS, session.settings.text("arena-namespace"), NAME)
    except NotFound:
        return {}
    except NotAllowed as error:
        session.warn(f"the settings of the administrator are unknown: {error.message}")
        return {}
    data: dict[str, str] = found.get("data") or {}
    return data


def with_administrator(session: Session) -> Settings:
    """The settings, with those of the administrator below all others."""
    from arena import config

    return session.settings.below(config.administrator(administrator(session)))


def levels(settings: Settings, kind: str) -> list[Level]:
    """Configured options of a kind, the weakest first: settings for all kinds, then for this one."""
    general = {option: settings[key] for key, option in GENERAL.items() if key in settings}
    return [_level(general, lenient=True), *map(_level, settings.defaults(kind))]


def variables(settings: Settings) -> Level:
    """Options from ARENA_* variables, which take precedence over a job file."""
    general = {option: settings[key] for key, option in GENERAL.items() if key in settings}
    said = {option: one for option, one in general.items() if one.origin == ENVIRONMENT}
    return _level(said, lenient=True)


def _level(found: Mapping[str, Setting], *, lenient: bool = False) -> Level:
    values = {option: one.value for option, one in found.items()}
    return Level(values, {option: one.origin for option, one in found.items()}, lenient)


def shown(settings: Settings) -> dict[str, Setting]:
    """The effective settings for display: values by name are merged, and secrets masked."""
    found: dict[str, Setting] = {}
    for key in sorted(settings):
        named = _by_name(settings, key)
        if named is None:
            found[key] = Setting(masked(key, settings[key].value), settings[key].origin)
        else:
            found |= {f"{key}.{name}": one for name, one in sorted(named.items())}
    return found


def _by_name(settings: Settings, key: str) -> dict[str, Setting] | None:
    """The merged values of a default that holds values by name; None for any other key."""
    one = _option(key)
    if one is None or not one.type.mapping:
        return None
    _, kind, word = key.split(".", 2)
    found: dict[str, Setting] = {}
    for level in settings.defaults(kind):
        if word in level:
            try:
                values = one.type.parse(level[word].value)
            except SpecError:
                return None
            kept = {name: each for name, each in found.items() if name not in values.removed}
            masking = one.type.redact or dict
            found = kept | {name: Setting(each, level[word].origin) for name, each in masking(values).items()}
    return found


def _option(key: str) -> Option | None:
    """The option for a key below `defaults`."""
    section, _, rest = key.partition(".")
    kind, _, word = rest.partition(".")
    found = called(kind) if section == SECTION else None
    try:
        return option_called(found.spec, word) if found else None
    except SpecError:
        return None


def masked(key: str, value: Any) -> Any:
    """The value of a setting for display."""
    one = _option(key)
    if key in SECRET:
        return MASK
    try:
        return one.type.redact(one.type.parse(value)) if one and one.type.redact else value
    except SpecError:
        return MASK


def missed(settings: Settings, kind: Kind, given: Mapping[str, Any]) -> list[str]:
    """The options of a kind that the project file sets without effect, unless they are given."""
    if settings.ignored is None:
        return []
    known = dict(GENERAL)
    prefix = f"{SECTION}.{kind.name}."
    known |= {key: key[len(prefix) :] for key in settings.ignored.wanted if key.startswith(prefix)}
    counting = [key for key, word in known.items() if _counts(kind, word, given)]
    return ["templates", "arena-namespace", *counting]


def _counts(kind: Kind, word: str, given: Mapping[str, Any]) -> bool:
    """Whether a default of an option would have an effect beside the given value."""
    try:
        one = option_called(kind.spec, word)
    except SpecError:
        return True
    return one.type.mapping or one.name not in {option_called(kind.spec, key).name for key in given}


def template(settings: Settings, kind: Kind) -> str | None:
    """The user's template of the kind, if the folder of the setting `templates` has one.

    Raises:
        SpecError: it does not name a folder.
    """
    folder = settings.text("templates")
    if not folder:
        return None
    there = os.path.expanduser(folder)
    if not os.path.isdir(there):
        origin = settings["templates"].origin
        raise SpecError(
            f"the setting templates ({origin}) does not name a folder: {folder}", "correct or remove it"
        )
    path = os.path.join(there, kind.template)
    return path if os.path.exists(path) else None
