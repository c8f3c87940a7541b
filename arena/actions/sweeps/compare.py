"""Trials of one sweep or of several, to compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arena.actions.sweeps import find
from arena.errors import SpecError
from arena.model.sweeps import Contender, Sweep
from arena.parallel import thread_pool

if TYPE_CHECKING:
    from arena.session import Session

BEST = "best"


def compare(session: Session, words: Sequence[str]) -> list[Contender]:
    """Return the trials to compare, each with its sweep.

    Args:
        words: names of sweeps, each of which stands for its best trial, or is followed by numbers of its
            trials or `best`: `["digits", "mnist"]`, `["digits", "3", "7"]`.

    Raises:
        NotFound: there is no such sweep or trial.
        SpecError: these are fewer than two different trials.
    """
    chosen = _chosen(words)
    with thread_pool() as threads:
        sweeps = dict(zip(chosen, threads.map(lambda name: find.sweep(session, name), chosen), strict=True))
    made = [_contender(sweeps[name], word) for name, numbers in chosen.items() for word in numbers or [BEST]]
    found = list({(one.sweep.name, one.trial.name if one.trial else ""): one for one in made}.values())
    if len(found) < 2:
        raise SpecError("one trial cannot be compared", "give another sweep, or several trials of this one")
    return found


def _chosen(words: Sequence[str]) -> dict[str, list[str]]:
    """The words after each name of a sweep that stand for its trials."""
    found: dict[str, list[str]] = {}
    name = ""
    for word in words:
        if name and (word == BEST or word.isdecimal()):
            found[name].append(word)
        else:
            name = word
            found.setdefault(name, [])
    return found


def _contender(one: Sweep, word: str) -> Contender:
    """The trial; none if the best one of a sweep is not known yet."""
    if word == BEST:
        return Contender(one, one.best())
    return Contender(one, find.trial(one, word))
