"""Texts for rights, such as `get list pods/log`, and the rights that they name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from arena import kinds
from arena.kinds.cron import CARRIERS
from arena.kinds.serving import FAMILY as SERVING
from arena.model.permissions import VERBS, Right
from arena.resources import Resource

JOBS, CRONS, SERVINGS = "JOBS", "CRONS", "SERVINGS"
"""In rights: the types of all kinds of jobs, those that carry schedules, and those of all servings."""


def rights(texts: Iterable[str]) -> Iterator[Right]:
    """The rights that texts such as `get list pods/log` name, each once, in their order."""
    return iter(dict.fromkeys(chain.from_iterable(_rights(text.split()) for text in texts)))


def choice(text: str, right: Right) -> tuple[str, object] | None:
    """The name of a choice and of this possibility, if one of several rights of a text is enough."""
    where = text.rpartition(" ")[2].removeprefix("@")
    if where in (JOBS, CRONS, SERVINGS):
        return where, (right.group, right.resource)
    return (text, right.verb) if " or " in text else None


def _rights(words: list[str]) -> Iterator[Right]:
    *verbs, where = words
    for resource, group in _types(where.removeprefix("@")):
        for verb in sorted({*verbs} - {"or"}, key=VERBS.index):
            yield Right(verb, resource, group, where.startswith("@"))


def _types(where: str) -> Iterator[tuple[str, str]]:
    """Plurals and groups of a resource, or of `JOBS`, `CRONS` and `SERVINGS`."""
    if where == JOBS:
        return _names(chain.from_iterable(kind.resources for kind in kinds.training_kinds()))
    if where == CRONS:
        return _names(CARRIERS)
    if where == SERVINGS:
        return _names(chain.from_iterable(kind.carriers for kind in kinds.of(SERVING)))
    resource, _, group = where.partition(".")
    return iter([(resource, group)])


def _names(resources: Iterable[Resource]) -> Iterator[tuple[str, str]]:
    return iter(dict.fromkeys((one.plural, one.group) for one in resources))
