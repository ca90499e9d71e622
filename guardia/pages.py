"""The page of each problem code, and its text for a terminal."""

import re
import textwrap
from pathlib import Path

# In a wheel the pages lie inside the package, in a clone where people read them.
_FOLDERS = (
    Path(__file__).parent / "problems",
    Path(__file__).parents[1] / "docs" / "problems",
)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_STRONG = re.compile(r"\*\*(.+?)\*\*")
_NARROWEST, _WIDEST = 40, 100


def list_codes() -> tuple[str, ...]:
    """Return every problem code that has a page, in alphabetical order."""
    return tuple(sorted(path.stem for path in _folder().glob("*.md") if path.stem != "README"))


def read_page(code: str) -> str:
    """Return the Markdown of a code's page. Raises KeyError for a code without one."""
    if code not in list_codes():
        raise KeyError(code)
    return (_folder() / f"{code}.md").read_text(encoding="utf-8")


def first_sentence(page: str) -> str:
    """Return what a page says below its title: what the code means, in one sentence."""
    return _plain(page.split("\n\n")[1].replace("\n", " "))


def render_page(page: str, *, width: int) -> str:
    """Return a page as plain text: paragraphs wrapped to `width` columns, examples as they are."""
    width = max(_NARROWEST, min(width, _WIDEST))
    blocks = []
    for block in re.split(r"\n\n(?!    )", page.strip()):
        if block.startswith("```"):
            blocks.append(textwrap.indent("\n".join(block.split("\n")[1:-1]), "  "))
        elif block.startswith("# "):
            blocks.append(block.removeprefix("# "))
        elif block.startswith("- "):
            blocks.append("\n".join(_wrap(item, width, "  ") for item in block.split("\n")))
        else:
            blocks.append(_wrap(block, width, ""))
    return "\n\n".join(blocks) + "\n"


def _folder() -> Path:
    return next(folder for folder in _FOLDERS if folder.is_dir())


def _wrap(text: str, width: int, indent: str) -> str:
    return textwrap.fill(
        _plain(text.replace("\n", " ")),
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _plain(text: str) -> str:
    return _STRONG.sub(r"\1", _LINK.sub(r"\1", text))
