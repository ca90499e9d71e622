"""Which addresses become links."""

import pytest

from router.message.summary import is_web_address


@pytest.mark.parametrize(
    ("href", "safe"),
    [
        ("https://runbooks.conecta360.example/database-down?a=1&b=2#top", True),
        ("HTTP://grafana.internal:3000/d/casos", True),
        ("", False),
        ("runbooks/database-down", False),
        ("https://", False),
        ("javascript://evil.example/%0aalert(1)", False),
        ("ftp://evil.example/", False),
        ("https://evil.example/|Runbook> <!channel", False),
        ('https://evil.example/"onclick=', False),
        ("https://evil.example/\r\nBcc: a@b.example", False),
        ("https://evil.example\\@conecta360.example/", False),
        ("https://[::1", False),
        ("https://evil.example/" + "a" * 2000, False),
    ],
)
def test_only_web_addresses_that_cannot_end_early_become_links(href: str, safe: bool) -> None:
    assert is_web_address(href) is safe
