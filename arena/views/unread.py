"""What an answer lacks, in one line."""

from collections import Counter
from collections.abc import Iterable, Sequence

from arena.model.partial import Unread


def line(missing: Iterable[Unread]) -> str:
    """Everything that is missing, with the reasons: `instances are missing: you may not list pods`."""
    effects: dict[str, list[Unread]] = {}
    for one in dict.fromkeys(missing):
        effects.setdefault(one.effect, []).append(one)
    return "; ".join(f"{effect}: {_why(found)}" for effect, found in effects.items())


def _why(found: Sequence[Unread]) -> str:
    """Why it is missing; types that this user may not read are named together."""
    forbidden = [one for one in found if one.forbidden]
    whats = list(dict.fromkeys(one.what for one in forbidden))
    together = len(whats) > 1
    whys = [f"you may not read {', '.join(_names(whats))}"] if together else []
    return "; ".join(dict.fromkeys([*whys, *(one.why for one in found if not (together and one.forbidden))]))


def _names(whats: Sequence[str]) -> list[str]:
    """The types by their plural names, with their groups only if two have the same plural."""
    plurals = [one.partition(".")[0] for one in whats]
    counts = Counter(plurals)
    return [plural if counts[plural] == 1 else what for what, plural in zip(whats, plurals, strict=True)]
