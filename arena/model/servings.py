"""Servings: programs that answer requests, such as model servers, with their versions and addresses."""

from datetime import datetime

from arena.model.instances import Instance
from arena.model.partial import Unread
from arena.values import frozen


@frozen
class Endpoint:
    """A port at which a serving answers."""

    name: str
    """`http-serving`, `grpc-serving`, `http-metrics`, or what another tool called it."""
    port: int
    node_port: int = 0
    """The same port on every node; 0 if there is none."""
    local_port: int = 0
    """The same port on the loopback of this machine; 0 unless the cluster is local."""

    @property
    def is_http(self) -> bool:
        """Whether clients send requests by HTTP to it."""
        return self.name.startswith("http") and self.name != "http-metrics"


@frozen
class Condition:
    """A condition in the status of an object."""

    type: str
    status: str
    """True, False or Unknown."""
    reason: str = ""
    message: str = ""
    changed: datetime | None = None


@frozen
class Rollout:
    """How far the newest revision has replaced the older ones."""

    revision: int = 0
    """The number of the newest revision; 0 if it has none."""
    updated: int = 0
    """The number of instances of the newest revision."""
    old: int = 0
    """The number of instances of older revisions."""
    is_done: bool = True
    is_observed: bool = True
    """Whether the status is known to be about the present spec."""
    failure: str = ""
    """Why the cluster has given it up; empty unless it has."""
    is_paused: bool = False


@frozen
class Probe:
    """A question by which the node finds out whether a container answers."""

    type: str
    """readiness, liveness or startup."""
    container: str
    action: str
    """What it asks: `GET :8080/ready`, `TCP :8500`, `gRPC :9000`, `exec cat /tmp/ok`."""
    delay: int = 0
    """Seconds before the first one."""
    period: int = 10
    """Seconds between two."""
    failures: int = 3
    """How often in a row it must fail to have an effect."""


@frozen
class Revision:
    """A former or present state of what a serving runs."""

    number: int
    created: datetime | None = None
    image: str = ""
    cause: str = ""
    """What created it, such as a command line; empty if nobody said so."""
    instances: int = 0
    """The number of its instances now."""
    is_current: bool = False


@frozen
class Share:
    """The part of a serving's traffic that goes to one of its versions."""

    percent: int
    by: str
    """The object that says so, such as `HTTPRoute digits`."""
    url: str = ""
    """The URL of all versions together; empty if it is not known."""


@frozen
class RevisionShare:
    """The part of the traffic that the operator of a serving gives to one of its revisions."""

    revision: str
    """Its name, such as `digits-predictor-00002`."""
    percent: int
    is_latest: bool


@frozen
class Metric:
    """A metric by which a serving is scaled."""

    name: str
    """`cpu`, `memory`, `concurrency`, `rps`, or what the cluster calls it."""
    target: str
    """`80%` of the request, or an amount for each instance, such as `500m` or `20`."""
    current: str = ""
    """The present value in the same form; empty if it is not known."""


@frozen
class Autoscaler:
    """What changes the number of instances of a serving."""

    name: str
    """The object that does, such as `HorizontalPodAutoscaler digits`."""
    least: int
    most: int
    metrics: tuple[Metric, ...] = ()
    problem: str = ""
    """Why it does not work; empty if it does."""


DONE = Rollout()
"""That of a serving whose kind does not say how far it is."""


@frozen
class Serving:
    """One version of a serving, with its instances."""

    name: str
    namespace: str
    kind: str
    version: str = ""
    """Empty if the kind has no versions, or only revisions."""
    uid: str = ""
    object_name: str = ""
    """The name of its main object, such as a Deployment."""
    created: datetime | None = None
    wanted: int = 0
    """The number of instances that it requests."""
    available: int = 0
    """The number of instances that answer, as counted by its controller."""
    address: str = ""
    """A host name, an IP address or a URL; empty if there is none yet."""
    endpoints: tuple[Endpoint, ...] = ()
    protocol: str = ""
    """The protocol of its requests, such as `v2`; empty if that is not known."""
    model: str = ""
    """The name of the model, as requests use it; empty if that is not known."""
    model_version: str = ""
    gpus: int = 0
    """The number of GPUs that all its instances request together."""
    instances: tuple[Instance, ...] = ()
    rollout: Rollout = DONE
    conditions: tuple[Condition, ...] = ()
    probes: tuple[Probe, ...] = ()
    share: Share | None = None
    """None if its traffic is not split."""
    routed: tuple[RevisionShare, ...] = ()
    """How its operator splits the traffic between its revisions; empty if it does not say."""
    canary: str = ""
    """What runs beside it on trial, such as `10%: --image v2, guard p95<300ms`; empty if nothing does."""
    revisions: tuple[Revision, ...] = ()
    """The newest first; read only with everything about one serving."""
    autoscaler: Autoscaler | None = None
    """None if there is none; read only with everything about one serving."""
    unread: tuple[Unread, ...] = ()
    """What could not be read of it."""

    @property
    def url(self) -> str:
        """The URL for HTTP requests, as far as it is known; empty if there is none."""
        if "://" in self.address or not self.address:
            return self.address
        port = next((one.port for one in self.endpoints if one.is_http), 0)
        return f"http://{self.address}:{port}" if port else ""

    @property
    def is_ready(self) -> bool:
        """Whether all requested instances answer, and are of the newest revision."""
        return self.available >= self.wanted and self.rollout.is_done

    @property
    def title(self) -> str:
        """Name and version: `digits 2`."""
        return f"{self.name} {self.version}".rstrip()
