"""arena serve predict: send an input to a serving and print its answer."""

import sys
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _flags
from arena.commands._globals import pass_session
from arena.commands.serve import _requests
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.actions.serving.predict import Tell
    from arena.model.predictions import Prediction
    from arena.session import Session


@click.command("predict")
@click.argument("words", nargs=-1, metavar="[SERVING] [INPUT]", shell_complete=_requests.servers)
@click.option(
    "--url", metavar="URL", callback=_requests.url, help="Server to use instead of a serving of the cluster."
)
@_requests.options
@_flags.output_option("text", "json", "yaml", default="text")
@pass_session
def command(session: "Session", words: tuple[str, ...], url: str | None, form: str, **flags: Any) -> None:
    """Send an input to a serving and print its answer.

    SERVING is a name, NAME@VERSION or a URL. INPUT is JSON, text for a language model, @FILE with either or
    with an image, or - for standard input. An array is wrapped into the body that the protocol asks for.

    `-o json` prints the answer as the server sent it. How long it took is printed on stderr.

    \b
    arena serve predict digits '[[0, 0, 5, 13]]'
    arena serve predict digits@2 @sample.json -o json
    arena serve predict --url http://127.0.0.1:8000 --model net @cat.png
    arena serve predict chat 'Tell me a joke.'
    """
    from arena.actions.serving.predict import predict
    from arena.views.predictions import timing

    name, text = _split(words, url)
    server = _requests.server(session, name, url, flags)
    shown = _Shown()
    found = predict(session, server, _requests.content(text), _listener(form, shown))
    _print(session, found, form, streamed=shown.any)
    if found.remark:
        _console.remark(found.remark)
    _console.remark(timing(found))


class _Shown:
    """Prints pieces of a text as they come."""

    def __init__(self) -> None:
        self.any = False

    def show(self, piece: str) -> None:
        self.any = True
        _console.page(piece, nl=False)


def _listener(form: str, shown: _Shown) -> "Tell | None":
    """What takes the pieces of a text; JSON is not streamed, since it is printed as the server sends it."""
    return shown.show if form == "text" else None


def _split(words: tuple[str, ...], url: str | None) -> tuple[str, str | None]:
    """The serving and the input."""
    if len(words) > (1 if url else 2):
        hint = "put it in quotes, so that the shell passes it as one word"
        raise SpecError(f'"{words[-1][:40]}" comes after the input', hint)
    if url:
        return "", words[0] if words else None
    if not words:
        raise SpecError("neither a serving nor a URL was given", "arena serve list shows the servings")
    return words[0], words[1] if len(words) > 1 else None


def _print(session: "Session", found: "Prediction", form: str, *, streamed: bool) -> None:
    from arena.commands import _show
    from arena.views import predictions

    if form == "json":
        _console.page(predictions.raw(found))
    elif streamed:
        _console.page("")
        sys.stdout.flush()
    else:
        _show.show_one(session, predictions.PREDICTIONS, found, form)
