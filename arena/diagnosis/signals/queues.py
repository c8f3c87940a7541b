"""Queues and gangs: what Kueue and Volcano say about a job that they hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from arena.diagnosis.json_fields import items, text
from arena.diagnosis.signals.signal import Case, Signal, about, changed, conditions, stated, told, true
from arena.diagnosis.standing import subject

Object = dict[str, Any]


def signals(case: Case) -> Iterator[Signal]:
    """What the job's Workload and its PodGroup say, while it has pods that wait, or none."""
    pods = case.record.pods
    if case.is_final or (pods and all(text(one, "spec", "nodeName") for one in pods)):
        return
    workloads = [one for one in case.record.of_kind("Workload") if case.is_ours(one)]
    for one in workloads:
        yield from _workload(one)
    groups = [one for one in case.record.of_kind("PodGroup") if case.is_ours(one)]
    for one in groups:
        if condition := true(one, "Unschedulable"):
            yield stated(one, condition, "gang")
    if not workloads:
        yield from _last(case, "workload", ("Pending", "Preempted", "Admitted"))
    if not groups:
        yield from _last(case, "podgroup", ("Unschedulable", "Scheduled"))


def _last(case: Case, kind: str, reasons: tuple[str, ...]) -> Iterator[Signal]:
    """The last of these events about an object that was not read itself."""
    for event in reversed(case.events):
        if about(event).startswith(f"{kind}/") and text(event, "reason") in reasons:
            yield told(event, "gang" if kind == "podgroup" else kind)
            return


def _workload(workload: Object) -> Iterator[Signal]:
    """Why Kueue does not let the job in, or no longer does."""
    if true(workload, "Admitted", "Finished"):
        return
    if true(workload, "QuotaReserved"):
        yield from _checks(workload)
        return
    known = {text(one, "type"): one for one in conditions(workload)}
    if condition := true(workload, "Evicted") or known.get("QuotaReserved"):
        yield stated(workload, condition, "workload")


def _checks(workload: Object) -> Iterator[Signal]:
    """What a Workload that has its quota waits for besides."""
    for one in items(workload, "status", "admissionChecks"):
        if text(one, "state") != "Ready":
            words = f"{text(one, 'name')} is {text(one, 'state')}. {text(one, 'message')}".rstrip()
            yield Signal("workload", subject(workload), "AdmissionCheck", words, changed(one))
