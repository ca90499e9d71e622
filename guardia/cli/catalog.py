"""Reading a whole catalog for a command, and showing its problems."""

from dataclasses import dataclass
from pathlib import Path

from generator.catalog.model import Catalog
from generator.catalog.read import read_catalog
from guardia.catalog_folder import CatalogFolder, read_catalog_folder
from guardia.cli.errors import UsageError
from guardia.cli.reach import check_reach
from guardia.problem import (
    Problem,
    open_problems,
    render_github,
    render_json,
    render_text,
    sort_problems,
)
from guardia.suppression import point_to_comments, unused_suppressions
from guardia.word import counted
from router.catalog import OnCallCatalog, read_oncall


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeCatalog:
    """Both halves of a catalog and every problem of it; a half with problems is None.

    `allowed` are the problems that a comment in the catalog allows: they stop nothing.
    """

    folder: CatalogFolder
    generator: Catalog | None
    oncall: OnCallCatalog | None
    problems: tuple[Problem, ...]
    allowed: tuple[Problem, ...]


def load_catalog(root: Path) -> WholeCatalog:
    """Read the folder once and both halves from it.

    Raises UsageError when there is no such folder.
    """
    if not root.is_dir():
        raise UsageError(
            f"there is no folder {root}; name the catalog's folder, such as: guardia check catalog"
        )
    folder, problems = read_catalog_folder(root)
    generator, of_generator = read_catalog(folder)
    oncall, of_oncall = read_oncall(folder)
    found = list(point_to_comments([*problems, *of_generator, *of_oncall], folder.suppressions))
    if generator is not None and oncall is not None:
        found += check_reach(folder, generator, oncall)
    if not open_problems(found):
        found += unused_suppressions(folder.suppressions, found)
    return WholeCatalog(
        folder=folder,
        generator=generator,
        oncall=oncall,
        problems=sort_problems(open_problems(found)),
        allowed=sort_problems(problem for problem in found if problem.allowed is not None),
    )


def render_problems(loaded: WholeCatalog, form: str) -> str:
    """Return the problems in one of the forms of guardia.cli.arguments; as text, none is empty."""
    match form:
        case "json":
            return render_json(sort_problems([*loaded.problems, *loaded.allowed]))
        case "github":
            return render_github(loaded.problems)
        case "sarif":
            return _render_sarif(loaded)
    if not loaded.problems:
        return ""
    drawn = render_text(loaded.problems, loaded.folder.sources)
    return f"{drawn}\n{count_problems(loaded)}"


def _render_sarif(loaded: WholeCatalog) -> str:
    from guardia.pages import first_sentence, list_codes, read_page
    from guardia.sarif import render_sarif

    shown = sort_problems([*loaded.problems, *loaded.allowed])
    codes = {problem.code for problem in shown} & set(list_codes())
    return render_sarif(shown, {code: first_sentence(read_page(code)) for code in codes})


def count_problems(loaded: WholeCatalog) -> str:
    """Return one sentence with the number of problems and files."""
    files = len({problem.span.path for problem in loaded.problems})
    problems = counted(len(loaded.problems), "problem")
    return f"{problems} in {counted(files, 'file')}{count_allowed(loaded)}"


def count_allowed(loaded: WholeCatalog) -> str:
    """Return what a sentence adds for problems that are allowed; nothing when there are none."""
    return f", {len(loaded.allowed)} allowed" if loaded.allowed else ""
