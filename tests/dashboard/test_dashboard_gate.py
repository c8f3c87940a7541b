"""Who may ask the server of the page, as a table."""

import pytest

from arena.dashboard import gate

TOKEN = gate.token()
HERE = {"Host": "127.0.0.1:8080"}


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        (HERE, True),
        ({"Host": "localhost:9000"}, True),
        ({"Host": "[::1]:1"}, True),
        ({"Host": "127.0.0.1"}, True),
        ({}, False),
        ({"Host": ""}, False),
        ({"Host": "evil.example:8080"}, False),
        ({"Host": "127.0.0.1.evil.example:8080"}, False),
        ({"Host": "127.0.0.1:8080@evil.example"}, False),
        ({"Host": "127.0.0.1:8080, evil.example"}, False),
        ({"Host": "0.0.0.0:8080"}, False),
        ({**HERE, "Origin": "http://127.0.0.1:8080"}, True),
        ({**HERE, "Origin": "http://127.0.0.1:8081"}, False),
        ({**HERE, "Origin": "https://127.0.0.1:8080"}, False),
        ({**HERE, "Origin": "http://evil.example"}, False),
        ({**HERE, "Origin": "null"}, False),
        ({**HERE, "Origin": ""}, False),
    ],
)
def test_places(headers: dict[str, str], allowed: bool) -> None:
    """A request is answered only if it names this machine, and no other site sent it."""
    assert (gate.misplaced(headers) == "") is allowed


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, True),
        ({"Authorization": f"Bearer {TOKEN}", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Authorization": f"Bearer {TOKEN}", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Authorization": f"Bearer {TOKEN}", "Sec-Fetch-Site": "same-site"}, False),
        ({"Authorization": f"bearer{TOKEN}"}, False),
        ({"Authorization": f"Basic {TOKEN}"}, False),
        ({"Authorization": f"Bearer {TOKEN}x"}, False),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, False),
        ({"Authorization": "Bearer \udcff"}, False),
        ({"Authorization": "Bearer "}, False),
        ({"Cookie": f"token={TOKEN}"}, False),
        ({}, False),
    ],
)
def test_tokens(headers: dict[str, str], allowed: bool) -> None:
    """Only who sends the token of this run in a header, from the page itself, gets what the page reads."""
    assert (gate.refusal(headers, TOKEN) == "") is allowed


def test_token_is_new() -> None:
    """Each run has a token of its own, of 256 bits."""
    assert len({gate.token() for _ in range(100)}) == 100
    assert len(TOKEN) >= 43
