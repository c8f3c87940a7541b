"""Addresses, paths and queries are as `urllib.parse` reads and writes them."""

from urllib.parse import quote, urlencode, urlsplit

from hypothesis import assume, example, given
from hypothesis import strategies as st

from arena.kube import urls
from arena.kube.kubeconfig import PROXIES, is_address

TEXT = st.text(st.characters(codec="utf-8"))
PIECES = [*"aZ09/:?#@[]%.-~_ ü", "http://", "https://", "SOCKS5://", "::1", "6443", "host"]
HOSTS = ["10.0.0.1", "API.Test", "[::1]", "[fe80::1%Eth0]", "u:p@host", "u@[FD00::1]", "a_b.", "bücher.de"]
ENDS = ["", "/", "/a%20b/c", "?q=/@x", "#f/@x", "/a?b#c"]
ADDRESSES = st.tuples(
    st.sampled_from(["http://", "HTTPS://", "socks5h://"]), st.sampled_from(HOSTS),
    st.sampled_from(["", ":", ":80", ":65535"]), st.sampled_from(ENDS),
)  # fmt: skip
TEXTS = ADDRESSES.map("".join) | st.lists(st.sampled_from(PIECES)).map("".join)


@given(TEXTS)
@example("https://user:a/b@host:1/path")
def test_addresses(url: str) -> None:
    """The parts of every valid address are those that the standard library finds."""
    assume(is_address(url, PROXIES))
    ours, theirs = urls.address(url), urlsplit(url)
    assert (ours.scheme, ours.host, ours.port) == (theirs.scheme, theirs.hostname, theirs.port)
    assert (ours.netloc, ours.path) == (theirs.netloc.rpartition("@")[2], theirs.path)


@given(TEXT, st.sampled_from(["", "/:@", " "]))
def test_paths(text: str, safe: str) -> None:
    """All text is encoded as by the standard library."""
    assert urls.quoted(text, safe) == quote(text, safe)


@given(st.lists(st.tuples(TEXT, TEXT | st.integers() | st.lists(TEXT | st.integers()))))
def test_queries(parameters: list) -> None:
    """A query is as that of a form, in which lists give several parameters of one name."""
    assert urls.query(parameters) == urlencode(parameters, doseq=True)
