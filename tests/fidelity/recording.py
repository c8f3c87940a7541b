"""What the judge said of a small part of the corpus, for tests where there is no judge.

Each line of the file is a case: a digest of its requests, and for each request the verdict on which both
servers agreed; null where they differ for an accepted reason.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fidelity import constraints, mutations, protocol, samples
from fidelity.asks import Case
from fidelity.client import Client
from fidelity.comparison import told
from fidelity.verdicts import Verdict

FILE = Path(__file__).with_name("recorded.jsonl")
SEED, MUTATIONS, CONSTRAINTS, BUILTIN = 1, 300, 120, 200
STORIES = ("scaleins", "trainjobs")
"""The kinds whose stories are recorded."""


def cases() -> Iterator[Case]:
    """The part of the corpus; it depends on no manifests but those in samples/."""
    own = samples.own()
    yield from mutations.cases(SEED, BUILTIN, samples.builtin())
    yield from mutations.cases(SEED, MUTATIONS, own)
    yield from constraints.cases(SEED, CONSTRAINTS)
    for sample in samples.small():
        if sample.kind.plural in STORIES:
            yield from (one for one in protocol.of(sample) if "watches" not in one.name)


def write(ours: Client, theirs: Client) -> int:
    """Ask both, and write what they agree on; the number of requests that were recorded."""
    lines, count = [], 0
    for case in cases():
        pairs = zip(told(ours, case), told(theirs, case), strict=True)
        agreed = [_short(one) if one == other else None for (one, _), (other, _) in pairs]
        count += sum(one is not None for one in agreed)
        lines.append(json.dumps([_digest(case[1:]), *agreed], separators=(",", ":")))
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return count


def read() -> dict[str, list[Any]]:
    """The recorded verdicts by the digests of their cases."""
    rows = map(json.loads, FILE.read_text(encoding="utf-8").splitlines())
    return {digest: verdicts for digest, *verdicts in rows}


def differing(client: Client) -> Iterator[tuple[str, Any, Any]]:
    """What a server says otherwise: the request, what was recorded, and what it says.

    A case that was not recorded is told with "another request", and not asked. The order is the reverse of
    that of the recording, which a case that depends on others does not survive.
    """
    known = read()
    for case in reversed([*cases()]):
        verdicts = known.get(_digest(case[1:]))
        if verdicts is None:
            yield case.name, "another request", ""
            continue
        for step, ((verdict, _), recorded) in enumerate(zip(told(client, case), verdicts, strict=True)):
            if recorded is not None and _short(verdict) != recorded:
                yield f"{case.name} [{step}] {case.asks[step]}"[:500], recorded, _short(verdict)


def _short(verdict: Verdict) -> list[Any]:
    changes = "" if verdict.changes is None else _digest(verdict.changes)
    return [verdict.code, verdict.reason, [*map(list, verdict.causes)], list(verdict.remarks), changes]


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
