"""A model server of the tests' own: `python modelserver.py --model_name=M --model_dir=FOLDER`.

The model is the file `model.json` with `{"weights": [...]}`; its prediction is the weighted sum of a row.
With `--predictor_host` it is a transformer, which doubles every value and asks the predictor. It speaks v1.
It ends on SIGTERM, also as the first process of a container.
"""

import argparse
import http.server
import json
import os
import signal
import sys
import threading
import urllib.request
from pathlib import Path


def load(folder: str) -> list[float]:
    """The weights."""
    path = Path(folder) / "model.json"
    if not path.is_file():
        sys.exit(f"error: no model in {path.parent.name}: {path.name} is missing")
    return json.loads(path.read_text())["weights"]


def predict(weights: list[float], rows: list[list[float]]) -> list[float]:
    """The weighted sums."""
    return [sum(a * b for a, b in zip(weights, row, strict=True)) for row in rows]


def ask(host: str, name: str, rows: list[list[float]]) -> list[float]:
    """What the predictor says of the doubled rows."""
    body = json.dumps({"instances": [[2 * value for value in row] for row in rows]}).encode()
    with urllib.request.urlopen(f"http://{host}/v1/models/{name}:predict", body, timeout=30) as answer:
        return json.load(answer)["predictions"]


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model_name", required=True)
    parser.add_argument("--model_dir")
    parser.add_argument("--predictor_host")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--http_port", type=int, default=os.environ["PORT"])
    given = parser.parse_args()
    weights = load(given.model_dir) if given.model_dir else []
    revision = os.environ.get("REVISION", "")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer is one packet

        def do_GET(self) -> None:
            self.answer({"name": given.model_name, "ready": True})

        def do_POST(self) -> None:
            rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
            found = (
                ask(given.predictor_host, given.model_name, rows)
                if given.predictor_host
                else predict(weights, rows)
            )
            self.answer({"predictions": found, "revision": revision})

        def answer(self, body: object) -> None:
            text = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
            self.wfile.flush()

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer((given.host, given.http_port), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
