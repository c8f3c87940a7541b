"""The pod and container of a stream, and refusals if there is no stream."""

from aiohttp import web

from arena.local import objects
from arena.local.api.refusals import bad, missing
from arena.local.objects import Object, Objects
from arena.tuples import NamedTuple


class Target(NamedTuple):
    """A container of a pod."""

    pod: Object
    container: str

    @property
    def uid(self) -> str:
        """The pod's uid."""
        return str(self.pod["metadata"]["uid"])


def pod(api: Objects, request: web.Request) -> Object:
    """Return the pod in the path.

    Raises:
        Refused: 404 if there is none.
    """
    name = request.match_info["name"]
    found = api.get(objects.PODS, name, request.match_info["namespace"])
    if found is None:
        raise missing(objects.PODS, name)
    return found


def target(api: Objects, request: web.Request) -> Target:
    """Return the container in path and query; by default the only one.

    Raises:
        Refused: 404 if there is no such pod; 400 if there is no such container, or several to choose from.
    """
    found = pod(api, request)
    name = found["metadata"]["name"]
    wanted = request.query.get("container", "")
    usual = [one["name"] for one in found["spec"].get("containers", [])]
    if wanted:
        if wanted not in [one["name"] for one in _containers(found)]:
            raise bad(f"container {wanted} is not valid for pod {name}")
        return Target(found, wanted)
    if len(usual) == 1:
        return Target(found, usual[0])
    init = [one["name"] for one in found["spec"].get("initContainers", [])]
    also = f" or one of the init containers: [{' '.join(init)}]" if init else ""
    raise bad(f"a container name must be specified for pod {name}, choose one of: [{' '.join(usual)}]{also}")


def placed(found: Target) -> None:
    """Refuse a request that needs a node while the pod has none.

    Raises:
        Refused: 400.
    """
    if not found.pod["spec"].get("nodeName"):
        raise bad(f"pod {found.pod['metadata']['name']} does not have a host assigned")


def waiting(found: Target) -> str:
    """The reason why the container does not run yet."""
    status = found.pod.get("status", {})
    for one in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
        if one["name"] == found.container:
            state = one.get("state", {}).get("waiting", {})
            return str(state.get("reason") or "ContainerCreating")
    return "ContainerCreating"


def _containers(found: Object) -> list[Object]:
    return [*found["spec"].get("initContainers", []), *found["spec"].get("containers", [])]
