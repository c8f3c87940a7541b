"""The web page of a sweep: safe whatever the names are, small, and usable with pointer and keyboard."""

import base64
import hashlib
import json
import re
import time
from html.parser import HTMLParser

import browser
import pytest
import sweep_samples
from sweep_samples import ACCURACY, HOSTILE, LOSS
from test_sweep_plots import SAMPLES, prepared

from arena.values import replace
from arena.views.sweep_plots import fitting
from arena.views.sweep_plots.page import page


def page_of(found):
    return page(found, fitting(len(found.objectives)))


BUDGET = 300_000
"""Bytes of a page with 500 trials."""


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the texts in them."""

    def __init__(self, text):
        super().__init__()
        self.found, self.texts = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append((self.found[-1][0] if self.found else "", data))


@pytest.fixture(scope="module")
def chromium():
    """A browser for the tests of this module."""
    if browser.PROGRAM is None:
        pytest.skip(browser.MISSING)
    with browser.Browser() as opened:
        yield opened


@pytest.fixture
def opened(chromium, tmp_path):
    """Opens the page of a sweep; at the end nothing was refused, thrown or loaded from elsewhere."""

    def open_page(found, **how):
        path = tmp_path / "sweep.html"
        path.write_text(page_of(prepared(found)), encoding="utf-8")
        chromium.open(path, **how)
        return chromium

    chromium.events.clear()
    yield open_page
    assert chromium.faults() == []


@pytest.mark.parametrize("sample", SAMPLES)
def test_structure(sample):
    """Names of a sweep are data of the page: all pages have the same elements, and no event handlers."""
    found = Elements(page_of(prepared(SAMPLES[sample])))
    tags = "html head meta meta meta meta title style body noscript p main script script"
    assert " ".join(tag for tag, _ in found.found) == tags
    assert not [key for _, attributes in found.found for key in attributes if key.startswith("on")]


def test_policy():
    """The policy allows the page's own script and style sheet by their digests, and nothing else."""
    found = Elements(page_of(prepared(SAMPLES["hostile"])))
    policy = next(attributes["content"] for _, attributes in found.found if "http-equiv" in attributes)
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    contents = {tag: text for tag, text in found.texts if tag in ("style", "script") and text.strip()}
    digests = {
        tag: f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for tag, text in contents.items()
    }
    assert allowed == {
        "default-src": "'none'", "script-src": digests["script"], "style-src": digests["style"],
        "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip


def test_addresses():
    """The page refers to nothing outside of itself."""
    text = page_of(prepared(SAMPLES["many"]))
    assert set(re.findall(r"\w+://[^\"'`]*", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.findall(r"@import|url\(|\bsrc=|\bhref=", text)


def test_size():
    """A page with 500 trials stays within its budget, also with many parameters and three metrics."""
    many = sweep_samples.sweep(500, goals=(ACCURACY, LOSS), parameters=sweep_samples.PARAMETERS)
    assert len(page_of(prepared(many)).encode()) < BUDGET
    goals = SAMPLES["parameters"].objectives
    most = sweep_samples.sweep(500, goals=goals, parameters=sweep_samples.MANY)
    assert len(page_of(prepared(most)).encode()) < 1.5 * BUDGET


@pytest.mark.parametrize("sample", SAMPLES)
def test_drawn(sample, opened):
    """The page has each trial in its table, the plots that make sense, and it fits its window."""
    found = SAMPLES[sample]
    shown = opened(found)
    assert shown.run("document.querySelectorAll('tbody tr').length") == len(found.trials)
    assert shown.run("document.querySelectorAll('section').length") == (8 if len(found.objectives) > 1 else 7)
    assert shown.run("document.documentElement.scrollWidth <= innerWidth")
    assert shown.run("[...document.querySelectorAll('svg text')].every(one => one.getBBox().width < 400)")


def test_hostile_names(opened):
    """Markup in names is shown as text, and runs nothing."""
    shown = opened(SAMPLES["hostile"])
    visible_name = HOSTILE.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
    assert shown.run("document.querySelector('h1').textContent") == f"Sweep {visible_name}"
    assert shown.run("document.title") == f"Sweep {visible_name}"
    assert shown.run("document.images.length + document.querySelectorAll('script').length") == 2
    heads = shown.run("[...document.querySelectorAll('th button')].map(one => one.textContent)")
    assert visible_name in heads
    assert "__proto__" in heads


CENTRE = """(selector => {
  const one = document.querySelector(selector);
  one.scrollIntoView({ block: "center" });
  const { x, y, width, height } = one.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
})(%s)"""
CHOSEN = "[...document.querySelectorAll('tr.chosen')].map(one => one.cells[0].textContent)"
READOUT = "document.querySelector('.readout').hidden ? '' : document.querySelector('.readout').innerText"
FIRST = "[...document.querySelectorAll('tbody tr')].slice(0, 3).map(one => one.cells[0].textContent)"
HIGHLIGHTS = "[...document.querySelectorAll('g.hot')].map(one => one.childElementCount > 0)"


def centre(shown, selector):
    """The middle of an element in the window, to which the page scrolls."""
    return shown.run(CENTRE % json.dumps(selector))


def test_pointer(opened):
    """A trial under the pointer is highlighted in all plots and in the table; a click keeps it."""
    found = SAMPLES["few"]
    shown = opened(found)
    best = str(found.best().number)
    x, y = centre(shown, "#history path.best[data-state]")
    shown.move(x, y)
    assert shown.run(CHOSEN) == [best]
    assert all(shown.run(HIGHLIGHTS)[at] for at in (0, 1))
    assert shown.run(READOUT).startswith(f"Trial {best} (best): succeeded")
    shown.move(5, 5)
    assert (shown.run(CHOSEN), shown.run(READOUT)) == ([], "")
    shown.click(*centre(shown, "#history path.best[data-state]"))
    shown.move(5, 5)
    assert shown.run(CHOSEN) == [best]
    assert "Close" in shown.run(READOUT)
    shown.press("Escape")
    assert shown.run(CHOSEN) == []


def test_sorting(opened):
    """A click on a column sorts by it, the best first for a metric; another one reverses the order."""
    found = SAMPLES["some"]
    shown = opened(found)
    ranked = [str(one.number) for one in found.ranked()]
    assert shown.run(FIRST) == ranked[:3]
    shown.click(*centre(shown, "th:first-child button"))
    assert shown.run(FIRST) == ["1", "2", "3"]
    shown.click(*centre(shown, "th:first-child button"))
    assert shown.run(FIRST) == ["60", "59", "58"]
    assert shown.run("document.querySelector('th').getAttribute('aria-sort')") == "descending"
    shown.click(*centre(shown, "th:nth-child(3) button"))
    shown.click(*centre(shown, "th:nth-child(3) button"))
    worst = [one.number for one in found.ranked() if one.losses(found.objectives)][-1]
    assert shown.run(FIRST)[0] == str(worst)


def test_hidden_trials(opened):
    """Failed trials can be hidden everywhere."""
    found = SAMPLES["some"]
    shown = opened(found)
    failed = "[...document.querySelectorAll('[data-state=failed]')]"
    seen = f"{failed}.filter(one => one.getClientRects().length).length"
    assert shown.run(seen) > 5
    shown.click(*centre(shown, "#hide-failed"))
    assert shown.run(seen) == 0
    shown.click(*centre(shown, "#hide-failed"))
    assert shown.run(seen) > 5


def test_keyboard(opened):
    """Keys move through the table: each trial is highlighted; Enter keeps it, Escape ends it."""
    found = SAMPLES["some"]
    ranked = [str(one.number) for one in found.ranked()]
    shown = opened(found)
    shown.run("document.querySelector('tbody tr[tabindex=\"0\"]').focus()")
    assert shown.run(CHOSEN) == ranked[:1]
    shown.press("ArrowDown")
    shown.press("ArrowDown")
    assert shown.run(CHOSEN) == ranked[2:3]
    shown.press("ArrowUp")
    shown.press("Enter")
    assert shown.run("document.querySelector('[aria-current]').cells[0].textContent") == ranked[1]
    shown.press("Escape")
    assert shown.run(READOUT) == ""


def test_phone(opened):
    """On a phone, only the table and wide plots scroll sideways; labels are at least 8 pixels high."""
    shown = opened(SAMPLES["many"], width=390, height=844, touch=True)
    assert shown.run("document.documentElement.scrollWidth") == 390
    heights = (
        "[...document.querySelectorAll('section svg text')].map(one => one.getBoundingClientRect().height)"
    )
    assert min(shown.run(heights)) >= 8


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_colours(dark, opened):
    """Text is readable on light and on dark paper."""
    shown = opened(SAMPLES["few"], dark=dark)
    ratio = """(() => {
      const light = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(one => one / 255)
        .map(one => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
      const paper = light(getComputedStyle(document.querySelector("section")).backgroundColor);
      return [...document.querySelectorAll("svg text, td, p, h2, a, th button")].map(one => {
        const style = getComputedStyle(one), ink = light(one.closest("svg") ? style.fill : style.color);
        return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
      }).reduce((least, one) => Math.min(least, one), 21);
    })()"""
    assert shown.run(ratio) >= 4.5


def test_thousands_of_trials():
    """The time for a page grows with the number of trials, and not with its square."""
    found = prepared(sweep_samples.sweep(5000))
    before = time.process_time()
    assert page_of(found).count("\n") < 1000
    assert time.process_time() - before < 12


def test_further_metrics(opened):
    """Metrics that the sweep only records have a column, too; what a trial lacks is empty."""
    found = SAMPLES["some"]
    first = replace(found.trials[0], metrics={**found.trials[0].metrics, "size": 12.5})
    shown = opened(replace(found, metrics=("size", "val_accuracy"), trials=(first, *found.trials[1:])))
    heads = shown.run("[...document.querySelectorAll('th button')].map(one => one.textContent)")
    assert heads[2:4] == ["val_accuracy", "size"]
    shown.click(*centre(shown, "th:nth-child(4) button"))
    cells = "[...document.querySelectorAll('tbody tr')].slice(0, 2).map(one => one.cells[3].textContent)"
    assert shown.run(cells) == ["12.5", ""]
    shown.run("document.querySelector('tbody tr').click()")
    assert "size 12.5" in shown.run(READOUT).replace("\n", " ")
