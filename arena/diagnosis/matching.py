"""Matches of rules in what was observed."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from arena.diagnosis import literals
from arena.diagnosis.observations import Observation
from arena.diagnosis.rules import SEARCHED, Pattern, Rule
from arena.values import frozen

NEAR = 40
"""Lines between what shows the same cause."""
PATIENCE = 2.0
"""Seconds for all rules that are not arena's own."""
LONGEST, FOREIGN_LONGEST = 4000, 500
"""Characters that arena's own patterns are compared with, and those of others."""


@frozen
class Match:
    """A rule that applies."""

    rule: Rule
    seen: Observation
    groups: Mapping[str, str]
    more: tuple[Observation, ...] = ()
    """Further observations that show it."""


class Matcher:
    """Matches rules with observations.

    Args:
        observed: all but fields of objects.
        fields: yields those, which only few rules need.
        clock: monotonic seconds, which limit the time of rules that are not arena's own.
    """

    def __init__(
        self,
        observed: Sequence[Observation],
        fields: Callable[[], Iterable[Observation]],
        clock: Callable[[], float],
    ) -> None:
        self._by_source: defaultdict[str, list[Observation]] = defaultdict(list)
        for one in observed:
            self._by_source[one.source].append(one)
        self._texts = _Texts(self._by_source["log"])
        self._fields, self._clock = fields, clock
        self._found: dict[tuple[Pattern, bool], list[tuple[Observation, dict[str, str]]]] = {}
        self._spent = 0.0
        self.slow: list[str] = []
        """The ids of rules that took too long, and were left out."""

    def matches(self, rules: Iterable[Rule]) -> list[Match]:
        """All matches of the rules."""
        return [match for rule in rules for match in self._of(rule)]

    def same(self, match: Match, rules: Iterable[Rule]) -> list[Observation]:
        """What else in the log of the instance shows the cause, near to the line that matched."""
        if match.seen.source not in ("log", "container"):
            return []
        found = [
            seen
            for rule in rules
            if rule.id == match.rule.id
            for pattern in rule.match
            for seen, _ in self._seen(pattern, rule)
            if seen.pod == match.seen.pod and seen.source == "log" and seen is not match.seen
        ]
        if match.seen.source == "log":
            found = [one for one in found if abs(one.at - match.seen.at) <= NEAR]
        else:
            found = [one for one in found if one.counts]
        return sorted({one.at: one for one in found}.values(), key=lambda one: one.at)[:2]

    def _of(self, rule: Rule) -> Iterator[Match]:
        began = self._clock()
        try:
            found = list(self._matches(rule))
        except TimeoutError:
            self.slow.append(rule.id)
            return
        finally:
            self._spent += (self._clock() - began) * rule.foreign
        yield from found

    def _matches(self, rule: Rule) -> Iterator[Match]:
        for pattern in rule.match:
            for seen, groups in self._seen(pattern, rule):
                if not (seen.counts or pattern.anywhere or (rule.alive and seen.recent)):
                    continue
                also = [self._first(one, rule, seen) for one in rule.also]
                if None in also or any(self._first(one, rule, seen) for one in rule.unless):
                    continue
                told = [one for one in also if one]
                groups = {key: value for one in (*told, (seen, groups)) for key, value in one[1].items()}
                yield Match(rule=rule, seen=seen, groups=groups, more=tuple(one for one, _ in told))

    def _first(
        self, pattern: Pattern, rule: Rule, near: Observation
    ) -> tuple[Observation, dict[str, str]] | None:
        found = self._seen(pattern, rule)
        if rule.scope == "instance":
            found = [one for one in found if one[0].pod in (near.pod, "")]
        return next(iter(found), None)

    def _seen(self, pattern: Pattern, rule: Rule) -> list[tuple[Observation, dict[str, str]]]:
        key = (pattern, rule.foreign)
        if key not in self._found:
            if pattern.source == "object" and "object" not in self._by_source:
                self._by_source["object"] = list(self._fields())
            self._found[key] = list(self._search(pattern, rule))
        return self._found[key]

    def _search(self, pattern: Pattern, rule: Rule) -> Iterator[tuple[Observation, dict[str, str]]]:
        known: dict[tuple[str, ...], dict[str, str] | None] = {}
        began = self._clock()
        for one in self._candidates(pattern):
            values = tuple(one.fields.get(name, "") for name, _ in pattern.fields)
            if values not in known:  # the ranks of a job print the same lines
                if rule.foreign and self._spent + self._clock() - began > PATIENCE:
                    raise TimeoutError
                known[values] = _groups(pattern, values, FOREIGN_LONGEST if rule.foreign else LONGEST)
            if (groups := known[values]) is not None:
                yield one, groups

    def _candidates(self, pattern: Pattern) -> Sequence[Observation]:
        texts = dict(pattern.fields).get("text") if pattern.source == "log" else None
        needed = literals.needed(texts.pattern) if texts else ()
        return self._texts.with_any(needed) if needed else self._by_source[pattern.source]


class _Texts:
    """The lines of all logs as one text, since finding words in it is far faster than in each line."""

    def __init__(self, logged: Sequence[Observation]) -> None:
        self._logged = logged
        self._whole = "\n".join(one.text for one in logged)
        self._starts = [0]
        for one in logged:
            self._starts.append(self._starts[-1] + len(one.text) + 1)

    def with_any(self, words: Iterable[str]) -> list[Observation]:
        """The lines that contain at least one of the words."""
        found: set[int] = set()
        for word in words:
            at = self._whole.find(word)
            while at >= 0:
                line = bisect_right(self._starts, at) - 1
                found.add(line)
                at = self._whole.find(word, self._starts[line + 1])
        return [self._logged[line] for line in sorted(found)]


def _groups(pattern: Pattern, values: Iterable[str], longest: int) -> dict[str, str] | None:
    """The groups of a match; None if it does not match."""
    groups: dict[str, str] = {}
    for (name, regex), value in zip(pattern.fields, values, strict=True):
        found = (re.Pattern.search if name in SEARCHED else re.Pattern.fullmatch)(regex, value[:longest])
        if not found:
            return None
        groups |= {key: text for key, text in found.groupdict().items() if text}
    return groups
