"""What is wrong with the template of trials."""

from collections.abc import Iterator
from typing import Any

from arena.local.checks import items, mapping
from arena.local.field_errors import FieldError, duplicate, forbidden, invalid, missing
from arena.local.objects import Object
from arena.local.operators.katib import gjson, template
from arena.local.operators.katib.kinds import ENDS, resource_of


def check_template(spec: Object) -> Iterator[FieldError]:
    """Yield what is wrong with the trialTemplate of an Experiment's spec."""
    path, chosen = "spec.trialTemplate", spec.get("trialTemplate")
    if not isinstance(chosen, dict):
        yield missing(path, "must be specified")
        return
    if not isinstance(chosen.get("primaryContainerName"), str) or not chosen["primaryContainerName"]:
        yield missing(f"{path}.primaryContainerName", "must be specified")
    yield from check_conditions(path, chosen)
    job, source = chosen.get("trialSpec"), chosen.get("configMap")
    if (job is None) == (source is None):
        why = "one of spec.trialTemplate.trialSpec and spec.trialTemplate.configMap must be specified"
        yield missing(f"{path}.trialSpec", why)
    elif job is None:
        for name in ("configMapName", "configMapNamespace", "templatePath"):
            if not mapping(source).get(name):
                yield missing(f"{path}.configMap.{name}", "must be specified")
    else:
        yield from _check_job(f"{path}.trialSpec", mapping(job))
    yield from _check_parameters(path, chosen, spec)


def check_conditions(path: str, chosen: Object) -> Iterator[FieldError]:
    """Yield what is wrong with the conditions by which a trial's job ends."""
    for name in ("successCondition", "failureCondition"):
        text = chosen.get(name)
        if not isinstance(text, str) or not text:
            known = ", ".join(ENDS)
            yield missing(f"{path}.{name}", f"must be specified for other kinds than {known}")
            continue
        try:
            gjson.parse(text)
        except ValueError as why:
            yield invalid(f"{path}.{name}", text, str(why))


def _check_job(path: str, job: Object) -> Iterator[FieldError]:
    meta = mapping(job.get("metadata"))
    if meta.get("name") or meta.get("namespace"):
        yield forbidden(f"{path}.metadata", "metadata.name and metadata.namespace must be omitted")
    if not job.get("apiVersion") or not job.get("kind"):
        yield missing(path, "apiVersion and kind must be specified")
    elif resource_of(job) is None:
        what = f"{job['apiVersion']} {job['kind']}"
        yield invalid(path, what, "the local cluster has no such kind of job")


def _check_parameters(path: str, chosen: Object, spec: Object) -> Iterator[FieldError]:
    """Every trial parameter is used, refers to something, and every placeholder is one."""
    known = {mapping(one).get("name") for one in items(spec.get("parameters"))}
    used = template.placeholders(chosen.get("trialSpec"))
    names: list[str] = []
    references: list[str] = []
    for index, one in enumerate(items(chosen.get("trialParameters"))):
        where, name, reference = (
            f"{path}.trialParameters[{index}]",
            mapping(one).get("name"),
            mapping(one).get("reference"),
        )
        if (
            not isinstance(name, str)
            or not isinstance(reference, str)
            or not name
            or not reference
            or set("{}") & set(name)
        ):
            yield invalid(
                where, one, "name and reference must be specified and name must not contain '{' or '}'"
            )
            continue
        if name in names:
            yield duplicate(f"{where}.name", name)
        if reference in references:
            yield duplicate(f"{where}.reference", reference)
        if reference not in known and not template.is_meta(reference):
            yield invalid(
                f"{where}.reference", reference, f"does not exist in spec.parameters: {_listed(known)}"
            )
        if chosen.get("trialSpec") is not None and name not in used:
            text = f"${{trialParameters.{name}}}"
            yield invalid(f"{where}.name", name, f"{text} does not occur in spec.trialTemplate.trialSpec")
        names.append(name)
        references.append(reference)
    if not names:
        yield missing(f"{path}.trialParameters", "must be specified")
    for lacking in sorted(used - set(names)):
        why = f"{lacking} is not one of spec.trialTemplate.trialParameters: {_listed(set(names))}"
        yield invalid(f"{path}.trialSpec", f"${{trialParameters.{lacking}}}", why)


def _listed(names: set[Any]) -> str:
    return ", ".join(sorted(str(one) for one in names)) or "there are none"
