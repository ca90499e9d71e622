"""A runbook's text: read from the catalog's folder and nowhere else, and shown without harm."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.web.page.runbook import (
    LARGEST_BYTES,
    read_runbook,
    read_runbook_text,
    render_markdown,
    runbook_name,
)

SECRET = "what only the router may read"


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    folder = tmp_path / "catalog"
    (folder / "runbooks").mkdir(parents=True)
    (folder / "runbooks" / "high-error-rate.md").write_text("# High\n\nLook.\n")
    (folder / "secret.md").write_text(SECRET)
    (tmp_path / "secret.md").write_text(SECRET)
    (tmp_path / "secret").write_text(SECRET)
    return folder


@pytest.mark.parametrize(
    "url",
    [
        "https://wiki.example/runbooks/high-error-rate",
        "https://wiki.example/runbooks/high-error-rate.md",
        "https://wiki.example/runbooks/high-error-rate/",
        "https://wiki.example/a/high-error-rate?x=1#part",
        "https://wiki.example/high%2Derror%2Drate",
    ],
)
def test_the_last_part_of_a_link_names_it(catalog: Path, url: str) -> None:
    found = read_runbook(catalog, url)
    assert found is not None
    assert (found.name, found.html) == ("high-error-rate", "<h3>High</h3>\n<p>Look.</p>\n")


@pytest.mark.parametrize(
    "url",
    [
        "https://wiki.example/../secret",
        "https://wiki.example/..%2fsecret",
        "https://wiki.example/%2e%2e%2fsecret.md",
        "https://wiki.example/..%2f..%2fsecret",
        "https://wiki.example/..%252fsecret",
        "https://wiki.example/..\\secret",
        "https://wiki.example/%2fetc%2fpasswd",
        "file:///etc/passwd",
        "/etc/passwd",
        "https://wiki.example/secret%00",
        "https://wiki.example/high-error-rate%00.md",
        "https://wiki.example/high-error-rate\n",
        "https://wiki.example/" + "a" * 5000,
        "https://wiki.example/High-Error-Rate",
        "https://wiki.example/-rf",
        "https://wiki.example/.md",
        "https://wiki.example/",
        "https://[wiki.example/high-error-rate",
        "",
    ],
)
def test_a_link_leads_to_no_other_file(catalog: Path, url: str) -> None:
    found = read_runbook_text(catalog, url)
    assert found is None or SECRET not in found
    assert found is None or runbook_name(url) == "high-error-rate"
    assert runbook_name(url) is None or read_runbook_text(catalog, url) is None or found


def test_a_symbolic_link_out_of_the_folder_is_not_followed(catalog: Path) -> None:
    (catalog / "runbooks" / "out.md").symlink_to(catalog.parent / "secret")
    (catalog / "runbooks" / "up.md").symlink_to(Path("..") / "secret.md")
    assert read_runbook_text(catalog, "https://wiki.example/out") is None
    assert read_runbook_text(catalog, "https://wiki.example/up") is None


def test_files_mounted_as_links_within_the_folder_are_read(catalog: Path) -> None:
    """As Kubernetes mounts a ConfigMap."""
    mounted = catalog / "runbooks" / "..data"
    mounted.mkdir()
    (mounted / "mounted.md").write_text("read")
    (catalog / "runbooks" / "mounted.md").symlink_to(Path("..data") / "mounted.md")
    assert read_runbook_text(catalog, "https://wiki.example/mounted") == "read"


def test_what_is_no_text_or_too_large_is_not_shown(catalog: Path) -> None:
    (catalog / "runbooks" / "bytes.md").write_bytes(b"\xff\xfe")
    (catalog / "runbooks" / "large.md").write_bytes(b"x" * (LARGEST_BYTES + 1))
    (catalog / "runbooks" / "folder.md").mkdir()
    for name in ("bytes", "large", "folder", "not-there"):
        assert read_runbook(catalog, f"https://wiki.example/{name}") is None


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "![x](https://evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](https://a.example "\\" onmouseover=alert(1)")',
    "<svg><script>alert(1)</script></svg>",
    '<style>@import "https://evil.example"</style>',
    "<form action=https://evil.example><input name=p></form>",
    "```html\n<script>alert(1)</script>\n```",
    "# <script>alert(1)</script>",
    "| a |\n|---|\n| <script>alert(1)</script> |",
)
_HARMLESS = {"href", "rel", "title"}


class _Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def check_harmless(html: str) -> None:
    for tag, attributes in _Elements(html).found:
        assert tag not in ("script", "style", "img", "svg", "form", "input", "iframe", "h1", "h2")
        assert set(attributes) <= _HARMLESS
        href = attributes.get("href")
        assert href is None or href.split(":")[0].lower() in ("http", "https", "mailto"), href


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_runs_and_loads_nothing(text: str) -> None:
    check_harmless(str(render_markdown(text)))


@given(
    st.lists(st.sampled_from([*HOSTILE, "\n", "\n\n", "> ", "* ", "    ", "`", "]("])).map("".join)
)
def test_no_mixture_of_it_does_either(text: str) -> None:
    check_harmless(str(render_markdown(text)))


def test_links_to_the_web_and_mail_stay() -> None:
    html = str(render_markdown("[a](https://a.example/x?y=1&z=2) <mail@a.example>"))
    assert [one["href"] for tag, one in _Elements(html).found if tag == "a"] == [
        "https://a.example/x?y=1&z=2",
        "mailto:mail@a.example",
    ]
