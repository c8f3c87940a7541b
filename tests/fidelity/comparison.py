"""Ask both servers, and find where their verdicts differ."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from http.client import RemoteDisconnected
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from fidelity import operators
from fidelity.asks import Ask, Case
from fidelity.client import Answer, Client
from fidelity.verdicts import Verdict, verdict

ACCEPTED = Path(__file__).with_name("accepted.yaml")
UNREADABLE = "causes -patch FieldValueInvalid"
"""The structure is wrong that a patch leaves."""
_NOTHING: Any = object()
_CODES = re.compile(r"\d+.* not \d+")
_KNOWN = {"<version>": "resourceVersion", "<uid>": "uid", "<continue>": "continue"}


class Difference(NamedTuple):
    """Two verdicts on one request."""

    case: Case
    step: int
    ours: Verdict
    theirs: Verdict
    answers: tuple[Any, Any] = (None, None)
    """What both said."""
    before: Any = None
    """What the judge said of the request before."""

    @property
    def ask(self) -> Ask:
        """The request."""
        return self.case.asks[self.step]

    @property
    def parts(self) -> list[str]:
        """What differs, one by one, without the positions in lists that only this case has."""
        found = []
        for name in ("causes", "remarks"):
            ours, theirs = set(getattr(self.ours, name)), set(getattr(self.theirs, name))
            found += [f"{name} +{_short(one)}" for one in sorted(ours - theirs)]
            found += [f"{name} -{_short(one)}" for one in sorted(theirs - ours)]
        codes = [f"{one.code} {one.reason}".strip() for one in (self.ours, self.theirs)]
        told = self.ours.code == self.theirs.code and not (self.ours.reason and self.theirs.reason)
        if codes[0] != codes[1] and not told:  # an answer that is no Status has no reason
            return [" not ".join(codes), *found]
        return [*found, *self._changes()]

    def of_operators(self) -> set[str]:
        """The causes of ours that the rules of operators give for what the judge stored."""
        stored = self.answers[1]
        if self.ours.code != 422 or self.theirs.code >= 300 or not isinstance(stored, dict):
            return set()
        return {f"causes +{_short(one)}" for one in operators.causes(stored, self.before)}

    def of_rules(self, part: str) -> bool:
        """Whether it is a cause that only the rules of a built-in kind give, of which the judge has few."""
        if self.ours.code != 422 or not part.startswith("causes "):
            return False
        if self.theirs.code == 422:  # which rules, only a whole Kubernetes could tell
            return self.case.name.startswith("builtin ") and part != UNREADABLE
        stored = self.answers[1]
        if self.theirs.code >= 300 or not isinstance(stored, dict):
            return False
        return part in {f"causes +{_short(one)}" for one in operators.rules(stored, self.before)}

    def unexplained(self, known: "list[Accepted]", used: "Counter[Accepted]") -> list[str]:
        """What no accepted difference covers; `used` counts those that cover something.

        Where all causes of a refusal are accepted, so is its code, which follows from them.
        """
        rest, before, of_operators = [], sum(used.values()), self.of_operators()
        for part in self.parts:
            covering = next((one for one in known if one.covers(self, part)), None)
            covering = OPERATORS if part in of_operators else covering
            covering = RULES if not covering and self.of_rules(part) else covering
            if covering:
                used[covering] += 1
            else:
                rest.append(part)
        follows = len(rest) == 1 and sum(used.values()) > before and _CODES.match(rest[0])
        return [] if follows else rest

    def _changes(self) -> Iterator[str]:
        yield from _apart(self.ours.changes or {}, self.theirs.changes or {})


def _apart(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """The deepest values that differ, with their paths."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            where = f"{path}.{key}" if path else key
            yield from _apart(ours.get(key, _NOTHING), theirs.get(key, _NOTHING), where)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs, strict=True):
            yield from _apart(one, other, f"{path}[]")
    elif (one := _value(ours)) != (other := _value(theirs)):
        yield f"{_short(path)} is {one[:300]} not {other[:300]}"


def _value(one: Any) -> str:
    return "nothing" if one is _NOTHING else json.dumps(one, sort_keys=True)


def _short(one: Any) -> str:
    text = " ".join(one) if isinstance(one, tuple) else str(one)
    return re.sub(r"\[\d+\]", "[]", text)


def told(client: Client, case: Case) -> Iterator[tuple[Verdict, Answer]]:
    """The verdicts of a server on the requests of a case."""
    known: dict[str, str] = {}
    for ask in case.needs:
        client.ask(ask)
    for ask in case.asks:
        filled = _filled(ask, known)
        answer = client.ask(filled)
        _learn(answer.body, known)
        operators.fill(answer.body)
        yield verdict(ask, answer), answer


def _filled(ask: Ask, known: dict[str, str]) -> Ask:
    """The request with what earlier answers said."""
    path, body = ask.path, ask.body
    for mark, value in known.items():
        path = path.replace(mark, value)
        if isinstance(body, dict) and mark in json.dumps(body.get("metadata", "")) + json.dumps(
            body.get("preconditions", "")
        ):
            body = json.loads(json.dumps(body).replace(mark, value))
    return ask._replace(path=path, body=body)


def _learn(body: Any, known: dict[str, str]) -> None:
    meta = body.get("metadata") if isinstance(body, dict) else None
    if isinstance(meta, dict):
        known.update({mark: str(meta[key]) for mark, key in _KNOWN.items() if meta.get(key)})


def differences(
    ours: Client, theirs: Client, cases: Iterable[Case], tally: Counter[str]
) -> Iterator[Difference]:
    """Where the verdicts differ; `tally` counts the requests of each group."""
    for case in cases:
        before = None
        try:
            judged = list(told(theirs, case))
        except RemoteDisconnected:  # the code of the judge fails at some requests
            tally["cases that the judge did not answer"] += 1
            continue
        pairs = zip(told(ours, case), judged, strict=True)
        for step, ((one, mine), (other, real)) in enumerate(pairs):
            tally[case.name.split()[0]] += 1
            if one != other:
                yield Difference(case, step, one, other, (mine.body, real.body), before)
            before = real.body


class Accepted(NamedTuple):
    """A difference that is meant to be, and the reason."""

    cases: re.Pattern[str]
    what: re.Pattern[str]
    why: str

    def covers(self, one: Difference, part: str) -> bool:
        """Whether it is about this part of a difference."""
        return bool(self.cases.search(one.case.name) and self.what.search(part))


OPERATORS = Accepted(re.compile(""), re.compile(""), "rules of operators, and of the pods that they make")

RULES = Accepted(
    re.compile(""), re.compile(""), "rules of built-in kinds, of which the judge has a part only"
)


def accepted() -> list[Accepted]:
    """The accepted differences."""
    rows = yaml.safe_load(ACCEPTED.read_text(encoding="utf-8")) or []
    return [Accepted(re.compile(one["cases"]), re.compile(one["what"]), one["why"]) for one in rows]
