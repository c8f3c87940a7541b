"""The shape of a family: kinds that users list, get and delete together, such as training jobs."""

from arena.values import frozen


@frozen
class Family:
    """A family of kinds, defined as FAMILY by the package `arena.kinds.<name>` that holds its kinds."""

    name: str
    """Name of the package under `arena/kinds`: `training`."""
    noun: str
    """What messages call one of its objects: `job`."""
    plural: str
    """What messages call several of them: `jobs`."""
    component: str
    """Value of the label `app.kubernetes.io/component` of its objects and pods."""
    listing: str
    """The command that lists its objects, for hints: `arena list`."""
    submission: str
    """The command that submits one of its objects, for hints: `arena submit KIND`."""
