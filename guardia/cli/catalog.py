"""Reading a whole catalog for a command, and showing its problems."""

from dataclasses import dataclass
from pathlib import Path

from generator.catalog.model import Catalog
from generator.catalog.read import read_catalog
from guardia.catalog_folder import CatalogFolder, read_catalog_folder
from guardia.cli.errors import UsageError
from guardia.problem import Problem, render_github, render_json, render_text, sort_problems
from router.catalog import OnCallCatalog, read_oncall


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeCatalog:
    """Both halves of a catalog and every problem of it; a half with problems is None."""

    folder: CatalogFolder
    generator: Catalog | None
    oncall: OnCallCatalog | None
    problems: tuple[Problem, ...]


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
    return WholeCatalog(
        folder=folder,
        generator=generator,
        oncall=oncall,
        problems=sort_problems([*problems, *of_generator, *of_oncall]),
    )


def render_problems(loaded: WholeCatalog, form: str) -> str:
    """Return the problems in one of the forms of guardia.cli.arguments; as text, none is empty."""
    match form:
        case "json":
            return render_json(loaded.problems)
        case "github":
            return render_github(loaded.problems)
    if not loaded.problems:
        return ""
    drawn = render_text(loaded.problems, loaded.folder.sources)
    return f"{drawn}\n{count_problems(loaded)}"


def count_problems(loaded: WholeCatalog) -> str:
    """Return one sentence with the number of problems and files."""
    files = len({problem.span.path for problem in loaded.problems})
    number = len(loaded.problems)
    return (
        f"{number} problem{'' if number == 1 else 's'} in {files} file{'' if files == 1 else 's'}"
    )
