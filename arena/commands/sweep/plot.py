"""arena sweep plot: show the plots of a sweep, or save them as a picture or a web page."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _family, _flags, _pictures
from arena.commands._globals import pass_session
from arena.commands.sweep._family import SWEEPS
from arena.errors import SpecError
from arena.values import frozen
from arena.views.sweep_plots import KINDS, UNRANKED, fitting

if TYPE_CHECKING:
    from arena.model.sweeps import Sweep
    from arena.session import Session
    from arena.views.sweep_plots.study import Study

FORMATS = ("terminal", "svg", "png", "html")


@frozen
class Target:
    """Where plots go."""

    form: str
    path: str
    """The file; "-" for standard output."""
    opens: bool


@click.command("plot")
@_family.name_argument(SWEEPS)
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS),
              help="Plot to show; repeat it for several.  [default: all]")  # fmt: skip
@click.option("--param", "parameters", multiple=True, metavar="PARAMETER", callback=_flags.validated("text"),
              help="Parameter to show; repeat it for several.  [default: the most important]")  # fmt: skip
@click.option("-o", "--output", "form", type=click.Choice(FORMATS), default=None,
              help="Output format; `html` is a page that works offline.  [default: terminal]")  # fmt: skip
@click.option("--file", "path", metavar="FILE.svg|png|html", callback=_flags.validated("text"),
              help="File to save; `-` is standard output.  [default: the sweep's name]")  # fmt: skip
@click.option("--html", "page", metavar="FILE.html", callback=_flags.validated("text"),
              help="Save the web page; the same as -o html --file FILE.")  # fmt: skip
@click.option("--open", "opens", is_flag=True, help="Open the file in the browser.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Use ASCII only in the terminal.")
@pass_session
def command(session: "Session", name: str, **flags: Any) -> None:
    """Show the trials of a sweep as plots: in the terminal, as a picture or as a web page.

    \b
    arena sweep plot digits
    arena sweep plot digits --kind history --kind importance
    arena sweep plot digits --html digits.html --open
    arena sweep plot digits --kind contour --param lr --param batch --file contour.png
    """
    from arena.actions.sweeps import find

    target = _target(name, flags)
    found = find.sweep(session, name)
    _console.missing(found.unread)
    kinds = flags["kinds"] or fitting(len(found.objectives))
    made = _study(session, found, kinds, flags["parameters"])
    if target.form == "terminal":
        _console.coloured(_text(made, kinds, flags["ascii_only"]))
    elif target.path == "-":
        _pictures.save(_content(made, kinds, target.form), "-")
    else:
        _save(_content(made, kinds, target.form), target)


def _target(name: str, flags: dict[str, Any]) -> Target:
    """What the flags ask for; raises SpecError if they contradict each other."""
    form, path, page, opens = (flags[key] for key in ("form", "path", "page", "opens"))
    if page is not None and (path is not None or form not in (None, "html")):
        raise SpecError("--html is the same as -o html --file FILE", "omit --file and -o")
    if page is not None:
        form, path = "html", page
    if form is None:
        form = _pictures.form(path, FORMATS[1:]) if path else "html" if opens else "terminal"
    if form == "terminal" and (path or opens):
        raise SpecError("plots in the terminal are not saved", "give -o svg, -o png or -o html")
    path = path or f"{name}.{form}"
    if opens and path == "-":
        raise SpecError("--open needs a file", "give another --file than -")
    return Target(form=form, path=path, opens=opens)


def _study(session: "Session", found: "Sweep", kinds: Sequence[str], parameters: tuple[str, ...]) -> "Study":
    """The sweep prepared for plots; raises SpecError for parameters that it does not have."""
    from arena.actions.sweeps.importance import importances
    from arena.views.sweep_plots.study import study

    is_ranked = not set(kinds) <= UNRANKED  # Optuna, which ranks parameters, takes a second to load
    made = study(found, importances(found) if is_ranked else {}, session.now())
    known = [one.name for one in made.dimensions]
    if unknown := [one for one in parameters if one not in known]:
        hint = f"choose from {', '.join(known)}" if known else "no parameter has several values"
        raise SpecError(f"--param: the sweep varies no parameter {unknown[0]}", hint)
    return made.only(parameters) if parameters else made


def _content(study: "Study", kinds: Sequence[str], form: str) -> bytes:
    from arena.views.sweep_plots import page, plots

    if form == "png":
        return plots.as_png(study, kinds)
    return (page.page(study, kinds) if form == "html" else plots.as_svg(study, kinds)).encode()


def _text(study: "Study", kinds: Sequence[str], ascii_only: bool) -> str:
    from arena.views.sweep_plots import plots

    return plots.as_text(study, kinds, _pictures.columns(), _pictures.ink(ascii_only))


def _save(content: bytes, target: Target) -> None:
    _pictures.save(content, target.path)
    if target.opens:
        _open(target.path)


def _open(path: str) -> None:
    import webbrowser
    from pathlib import Path

    if not webbrowser.open(Path(os.path.abspath(path)).as_uri()):
        _console.remark(f"Warning: no browser was found; open {path} yourself")
