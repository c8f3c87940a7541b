"""What measuring a server found."""

from datetime import datetime

from arena.values import frozen


@frozen
class Bucket:
    """The number of durations from `low` to below `high`, in seconds."""

    low: float
    high: float
    count: int


@frozen
class Distribution:
    """Figures of many durations, in seconds; all are 0 if there is none.

    Percentiles are nearest ranks, exact to 0.2 %; count, mean, min and max are exact.
    """

    count: int = 0
    mean: float = 0.0
    min: float = 0.0
    p50: float = 0.0
    p90: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    p999: float = 0.0
    max: float = 0.0
    buckets: tuple[Bucket, ...] = ()
    """In order, 16 between a duration and its double, without empty ones."""


@frozen
class Slot:
    """The requests that began, or were due, in one span of the measurement."""

    start: float
    """Seconds since the measurement began."""
    seconds: float
    count: int = 0
    """Right answers."""
    errors: int = 0
    p50: float = 0.0
    p99: float = 0.0
    max: float = 0.0


@frozen
class Failure:
    """A kind of error, such as `refused`, `timeout` or `status 503`, and how often it came."""

    kind: str
    count: int
    example: str = ""
    """What the server said the first time."""


@frozen
class Load:
    """How a server is loaded.

    With `rps`, requests are due at a constant rate whatever the server does (open loop), and latency counts
    from the moment at which a request was due. Without, each of `concurrency` connections sends its next
    request when the last was answered (closed loop).
    """

    rps: float | None = None
    concurrency: int = 1
    duration: float = 10.0
    """Seconds in which requests begin."""
    requests: int | None = None
    """Maximum number of requests; None for any."""
    warmup: float = 1.0
    """Seconds of load before the measurement begins."""
    timeout: float = 30.0
    """Seconds after which a request has failed."""
    connections: int = 1000
    """Maximum number of connections to each server at a constant rate; further requests wait, and the wait
    counts."""


@frozen
class Tokens:
    """What a language model wrote."""

    count: int = 0
    per_second: float = 0.0
    first: Distribution = Distribution()
    """From the request to the first token."""
    between: Distribution = Distribution()
    """From one piece of an answer to the next."""


@frozen
class Benchmark:
    """What measuring one server found."""

    name: str
    url: str
    load: Load
    protocol: str = ""
    model: str = ""
    started: datetime | None = None
    seconds: float = 0.0
    """The length of the measurement, to the last answer."""
    succeeded: int = 0
    failures: tuple[Failure, ...] = ()
    """The most frequent kind first."""
    unanswered: int = 0
    """Requests that were under way when the measurement was interrupted."""
    latency: Distribution = Distribution()
    """Of the right answers: to their last byte."""
    tokens: Tokens | None = None
    """None if the protocol has no tokens."""
    connections: int = 0
    """The number of connections that were opened."""
    bytes_received: int = 0
    slots: tuple[Slot, ...] = ()
    client_share: float = 0.0
    """The share of one core that the measuring itself took; near 1, it limits the figures."""
    interrupted: bool = False
    remark: str = ""
    """What the user should know of the way to the server; "" if nothing."""

    @property
    def failed(self) -> int:
        """The number of requests that failed."""
        return sum(one.count for one in self.failures)

    @property
    def requests(self) -> int:
        """The number of requests that ended."""
        return self.succeeded + self.failed

    @property
    def error_share(self) -> float:
        """The share of the requests that failed, 0 to 1."""
        return self.failed / self.requests if self.requests else 0.0

    @property
    def throughput(self) -> float:
        """Right answers a second."""
        return self.succeeded / self.seconds if self.seconds else 0.0
