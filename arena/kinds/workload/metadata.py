"""Labels and annotations of a workload and of its pods."""

import json

from arena import labels
from arena.errors import SpecError
from arena.kinds.spec import encode
from arena.kinds.workload.spec import WorkloadSpec


def own_labels(spec: WorkloadSpec, kind: str, component: str, *reserved: str) -> dict[str, str]:
    """The user's labels and arena's own, for the main object and its pods.

    Args:
        kind: the name of the kind, such as `tfjob`.
        component: as of the family.
        reserved: prefixes of further labels that the user cannot set.

    Raises:
        SpecError: the user sets one of arena's own labels.
    """
    own = labels.common(spec.name, kind, component, spec.release)
    for key in spec.label:
        if key in own or key.startswith(reserved):
            raise SpecError(f'--label: "{key}" is reserved for arena', "choose another key")
    return {**spec.label, **own}


def record(spec: WorkloadSpec) -> dict[str, str]:
    """The annotation of the main object that records its options; secrets are masked."""
    return {labels.SPEC: json.dumps(encode(spec), ensure_ascii=False)}
