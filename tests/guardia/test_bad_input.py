"""Whatever lies in a catalog's folder: a problem at its place, in bounded time and memory."""

import errno
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from guardia.catalog_file import read_text
from tests import forking
from tests.catalogs import copy_catalog

# For a folder with one bad file, beyond what Python and the libraries take.
MOST_SECONDS = 1.8  # of the processor
MOST_KIB = 175 * 1024
CASOS = "services/casos.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of `guardia check` said and took."""

    code: int
    out: str
    err: str
    seconds: float
    kib: int

    @property
    def heads(self) -> list[str]:
        """Return the first line of each problem, without the folder in front."""
        return [line for line in self.out.splitlines() if ": error[" in line]


def check(folder: Path, *arguments: str) -> Run:
    said = folder.parent
    done = forking.run(
        *("tests.metered", str(said), "check", *arguments), cwd=said, env=os.environ, timeout=90
    )
    used = json.loads((said / "figures.json").read_text("utf-8"))
    return Run(
        code=done.returncode,
        out=(said / "out").read_bytes().decode(),
        err=(said / "err").read_bytes().decode(),
        seconds=used["seconds"],
        kib=used["kib"],
    )


Break = Callable[[Path], None]


def write(path: str, content: bytes | str) -> Break:
    def break_it(folder: Path) -> None:
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / path).write_bytes(raw)

    return break_it


def append(text: str) -> Break:
    def break_it(folder: Path) -> None:
        with (folder / CASOS).open("a", encoding="utf-8") as file:
            file.write(text)

    return break_it


def huge(folder: Path) -> None:
    with (folder / CASOS).open("wb") as file:
        file.truncate(100 * 1024 * 1024)


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "services" / "pipe.yaml")


def loop(folder: Path) -> None:
    (folder / "services" / "loop.yaml").symlink_to("loop.yaml")


def loop_of_folders(folder: Path) -> None:
    shutil.rmtree(folder / "runbooks")
    (folder / "runbooks").symlink_to(folder / "runbooks", target_is_directory=True)


def folder_named_like_a_file(folder: Path) -> None:
    (folder / "services" / "more.yaml").mkdir()


def catalog_that_is_a_folder(folder: Path) -> None:
    (folder / "catalog.yaml").unlink()
    (folder / "catalog.yaml").mkdir()


def device(folder: Path) -> None:
    (folder / "services" / "zero.yaml").symlink_to("/dev/zero")


def nowhere(folder: Path) -> None:
    (folder / "services" / "gone.yaml").symlink_to("nowhere.yaml")


def strange_name(folder: Path) -> None:
    (folder / "services" / "a\x1b[31mb\n\u202ec.yaml").write_text("x: 1\n")


def name_that_is_not_utf_8(folder: Path) -> None:
    (folder / "services" / os.fsdecode(b"a\xff.yaml")).write_text("x: 1\n")


def bomb() -> str:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    return "\n".join(levels) + "\n"


def condition(expr: str = "up == 0", summary: str = "s") -> Break:
    """Return what appends a condition, with its expression on line 31 and its summary on 32."""
    return append(
        f"""  - alert: Appended
    expr: {json.dumps(expr)}
    summary: {json.dumps(summary)}
    severity: low
    for: 5m
    runbook: database-down
    description: d
    examples:
      fires: {{'up{{environment="a"}}': 0}}
      silent: {{'up{{environment="a"}}': 1}}
"""
    )


CASES: dict[str, tuple[Break, str, str]] = {
    # name: what breaks the folder, place and code of the first problem, a word of its message
    "a hundred megabytes": (huge, f"{CASOS}:1:1: error[file-too-large]", "1024 KiB"),
    "binary": (write(CASOS, bytes(range(256)) * 40), f"{CASOS}:3:115: error[file-unreadable]", ""),
    "nul bytes": (write(CASOS, b"service: a\0b\n"), f"{CASOS}:1:11: error[yaml-syntax]", ""),
    "utf-16": (
        write(CASOS, "service: casos\n".encode("utf-16")),
        f"{CASOS}:1:1: error[file-unreadable]",
        "UTF-16",
    ),
    "utf-16 without its mark": (
        write(CASOS, "service: casos\n".encode("utf-16-le")),
        f"{CASOS}:1:2: error[yaml-syntax]",
        "",
    ),
    "nothing": (write(CASOS, ""), f"{CASOS}:1:1: error[yaml-syntax]", "empty"),
    "a bomb of aliases": (
        write(CASOS, bomb()),
        f"{CASOS}:1:34: error[yaml-syntax]",
        "too many values",
    ),
    "an alias inside itself": (
        write(CASOS, "a: &a [*a]\n"),
        f"{CASOS}:1:4: error[yaml-syntax]",
        "inside itself",
    ),
    "ten thousand brackets": (
        write(CASOS, "a: " + "[" * 10_000 + "]" * 10_000 + "\n"),
        f"{CASOS}:1:",
        "nesting",
    ),
    "ten thousand braces": (
        write(CASOS, "a: " + "{a: " * 10_000 + "\n"),
        f"{CASOS}:1:",
        "nesting",
    ),
    "ten thousand dashes": (write(CASOS, "- " * 10_000 + "x\n"), f"{CASOS}:1:", "nesting"),
    "nine hundred brackets": (
        write(CASOS, "a: " + "[" * 900 + "]" * 900 + "\n"),
        f"{CASOS}:1:63: error[yaml-syntax]",
        "60 deep",
    ),
    "half a million values": (
        write(CASOS, "a: [" + "x," * 500_000 + "x]\n"),
        f"{CASOS}:1:",
        "more than 50,000 values",
    ),
    "forty thousand wrong values": (
        write(CASOS, "slos:\n" + "  - 1\n" * 40_000),
        f"{CASOS}:1:1: error[too-many-problems]",
        "100",
    ),
    "forty thousand unknown keys": (
        write(CASOS, "".join(f"sl{n}os: 1\n" for n in range(40_000))),
        f"{CASOS}:1:1: error[too-many-problems]",
        "100",
    ),
    "forty thousand keys given twice": (
        write(CASOS, "a: 1\n" * 40_000),
        f"{CASOS}:2:1: error[duplicate-key]",
        "twice",
    ),
    "a list without an order": (
        write(CASOS, f"environments: [{', '.join(f'{n}, [{n}]' for n in range(12_000))}]\n"),
        f"{CASOS}:1:1: error[too-many-problems]",
        "",
    ),
    "a tab": (write(CASOS, "service: casos\n\tteam: x\n"), f"{CASOS}:2:1: error[yaml-syntax]", ""),
    "a template": (
        write(CASOS, "{{- if .Values.slo }}\nservice: casos\n{{- end }}\n"),
        f"{CASOS}:1:",
        "YAML",
    ),
    "a value of a template": (
        append("environments: {{ .Values.environments }}\n"),
        f"{CASOS}:30:16: error[wrong-type]",
        "a key must be text",
    ),
    "a merge key": (
        write(CASOS, "a: &a {b: 1}\nc:\n  <<: *a\n"),
        f"{CASOS}:3:3: error[yaml-syntax]",
        "merge",
    ),
    "a huge number": (
        append(f"environments: {'9' * 5000}\n"),
        f"{CASOS}:30:15: error[yaml-syntax]",
        "int",
    ),
    "a number with a huge exponent": (
        append("environments: 1e999999999\n"),
        f"{CASOS}:30:15: error[wrong-type]",
        "inf",
    ),
    "a folder named like a file": (
        folder_named_like_a_file,
        "services/more.yaml:1:1: error[file-unexpected]",
        "",
    ),
    "the catalog is a folder": (
        catalog_that_is_a_folder,
        "catalog.yaml:1:1: error[file-unreadable]",
        "",
    ),
    "a pipe": (pipe, "services/pipe.yaml:1:1: error[file-unreadable]", "pipe"),
    "a device": (device, "services/zero.yaml:1:1: error[file-unreadable]", "device"),
    "a link to itself": (loop, "services/loop.yaml:1:1: error[file-unreadable]", ""),
    "a link to nowhere": (nowhere, "services/gone.yaml:1:1: error[file-unreadable]", ""),
    "a folder that links to itself": (
        loop_of_folders,
        "runbooks:1:1: error[file-unreadable]",
        "",
    ),
    "a name that steers the terminal": (
        strange_name,
        "services/a\\x1b[31mb\\n\\u202ec.yaml:1:1: error[",
        "",
    ),
    "a name that is not utf-8": (
        name_that_is_not_utf_8,
        "services/a\\udcff.yaml:1:1: error[",
        "",
    ),
    "values that steer the terminal": (
        append('environments: ["\\e[31m\\e]0;x\\a", "\\u202Eevil", "\\r\\nfake: error[none]"]\n'),
        f"{CASOS}:30:16: error[wrong-value]",
        "\\x1b[31m\\x1b]0;x\\x07",
    ),
    "quotes in labels": (
        condition(expr='up{environment="a\\"b}\\\\",job=\'c\'} =='),
        f"{CASOS}:31:11: error[promql-syntax]",
        "PromQL",
    ),
    "an expression that is nested deep": (
        condition(expr="(" * 2000 + "1" + ")" * 2000),
        f"{CASOS}:31:11: error[promql-syntax]",
        "nested deeper",
    ),
    "a template of a million braces": (
        condition(summary='{{ "' * 200_000),
        f"{CASOS}:32:14: error[wrong-value]",
        "summary",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_a_problem_at_its_place(name: str, tmp_path: Path) -> None:
    break_it, place, word = CASES[name]
    folder = copy_catalog(tmp_path)
    break_it(folder)

    run = check(folder)

    assert run.code == 1, run.err
    assert run.err == ""
    assert [head for head in run.heads if head.startswith(f"catalog/{place}") and word in head]
    assert run.seconds < MOST_SECONDS
    assert run.kib < MOST_KIB
    assert max(map(len, run.out.splitlines())) < 1000
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", run.out)


@pytest.mark.parametrize(
    "name",
    [
        "a hundred megabytes",
        "forty thousand wrong values",
        "a name that steers the terminal",
        "a name that is not utf-8",
        "values that steer the terminal",
    ],
)
@pytest.mark.parametrize("form", ["json", "github", "sarif"])
def test_bad_input_is_a_problem_for_programs_too(name: str, form: str, tmp_path: Path) -> None:
    break_it, _, _ = CASES[name]
    folder = copy_catalog(tmp_path)
    break_it(folder)

    run = check(folder, "--format", form)

    assert run.code == 1
    assert run.err == ""
    assert run.seconds < MOST_SECONDS
    assert run.kib < MOST_KIB
    if form == "github":
        assert all(line.startswith("::error ") for line in run.out.splitlines())
    else:
        assert json.loads(run.out)


def test_a_file_that_may_not_be_read_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "open", refuse)  # whoever runs the tests may read everything
    text, problem = read_text(tmp_path / "casos.yaml", longest=1000)
    assert text is None
    assert problem is not None
    assert (problem.code, problem.message) == (
        "file-unreadable",
        "cannot read this: Permission denied",
    )


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    text = (folder / CASOS).read_bytes()
    (folder / CASOS).write_bytes(b"\xef\xbb\xbf" + text)
    assert check(folder).code == 0


@pytest.mark.parametrize("ending", ["yaml", "txt"])
def test_ten_thousand_files_are_read_or_named(tmp_path: Path, ending: str) -> None:
    folder = copy_catalog(tmp_path)
    for number in range(9_990):
        (folder / "services" / f"s{number}.{ending}").write_text("x: [\n")
    run = check(folder)
    assert run.code == 1
    assert run.err == ""
    assert len(run.heads) == 9_990
    assert run.seconds < 2 * MOST_SECONDS
    assert run.kib < MOST_KIB


def test_more_files_than_that_are_one_problem(tmp_path: Path) -> None:
    folder = copy_catalog(tmp_path)
    for number in range(10_001):
        (folder / "services" / f"s{number}.yaml").touch()
    (head,) = check(folder).heads
    assert head.startswith("catalog/services:1:1: error[file-too-large]")
