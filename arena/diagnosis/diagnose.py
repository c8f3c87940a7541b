"""From what was looked at to the cause: the way through this package."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from time import monotonic

from arena.diagnosis import observations, order, redaction, standing
from arena.diagnosis.json_fields import moment, name, text
from arena.diagnosis.matching import Match, Matcher
from arena.diagnosis.observations import Observation
from arena.diagnosis.records import Record
from arena.diagnosis.rules import Rule, filled
from arena.model.findings import NONE, Diagnosis, Evidence, Finding

QUOTED = 5
"""Maximum number of quoted lines."""
LONGEST, STARTS = 300, 120
"""Characters that are quoted of a line, and of its start if it is longer."""
_WELL = {"running": "it runs", "succeeded": "it has succeeded"}
_UNKNOWN = {
    "job": "the job", "kind": "its kind", "namespace": "of the job", "instance": "an instance",
    "container": "a container", "image": "the image", "node": "a node", "exit": "unknown",
}  # fmt: skip
"""What causes say instead of values that are not known."""


def diagnose(record: Record, rules: Sequence[Rule], clock: Callable[[], float] = monotonic) -> Diagnosis:
    """Why the job of a record waits or fails, by the rules."""
    phase = standing.phase(record)
    observed = [*observations.of_objects(record), *observations.of_cluster(record)]
    for one in observations.logs(record):
        observed += observations.of_log(record, one)
    matcher = Matcher(observed, lambda: observations.of_fields(record), clock)
    is_well = phase in _WELL
    found = order.order(matcher.matches(one for one in rules if one.alive or not is_well))
    slow = [f"rule {one} took too long and was left out" for one in matcher.slow]
    return Diagnosis(
        name=record.name,
        namespace=record.namespace,
        kind=text(record.job or {}, "kind"),
        phase=phase,
        finding=_told(record, found[0], matcher.same(found[0], rules), observed)
        if found
        else _nothing(record, phase),
        well=is_well and not found,
        followed=tuple(_finding(record, one, ()) for one in found[1:6]),
        looked=_looked(record),
        unread=(*record.unread, *slow),
    )


def _told(
    record: Record, match: Match, same: Iterable[Observation], observed: Sequence[Observation]
) -> Finding:
    return _finding(record, match, [match.seen, *match.more, *same, *_around(match, observed)])


def _finding(record: Record, match: Match, shown: Iterable[Observation]) -> Finding:
    values = _values(record, match)
    cause = redaction.words(filled(match.rule.cause, _UNKNOWN | values) or match.rule.id)
    fix = [filled(one, values, quoted=True) for one in match.rule.fix]
    return Finding(
        match.rule.id,
        cause,
        _quoted(shown),
        fix=tuple(one for one in fix if one),
    )


def _around(match: Match, observed: Sequence[Observation]) -> list[Observation]:
    """How the instance ended, and what was reported of it, beside what matched."""
    if not match.seen.pod:
        return []
    mine = [one for one in observed if one.pod == match.seen.pod and one is not match.seen]
    ended = [
        one
        for one in mine
        if one.source == "container" and one.fields["state"] in ("terminated", "waiting")
        and one.fields["reason"] not in ("Completed", "PodInitializing", "ContainerCreating")
    ]  # fmt: skip
    told = [one for one in mine if one.source == "event" and one.counts and one.fields["type"] == "Warning"]
    return [*ended[:2], *told[:2]]


def _quoted(shown: Iterable[Observation]) -> tuple[Evidence, ...]:
    """The evidence, each text about an object once: events also show in the states of pods."""
    found: dict[tuple[str, str], Evidence] = {}
    for one in map(_evidence, shown):
        found.setdefault((one.subject, one.text), one)
    return tuple(found.values())[:QUOTED]


def _evidence(one: Observation) -> Evidence:
    shown = redaction.words(" ".join(one.text.split()))
    if len(shown) > LONGEST:  # what matters is at the end, such as what a registry answered
        shown = f"{shown[:STARTS]} ... {shown[5 + STARTS - LONGEST :]}"
    source = {"log": "log", "event": "event"}.get(one.fields.get("kind") or one.source, "status")
    return Evidence(source, one.subject, shown, one.time)


def _values(record: Record, match: Match) -> dict[str, str]:
    """What the holes of a rule's texts may name, without secrets."""
    seen = match.seen
    pod = next((one for one in record.pods if name(one) == seen.pod), {})
    known = {
        "job": record.name,
        "namespace": record.namespace,
        "kind": text(record.job or {}, "kind"),
        "instance": seen.pod,
        "container": seen.fields.get("container")
        or (seen.fields["name"] if seen.source == "container" else ""),
        "image": seen.fields.get("image", ""),
        "node": seen.subject[5:] if seen.subject.startswith("node/") else text(pod, "spec", "nodeName"),
        "exit": seen.fields.get("exit", ""),
    }
    return {key: value for key, value in known.items() if value} | {
        key: redaction.words(value) for key, value in match.groups.items()
    }


def _nothing(record: Record, phase: str) -> Finding:
    if phase in _WELL:
        return Finding(NONE, f"nothing is wrong: {_WELL[phase]}" + _since(record, phase))
    shown = [one for one in observations.of_objects(record) if one.source in ("event", "container", "pod")]
    latest = sorted((one for one in shown if one.text), key=lambda one: (one.time is not None, one.time))
    return Finding(
        NONE,
        "no rule fits, so the cause is not known",
        tuple(dict.fromkeys(_evidence(one) for one in latest[-QUOTED:])),
    )


def _since(record: Record, phase: str) -> str:
    if phase != "running":
        return ""
    began = [
        one.time for pod in record.pods for one in standing.runs(pod) if one.state == "running" and one.time
    ]
    began += [one for one in (moment(record.job or {}, "status", "startTime"),) if one and not began]
    return f" since {min(began).isoformat().replace('+00:00', 'Z')}" if began else ""


def _looked(record: Record) -> tuple[str, ...]:
    """What was looked at, such as `8 pods`."""
    lines = sum(min(len(one.lines), observations.LAST) for one in record.logs)
    counts = (
        (len(record.pods), "pod"),
        (len(record.events), "event"),
        (len(record.logs), "log"),
        (lines, "line"),
        (len(record.objects) + (record.job is not None), "other object"),
    )
    return tuple(f"{count} {what}{'s' * (count != 1)}" for count, what in counts if count)
