"""The names under which engines count their traffic, from their documentation and from what they print."""

from arena.values import frozen


@frozen
class Engine:
    """The metrics of an engine. Counters of failures and of time may be missing, and so may a histogram."""

    name: str
    requests: str
    """The counter of answers, or the histogram of the duration of requests."""
    failures: tuple[str, ...] = ()
    """Counters of failed requests that `requests` does not contain."""
    duration: str = ""
    """That histogram, or the counter of the total duration, if `requests` is neither."""
    unit: float = 1.0
    """Seconds in one unit of it."""
    in_flight: tuple[str, ...] = ()
    """Gauges of the requests that wait or are being answered."""
    tokens: str = ""
    """The counter of generated tokens."""

    @property
    def seconds(self) -> str:
        """The histogram of the duration of requests, or the counter of their total duration."""
        return self.duration or self.requests


PROXY = Engine(
    name="proxy",
    requests="arena_proxy_requests_total",
    duration="arena_proxy_request_duration_seconds",
    in_flight=("arena_proxy_requests_in_flight",),
)
"""The proxy of the local cluster (arena/local/machinery/traffic_metrics.py)."""
ENGINES = (
    PROXY,
    # https://docs.vllm.ai, "Production Metrics"
    Engine(
        name="vLLM",
        requests="vllm:request_success_total",
        duration="vllm:e2e_request_latency_seconds",
        in_flight=("vllm:num_requests_running", "vllm:num_requests_waiting"),
        tokens="vllm:generation_tokens_total",
    ),
    # https://docs.sglang.ai, "Production Metrics"
    Engine(
        name="SGLang",
        requests="sglang:e2e_request_latency_seconds",
        in_flight=("sglang:num_running_reqs", "sglang:num_queue_reqs"),
        tokens="sglang:generation_tokens_total",
    ),
    # Text Generation Inference: https://huggingface.co/docs/text-generation-inference, "Metrics"
    Engine(
        name="TGI",
        requests="tgi_request_count",
        duration="tgi_request_duration",
        in_flight=("tgi_queue_size", "tgi_batch_current_size"),
        tokens="tgi_request_generated_tokens_sum",
    ),
    # https://docs.nvidia.com/deeplearning/triton-inference-server, "Metrics"; its times are in microseconds
    Engine(
        name="Triton",
        requests="nv_inference_request_success",
        failures=("nv_inference_request_failure",),
        duration="nv_inference_request_duration_us",
        unit=1e-6,
        in_flight=("nv_inference_pending_request_count",),
    ),
    # tensorflow_serving/servables/tensorflow/util.cc; microseconds
    Engine(
        name="TF Serving",
        requests=":tensorflow:serving:request_count",
        duration=":tensorflow:serving:request_latency",
        unit=1e-6,
    ),
    # https://pytorch.org/serve/metrics.html; microseconds
    Engine(
        name="TorchServe",
        requests="ts_inference_requests_total",
        failures=("Requests5XX",),
        duration="ts_inference_latency_microseconds",
        unit=1e-6,
    ),
    # kserve/metrics.py
    Engine(name="KServe", requests="request_predict_seconds"),
    # mlserver/metrics
    Engine(
        name="MLServer",
        requests="model_infer_request_success_total",
        failures=("model_infer_request_failure_total",),
        duration="model_infer_request_duration",
    ),
    # https://docs.seldon.io, "Metrics": its orchestrator, and a model without it
    Engine(
        name="Seldon",
        requests="seldon_api_executor_server_requests_seconds",
    ),
    Engine(
        name="Seldon",
        requests="seldon_api_model_client_requests_seconds",
    ),
    # Usual names of programs: https://opentelemetry.io, "Semantic conventions for HTTP metrics", and of
    # instrumentations for FastAPI, Flask and Spring
    Engine(
        name="HTTP",
        requests="http_server_request_duration_seconds",
        in_flight=("http_server_active_requests",),
    ),
    Engine(
        name="HTTP",
        requests="http_request_duration_seconds",
        in_flight=("http_requests_in_progress",),
    ),
    Engine(name="HTTP", requests="http_requests_total", duration="http_request_duration_seconds"),
)
"""All engines; the first whose requests a text contains is chosen."""
STATUS_LABELS = ("code", "status", "status_code", "http_response_status_code")
"""Labels that say how a request ended."""
