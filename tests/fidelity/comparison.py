"""Ask both servers, and find where their verdicts differ."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from fidelity import operators
from fidelity.asks import Ask, Case
from fidelity.client import Answer, Client
from fidelity.verdicts import Verdict, verdict

ACCEPTED = Path(__file__).with_name("accepted.yaml")
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
        return {f"causes +{_short(one)}" for one in operators.causes(stored)}

    def unexplained(self, known: "list[Accepted]", used: "Counter[Accepted]") -> list[str]:
        """What no accepted difference covers; `used` counts those that cover something.

        Where all causes of a refusal are accepted, so is its code, which follows from them.
        """
        rest, before, of_operators = [], sum(used.values()), self.of_operators()
        for part in self.parts:
            covering = next((one for one in known if one.covers(self, part)), None)
            covering = OPERATORS if part in of_operators else covering
            if covering:
                used[covering] += 1
            else:
                rest.append(part)
        follows = len(rest) == 1 and sum(used.values()) > before and _CODES.match(rest[0])
        return [] if follows else rest

    def _changes(self) -> Iterator[str]:
        ours, theirs = self.ours.changes or {}, self.theirs.changes or {}
        for path in sorted(ours.keys() | theirs.keys()):
            one, other = (_value(found[path]) if path in found else "nothing" for found in (ours, theirs))
            if one != other:
                yield f"{_short(path)} is {one[:300]} not {other[:300]}"


def _value(one: Any) -> str:
    return json.dumps(one, sort_keys=True)


def _short(one: Any) -> str:
    text = " ".join(one) if isinstance(one, tuple) else str(one)
    return re.sub(r"\[\d+\]", "[]", text)


def told(client: Client, case: Case) -> Iterator[tuple[Verdict, Answer]]:
    """The verdicts of a server on the requests of a case."""
    known: dict[str, str] = {}
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
        pairs = zip(told(ours, case), told(theirs, case), strict=True)
        for step, ((one, mine), (other, real)) in enumerate(pairs):
            tally[case.name.split()[0]] += 1
            if one != other:
                yield Difference(case, step, one, other, (mine.body, real.body))


class Accepted(NamedTuple):
    """A difference that is meant to be, and the reason."""

    cases: re.Pattern[str]
    what: re.Pattern[str]
    why: str

    def covers(self, one: Difference, part: str) -> bool:
        """Whether it is about this part of a difference."""
        return bool(self.cases.search(one.case.name) and self.what.search(part))


OPERATORS = Accepted(re.compile(""), re.compile(""), "rules of operators, and of the pods that they make")


def accepted() -> list[Accepted]:
    """The accepted differences."""
    rows = yaml.safe_load(ACCEPTED.read_text(encoding="utf-8")) or []
    return [Accepted(re.compile(one["cases"]), re.compile(one["what"]), one["why"]) for one in rows]
