"""Sequences of writes by several managers, and what they leave: `python -m fidelity.applies`.

Both servers get the same applies, updates and patches, and after each one the object, its managers and the
conflicts must be the same. `--record` writes the verdicts of the judge to the file by which the default tests
judge the embedded server.
"""

import argparse
import copy
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from fidelity import servers
from fidelity.asks import APPLY, MERGE, POINTER, Ask, Object
from fidelity.client import Answer, Client
from fidelity.configurations import SUBJECTS, Subject

RECORDED = Path(__file__).parents[1] / "local" / "api" / "recorded_applies.json"
MANAGERS = ("one", "two", "kubectl")
OTHERS = ("ed", "two")
NOTE = "kubectl.kubernetes.io/last-applied-configuration"
_OWN = ("uid", "resourceVersion", "creationTimestamp", "selfLink")
"""The metadata that differs from server to server."""
_ALLOTTED = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")
"""What the judge does not set in Services, since it is no whole Kubernetes."""


class Left(NamedTuple):
    """What a write left behind, without what differs from server to server."""

    refused: int
    """The code of a refusal, 400 for all that say that the request is wrong; 0 for none."""
    object: Any
    conflicts: Any
    changed: bool

    @property
    def digest(self) -> str:
        """The same, short; a server may write an object anew that nobody changed."""
        said = json.dumps([self.refused, self.object, self.conflicts], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:8]


Step = Callable[[Object | None], Ask]
"""Makes the request of the present object, of which each server has its own."""


def steps(subject: Subject, seed: int) -> Iterator[tuple[str, Step]]:
    """The steps of a sequence, with what they are."""
    rng = Random(f"{subject.kind.plural}/{seed}")
    kinds = ["apply"] * 9 + ["force"] * 5 + ["put"] * 3 + ["patch"] * 3 + ["edit", "reset", "dry"]
    kinds += ["status", "status apply"] * 2 if subject.status else []
    whats = [rng.choice(("create", "apply", "migrate"))]
    whats += [rng.choice(kinds) for _ in range(rng.randint(2, 7))]
    for what in whats:
        yield what, _Step(subject, what, f"s{seed}", rng)


class _Step:
    def __init__(self, subject: Subject, what: str, name: str, rng: Random) -> None:
        self.subject, self.what, self.name = subject, what, name
        self.head = {"apiVersion": subject.kind.api_version, "kind": subject.kind.kind}
        body = subject.make(rng)
        self.body = {**self.head, **body, "metadata": {**body["metadata"], "name": name}}
        self.status = subject.status(rng) if subject.status else {}
        self.manager, self.other = rng.choice(MANAGERS), rng.choice(OTHERS)
        self.form, self.seed = rng.choice(subject.patches), rng.random()

    def __call__(self, live: Object | None) -> Ask:
        kind, body = self.subject.kind, self.body
        present = live or body
        if self.what in ("create", "migrate"):
            whole, by = (
                (body, self.other) if self.what == "create" else (_noted(body), "kubectl-client-side-apply")
            )
            return Ask("POST", kind.path(fieldManager=by), whole)
        if self.what in ("apply", "force", "dry"):
            dry = {"dryRun": "All"} if self.what == "dry" else {}
            query = {"fieldManager": self.manager, "force": str(self.what == "force").lower(), **dry}
            return Ask("PATCH", kind.path(self.name, **query), body, APPLY)
        if self.what == "status apply":
            query = {"fieldManager": self.manager, "force": str(self.seed < 0.5).lower()}
            applied = {**self.head, "metadata": {"name": self.name}, "status": self.status}
            return Ask("PATCH", kind.path(self.name, "status", **query), applied, APPLY)
        path = kind.path(self.name, fieldManager=self.other)
        if self.what == "status":
            patch = {"status": self.status, "metadata": {"labels": {"a": "9"}}}
            return Ask("PATCH", kind.path(self.name, "status", fieldManager=self.other), patch, MERGE)
        if self.what == "put":
            return Ask("PUT", path, _mutated(copy.deepcopy(present), body, self.seed))
        if self.what == "patch":
            patch = {key: value for key, value in body.items() if key not in self.head}
            return Ask("PATCH", path, patch, self.form)
        if self.what == "reset":
            entries: list[Object] = [{}] if self.seed < 0.5 else []
            return Ask("PATCH", path, {"metadata": {"managedFields": entries}}, MERGE)
        entries = _edited(present["metadata"].get("managedFields") or [], Random(self.seed))
        return Ask(
            "PATCH", path, [{"op": "add", "path": "/metadata/managedFields", "value": entries}], POINTER
        )


def _noted(body: Object) -> Object:
    """The object as kubectl creates it for its own kind of apply."""
    notes = {**(body["metadata"].get("annotations") or {}), NOTE: json.dumps(body) + "\n"}
    return {**body, "metadata": {**body["metadata"], "annotations": notes}}


def _mutated(live: Object, wanted: Object, seed: float) -> Object:
    """The object with some fields of another one, and without some."""
    if seed < 0.3:
        live["metadata"].pop("managedFields", None)
    for part in ("metadata", "spec", "data", "binaryData"):
        theirs = wanted.get(part) or {}
        here = live.setdefault(part, {}) if theirs else {}
        for name in sorted(theirs.keys() - {"name", "selector"}):
            chance = Random(f"{seed}{part}{name}").random()
            if chance < 0.4:
                here[name] = theirs[name]
            elif chance < 0.5 and part != "spec":
                here.pop(name, None)
    return live


def _edited(entries: list[Object], rng: Random) -> list[Object]:
    """Managed fields as somebody may edit them."""
    entries = sorted(copy.deepcopy(entries), key=lambda one: json.dumps({**one, "time": ""}, sort_keys=True))
    if entries and rng.random() < 0.5:
        del entries[rng.randrange(len(entries))]
    edits = (
        {"manager": "kubectl", "operation": "Apply"},
        {"fieldsV1": {"f:metadata": {"f:labels": {"f:a": {}}}}},
        {"operation": "Delete"},
        {"time": "2020-01-01T00:00:00Z"},
        {"manager": "m" * 200},
    )
    return [{**one, **rng.choice(edits)} if rng.random() < 0.4 else one for one in entries]


def played(client: Client, subject: Subject, seed: int) -> Iterator[tuple[str, Ask, Left]]:
    """What each step of a sequence leaves on a server, until there is no object."""
    path, live = subject.kind.path(f"s{seed}"), None
    for what, step in steps(subject, seed):
        ask = step(live)
        answer, before = client.ask(ask), _version(live)
        found = client.ask(Ask("GET", path))
        live = found.body if found.code == 200 else None
        refused = answer.code if answer.code in (404, 409) else 400 * (answer.code >= 400)
        yield what, ask, Left(refused, _shown(live), _conflicts(answer), before != _version(live))
        if live is None:
            return


def _version(obj: Object | None) -> str:
    return obj["metadata"]["resourceVersion"] if obj else ""


def _shown(obj: Object | None) -> Any:
    """An object without what differs from server to server, whose managers are in an order of their own."""
    if obj is None:
        return None
    obj = copy.deepcopy(obj)
    meta, spec = obj["metadata"], obj.get("spec") or {}
    entries = meta.pop("managedFields", None) or []
    for name in _OWN:
        meta.pop(name, None)
    for name in _ALLOTTED:
        spec.pop(name, None)
    for one in entries:
        one["time"] = bool(one.get("time"))
        one["fieldsV1"].get("f:spec", {}).pop("f:internalTrafficPolicy", None)
    return [obj, sorted(entries, key=lambda one: json.dumps(one, sort_keys=True))]


def _conflicts(answer: Answer) -> Any:
    """With whom, about what."""
    if answer.code != 409:
        return None
    causes = (answer.body.get("details") or {}).get("causes") or []
    return sorted([one["field"], one["message"].partition(" at ")[0]] for one in causes)


class Pair(NamedTuple):
    """What a step left on both servers."""

    what: str
    ask: Ask
    ours: Left
    theirs: Left

    @property
    def differs(self) -> bool:
        """Whether it left another object, or wrote one that the judge did not write."""
        written = self.ours.changed and not self.theirs.changed
        return written or self.ours.digest != self.theirs.digest


def pairs(ours: Client, theirs: Client, subject: Subject, seed: int) -> list[Pair]:
    """The steps of a sequence on both servers."""
    path = subject.kind.path(f"s{seed}")
    theirs.ask(Ask("PATCH", path, {"metadata": {"finalizers": None}}, MERGE))
    theirs.ask(Ask("DELETE", path))
    both = zip(played(ours, subject, seed), played(theirs, subject, seed), strict=False)
    return [Pair(what, ask, left, judged) for (what, ask, left), (_, _, judged) in both]


def main() -> int:
    """Compare the sequences, or record them; 1 if some differ, 2 without a judge."""
    options = _options()
    recorded: dict[str, dict[int, list[str]]] = {name: {} for name in options.kinds or SUBJECTS}
    different = 0
    try:
        with servers.embedded() as ours, servers.judge() as theirs:
            for name in recorded:
                for seed in range(options.first, options.first + options.count):
                    found = pairs(ours, theirs, SUBJECTS[name], seed)
                    if bad := next((one for one in found if one.differs), None):
                        different += 1
                        print(f"{name} {seed}: {bad.what} {bad.ask.path}\n  {bad.ours}\n  {bad.theirs}")
                    else:
                        recorded[name][seed] = [one.theirs.digest for one in found]
    except servers.NoJudge as error:
        print(error, file=sys.stderr)
        return 2
    total = options.count * len(recorded)
    print(f"{total - different} of {total} sequences leave the same")
    if options.record:
        RECORDED.write_text(json.dumps(recorded, separators=(",", ":")) + "\n", encoding="utf-8")
    return 1 if different else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fidelity.applies", description=__doc__)
    parser.add_argument("kinds", nargs="*", help=f"of {', '.join(SUBJECTS)}")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--count", type=int, default=500, help="how many sequences of a kind (default 500)")
    parser.add_argument("--record", action="store_true", help=f"write {RECORDED.name}")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
