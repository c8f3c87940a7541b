"""What engines count, read from texts in the form in which they print it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.actions.serving import servers
from arena.actions.serving.metrics import counters, exposition, scrape, watch
from arena.local.machinery import traffic_metrics

VLLM = """
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="tiny"} 2.0
vllm:num_requests_waiting{engine="0",model_name="tiny"} 1.0
vllm:generation_tokens_total{engine="0",model_name="tiny"} 640.0
vllm:request_success_total{engine="0",finished_reason="stop",model_name="tiny"} 30.0
vllm:request_success_total{engine="0",finished_reason="length",model_name="tiny"} 10.0
vllm:e2e_request_latency_seconds_bucket{engine="0",le="0.3",model_name="tiny"} 20.0
vllm:e2e_request_latency_seconds_bucket{engine="0",le="0.5",model_name="tiny"} 40.0
vllm:e2e_request_latency_seconds_bucket{engine="0",le="+Inf",model_name="tiny"} 40.0
vllm:e2e_request_latency_seconds_count{engine="0",model_name="tiny"} 40.0
vllm:e2e_request_latency_seconds_sum{engine="0",model_name="tiny"} 12.0
"""
TRITON = """
nv_inference_request_success{model="digits",version="1"} 100
nv_inference_request_failure{model="digits",reason="OTHER",version="1"} 5
nv_inference_request_failure{model="digits",reason="BACKEND",version="1"} 1
nv_inference_request_duration_us{model="digits",version="1"} 250000
nv_inference_pending_request_count{model="digits",version="1"} 4
"""
TENSORFLOW = """
:tensorflow:serving:request_count{model_name="m",status="OK"} 9
:tensorflow:serving:request_count{model_name="m",status="INVALID_ARGUMENT"} 1
:tensorflow:serving:request_latency_bucket{model_name="m",API="Predict",entrypoint="REST",le="18"} 0
:tensorflow:serving:request_latency_bucket{model_name="m",API="Predict",entrypoint="REST",le="100"} 10
:tensorflow:serving:request_latency_bucket{model_name="m",API="Predict",entrypoint="REST",le="+Inf"} 10
:tensorflow:serving:request_latency_sum{model_name="m",API="Predict",entrypoint="REST"} 500
"""
SELDON = """
seldon_api_executor_server_requests_seconds_bucket{code="200",le="0.1",service="predictions"} 7
seldon_api_executor_server_requests_seconds_count{code="200",service="predictions"} 8
seldon_api_executor_server_requests_seconds_count{code="503",service="predictions"} 2
seldon_api_executor_server_requests_seconds_sum{code="200",service="predictions"} 0.4
"""


def proxied():
    """What the local cluster tells of a pod behind two Services."""
    pod = {"pod": "a", "inFlight": 1, "ended": 5, "failures": 2, "seconds": 0.5}
    pod["latencies"] = [(0.1, 1), (0.2, 2), (None, 1)]
    port = {"namespace": "default", "protocol": "http", "groups": [{"pods": [pod]}]}
    return traffic_metrics.text([port, port, {**port, "protocol": "tcp"}])


def counted(text):
    return counters.read(exposition.samples(text))


@pytest.mark.parametrize(
    ("text", "engine", "requests", "failures", "seconds", "in_flight", "tokens"),
    [
        (VLLM, "vLLM", 40, None, 12.0, 3, 640),
        (TRITON, "Triton", 106, 6, 0.25, 4, None),
        (TENSORFLOW, "TF Serving", 10, 1, 0.0005, None, None),
        (SELDON, "Seldon", 10, 2, 0.4, None, None),
        (proxied(), "proxy", 10, 4, 1.0, 2, None),
    ],
)
def test_engines_are_known(text, engine, requests, failures, seconds, in_flight, tokens):
    """Each engine's names and units are understood; what it does not tell is None."""
    found = counted(text)
    assert (found.engine, found.requests, found.failures) == (engine, requests, failures)
    assert found.seconds == pytest.approx(seconds)
    assert (found.in_flight, found.tokens) == (in_flight, tokens)


def test_what_the_local_cluster_tells():
    """Counters have a type, and buckets are cumulative; other pods' ports are not mixed in."""
    assert proxied() == (
        "# TYPE arena_proxy_requests_total counter\n"
        'arena_proxy_requests_total{namespace="default",pod="a",code="ok"} 6\n'
        'arena_proxy_requests_total{namespace="default",pod="a",code="5xx"} 4\n'
        "# TYPE arena_proxy_requests_in_flight gauge\n"
        'arena_proxy_requests_in_flight{namespace="default",pod="a"} 2\n'
        "# TYPE arena_proxy_request_duration_seconds histogram\n"
        'arena_proxy_request_duration_seconds_bucket{namespace="default",pod="a",le="0.1"} 2\n'
        'arena_proxy_request_duration_seconds_bucket{namespace="default",pod="a",le="0.2"} 6\n'
        'arena_proxy_request_duration_seconds_bucket{namespace="default",pod="a",le="+Inf"} 8\n'
        'arena_proxy_request_duration_seconds_sum{namespace="default",pod="a"} 1\n'
        'arena_proxy_request_duration_seconds_count{namespace="default",pod="a"} 8\n'
    )
    assert traffic_metrics.text([]).count("\n") == 3


def test_differences():
    """Two readings make a difference; an instance that has started anew counts from nothing."""
    old, new = counted(VLLM), counted(VLLM.replace(" 30.0", " 50.0").replace(" 640.0", " 700.0"))
    made = counters.since(old, new)
    assert (made.requests, made.tokens, made.in_flight) == (20, 60, 3)
    assert counters.since(new, old) == old
    both = counters.together([old, new])
    assert (both.requests, both.in_flight, both.buckets[0.3]) == (100, 6, 40)
    assert counters.together([]) is None


def test_quantiles_are_those_of_prometheus():
    """Between the limits of a bucket the requests are spread evenly; the last one has no upper limit."""
    buckets = counted(VLLM).buckets
    assert counters.quantile(buckets, 0.5) == pytest.approx(0.3)
    assert counters.quantile(buckets, 0.75) == pytest.approx(0.4)
    assert counters.quantile({0.1: 5.0, math.inf: 10.0}, 0.95) == 0.1
    assert counters.quantile({0.1: 0.0, math.inf: 0.0}, 0.5) is None
    assert counters.quantile({}, 0.5) is None


def test_the_format_is_read():
    """Escapes, exponents, timestamps and blanks are part of it; lines that are none are left out."""
    text = 'a{b="x\\"y\\\\z\\n,}",c=""} 1e3 1700000000000\nd 5\nn NaN\ni +Inf\n'
    text += "broken{ 1\n# TYPE a counter\ne{} nope\n"
    found = list(exposition.samples(text))
    assert [(one.name, one.value) for one in found] == [("a", 1000.0), ("d", 5.0), ("i", math.inf)]
    assert found[0].labels == {"b": 'x"y\\z\n,}', "c": ""}


@given(st.text())
def test_any_text_is_read(text):
    """Nothing that a server answers is an error."""
    assert counters.read(exposition.samples(text)) is None


def test_where_metrics_are():
    """Annotations first, then ports that are named so, then those for HTTP; those for gRPC are left out."""
    ports = [
        {"name": "grpc-serving", "containerPort": 8500},
        {"name": "http-serving", "containerPort": 8501},
        {"name": "http-metrics", "containerPort": 8002},
        {"name": "udp", "containerPort": 53, "protocol": "UDP"},
    ]
    pod = {"metadata": {}, "spec": {"containers": [{"ports": ports}]}}
    assert list(scrape.places(pod)) == [(8002, "/metrics"), *((8501, path) for path in scrape.PATHS)]
    notes = {"prometheus.io/port": "9000", "prometheus.io/path": "own"}
    assert next(scrape.places({**pod, "metadata": {"annotations": notes}})) == (9000, "/own")
    notes = {"prometheus.io/port": "9000\r\n", "prometheus.io/path": "/x y"}
    assert next(scrape.places({**pod, "metadata": {"annotations": notes}})) == (8002, "/metrics")


def test_a_restart_loses_nothing():
    """What an instance had counted before it started anew still counts, its failures above all."""
    watched = watch._Watched(None, servers.of("digits@1"))
    first, later = (
        counted(TRITON),
        counted(TRITON.replace('"OTHER",version="1"} 5', '"OTHER",version="1"} 25')),
    )
    anew = counted(
        TRITON.replace("100", "3")
        .replace("} 5", "} 0")
        .replace('"BACKEND",version="1"} 1', '"BACKEND",version="1"} 0')
    )
    watched._note("a", first)
    watched._is_begun = True
    for reading in (later, anew):
        watched._note("a", reading)
    found = watched.benchmark(10.0, 10.0)
    assert (found.failed, found.requests) == (20, 23)
