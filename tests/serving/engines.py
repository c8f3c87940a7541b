"""Small servers that speak as inference servers do, by what was seen of the real ones."""

import base64
import json
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Asked(NamedTuple):
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)


Route = Callable[[Asked], tuple[int, Any]]
"""Returns the status, and the body: JSON, bytes, or pieces of a stream."""


class Engine:
    """A server with routes, by method and path; it keeps the requests that came."""

    def __init__(self, routes: dict[str, Any]) -> None:
        self.asked: list[Asked] = []
        engine = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, self.path, headers, body)
                engine.asked.append(asked)
                found = routes.get(f"{self.command} {self.path}", (404, {"detail": "Not Found"}))
                status, said = found(asked) if callable(found) else found
                self.send_response(status)
                if isinstance(said, Iterator):
                    self.stream(said)
                    return
                sent = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def stream(self, pieces: Iterator[bytes]) -> None:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for piece in pieces:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")

            do_GET = do_POST = answer

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def last(self) -> Asked:
        """The last request."""
        return self.asked[-1]


@contextmanager
def running(routes: dict[str, Any]) -> Iterator[Engine]:
    engine = Engine(routes)
    try:
        yield engine
    finally:
        engine.close()


def kserve() -> dict[str, Any]:
    """V1 and V2 with a model whose inputs are not described, as KServe's server of scikit-learn."""
    return {
        "GET /v2": (200, {"name": "kserve", "version": "0.21.0", "extensions": ["model_repository"]}),
        "GET /v2/models": (200, {"models": ["digits"]}),
        "GET /v2/models/digits": (200, {"name": "digits", "platform": "", "inputs": [], "outputs": []}),
        "GET /v1/models": (200, {"models": ["digits"]}),
        "POST /v1/models/digits:predict": lambda asked: (
            200, {"predictions": [sum(row) for row in asked.data["instances"]]}
        ),
        "POST /v2/models/digits/infer": infer,
    }  # fmt: skip


def triton(*inputs: dict[str, Any]) -> dict[str, Any]:
    """V2 with a described model, as Triton."""
    return {
        "GET /v2": (200, {"name": "triton", "version": "2.51.0", "extensions": ["binary_tensor_data"]}),
        "POST /v2/repository/index": (200, [{"name": "net", "version": "1", "state": "READY"}]),
        "GET /v2/models/net": (
            200,
            {"name": "net", "versions": ["1"], "inputs": list(inputs), "outputs": []},
        ),
        "POST /v2/models/net/infer": infer,
    }


def infer(asked: Asked) -> tuple[int, Any]:
    """Answer with what came, in JSON."""
    size = int(asked.headers.get("inference-header-content-length") or len(asked.body))
    head, tail = json.loads(asked.body[:size]), asked.body[size:]
    outputs = []
    for one in head["inputs"]:
        data = one.get("data")
        if length := one.get("parameters", {}).get("binary_data_size"):
            data, tail = _unpacked(one, tail[:length]), tail[length:]
        kept = {"name": f"{one['name']}-out", "shape": one["shape"], "datatype": one["datatype"]}
        outputs.append({**kept, "data": data})
    return 200, {"model_name": "net", "outputs": outputs}


def _unpacked(one: dict[str, Any], raw: bytes) -> list[Any]:
    if one["datatype"] == "FP16":
        return list(struct.unpack(f"<{len(raw) // 2}e", raw))
    assert struct.unpack("<I", raw[:4])[0] == len(raw) - 4
    return [base64.b64encode(raw[4:]).decode()]


def tf_serving() -> dict[str, Any]:
    """V1 with a described model, as TF Serving, which lists no models."""
    dims = [{"size": "-1", "name": ""}, {"size": "4", "name": ""}]
    described = {
        "x": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": dims, "unknown_rank": False}, "name": "x:0"}
    }
    signature = {"serving_default": {"inputs": described, "outputs": {}}}
    return {
        "GET /v1/models": (404, {"error": "Malformed request: GET /v1/models"}),
        "GET /v1/models/net/metadata": (200, {"metadata": {"signature_def": {"signature_def": signature}}}),
        "POST /v1/models/net:predict": lambda asked: (200, {"predictions": asked.data["instances"]}),
    }


def torchserve() -> dict[str, Any]:
    """TorchServe: handlers read and answer what they like."""
    return {
        "GET /ping": (200, {"status": "Healthy"}),
        "POST /predictions/net": lambda asked: (
            200, {"type": asked.headers["content-type"], "length": len(asked.body)}
        ),
    }  # fmt: skip


def seldon() -> dict[str, Any]:
    """A microservice of Seldon."""
    return {
        "GET /health/ping": (200, b"pong"),
        "POST /api/v1.0/predictions": lambda asked: (200, {**asked.data, "meta": {}}),
    }


def openai(*words: str, model: str = "tiny") -> dict[str, Any]:
    """A language model that says these words, streamed if asked to."""

    def speak(asked: Asked) -> tuple[int, Any]:
        wanted, chat = asked.data, "chat" in asked.path
        usage = {"prompt_tokens": 1, "completion_tokens": len(words) * 2}
        if not wanted.get("stream"):
            text = "".join(words)
            choice = {"message": {"content": text}} if chat else {"text": text}
            return 200, {"choices": [{**choice, "finish_reason": "stop"}], "usage": usage}
        return 200, events(words, chat, usage if wanted.get("stream_options") else None)

    return {
        "GET /v1/models": (200, {"object": "list", "data": [{"id": model, "object": "model"}]}),
        "POST /v1/chat/completions": speak,
        "POST /v1/completions": speak,
    }


def events(words: tuple[str, ...], chat: bool, usage: dict[str, int] | None) -> Iterator[bytes]:
    """Server-sent events, cut at odd places."""
    said: list[dict[str, Any]] = [{"choices": [{"delta": {"role": "assistant"}}]}] if chat else []
    for word in words:
        said.append({"choices": [{"delta": {"content": word}} if chat else {"text": word}]})
    said.append({"choices": [], "usage": usage} if usage else {"choices": []})
    text = b"".join(b"data: %b\r\n\r\n" % json.dumps(one).encode() for one in said) + b"data: [DONE]\n\n"
    for start in range(0, len(text), 7):
        yield text[start : start + 7]
