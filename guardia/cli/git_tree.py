"""The files of one Git commit as a tree, in which links are followed as a file system would."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Path = tuple[str, ...]  # from the top of the repository; () is the top itself

LINK = "120000"
_FILES = ("100644", "100755", "100664", LINK)  # not 160000, another repository inside
_MOST_LINKS = 40  # on the way to one file, as Linux allows


class LinkError(ValueError):
    """A link that leads to no file of its commit; the text says which, and where to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A commit: `blobs` maps each file and link to its object, `links` each link to its target."""

    blobs: Mapping[Path, str]
    links: Mapping[Path, str]
    children: Mapping[Path, tuple[str, ...]]  # of each folder

    def walk(self, folder: Path) -> Iterator[tuple[Path, str]]:
        """Yield each file below a folder: its path from there, and its object.

        Hidden files are left out. Raises KeyError when there is no such folder,
        and LinkError for a link that leads out of the repository or nowhere.
        """
        real = self._resolve(folder)
        if real not in self.children:
            raise KeyError(folder)
        yield from self._walk(real, (), (real,))

    def _walk(
        self, folder: Path, shown: Path, around: tuple[Path, ...]
    ) -> Iterator[tuple[Path, str]]:
        for name in self.children[folder]:
            if name.startswith("."):
                continue
            real = self._resolve((*folder, name))
            if real in self.blobs:
                yield (*shown, name), self.blobs[real]
            elif real in around:
                raise LinkError(f"{_text((*folder, name))} links to a folder that it is in")
            elif real in self.children:
                yield from self._walk(real, (*shown, name), (*around, real))
            elif (*folder, name) in self.links:
                raise LinkError(
                    f"{_text((*folder, name))} links to {self.links[(*folder, name)]},"
                    " which this revision does not have"
                )

    def _resolve(self, path: Path) -> Path:
        """Return where a path leads when every link on it is followed."""
        left, followed = list(reversed(path)), 0
        real: Path = ()
        while left:
            part = left.pop()
            if part == "..":
                if not real:
                    raise LinkError(f"{_text(path)} links to something outside the repository")
                real = real[:-1]
                continue
            real = (*real, part)
            target = self.links.get(real)
            if target is None:
                continue
            followed += 1
            if target.startswith("/") or followed > _MOST_LINKS:
                where = "something outside the repository" if target.startswith("/") else "itself"
                raise LinkError(f"{_text(path)} links to {where}")
            real = real[:-1]
            left += [one for one in reversed(target.split("/")) if one not in ("", ".")]
        return real


def parse_listing(listing: str) -> dict[Path, tuple[str, str]]:
    """Return mode and object of each file and link in what `git ls-tree -r -z` prints.

    Source: Git documentation, git-ls-tree, "Output format".
    """
    found = {}
    for line in filter(None, listing.split("\0")):
        head, _, name = line.partition("\t")
        mode, _, object_id = head.split(" ")
        path = tuple(name.split("/"))
        if mode in _FILES and not {"", ".", ".."} & set(path):
            found[path] = (mode, object_id)
    return found


def make_tree(listed: Mapping[Path, tuple[str, str]], targets: Mapping[str, str]) -> Tree:
    """Return the tree of what was listed; `targets` maps the object of a link to its text."""
    children: dict[Path, dict[str, None]] = {(): {}}
    for path in listed:
        for depth in range(len(path)):
            children.setdefault(path[:depth], {})[path[depth]] = None
    return Tree(
        blobs={path: one for path, (mode, one) in listed.items() if mode != LINK},
        links={path: targets[one] for path, (mode, one) in listed.items() if mode == LINK},
        children={folder: tuple(names) for folder, names in children.items()},
    )


def _text(path: Path) -> str:
    return "/".join(path)
