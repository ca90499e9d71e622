"""The first user's runbooks: five parts each (R16), for somebody half asleep with a phone."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from demo.model.declared import BY_SERIES_NAME
from guardia.cli.main import main
from tests.runbooks import PARTS, PLACEHOLDERS, RUNBOOKS, commands, headings, part

# What changes something that is not undone by itself, or cuts off who is being served.
DESTRUCTIVE = re.compile(
    r"\bdelete\b|\bdrain\b|--execute|--alter|\bpatch pvc\b|\bheap_dump\b|\blabel pod\b"
    r"|pg_(terminate|cancel)_backend|pg_promote|pg_drop_replication_slot"
    r"|\bdrop\b|\btruncate\b|\brm\b|--replicas=0"
)
CHANGES = re.compile(
    rf"{DESTRUCTIVE.pattern}|\b(restart|undo|scale|apply|patch|cordon|create|renew|cp|edit|set)\b"
    r"|\bvacuum\b|\bupdate\b|\binsert\b|\balter\b"
)
# Matchers, ranges and lists of labels: what is left are names of metrics and functions.
_ASIDE = re.compile(r"\{[^}]*\}|\[[^]]*\]|\b(?:by|without|on) ?\([^)]*\)")
WIDTH = 80
every_runbook = pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_the_listed_runbooks_are_there() -> None:
    names = {path.stem for path in RUNBOOKS}
    of_r16 = {
        "connection-pool-exhausted",
        "kafka-broker-down",
        "high-error-rate",
        "certificate-expiry",
        "disk-full",
        "memory-leak",
        "case-not-assigned",
    }
    assert of_r16 <= names


@every_runbook
def test_a_name_is_an_english_slug(path: Path) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", path.stem)


@every_runbook
def test_a_runbook_has_a_title_and_its_five_parts_in_order(path: Path) -> None:
    title, *parts = headings(read(path))
    assert re.fullmatch(r"# \S.*", title)
    assert read(path).startswith(title)
    assert parts == [f"## {name}" for name in PARTS]


@every_runbook
def test_every_part_says_something(path: Path) -> None:
    text = read(path)
    assert all(len(part(text, name)) > 40 for name in PARTS)
    assert commands(part(text, "Diagnóstico"))
    assert commands(part(text, "Verificación"))
    assert "a los 15 minutos: avisar a la persona de guardia" in part(text, "Escalamiento")


@every_runbook
def test_diagnosis_changes_nothing(path: Path) -> None:
    text = read(path)
    for command in commands(part(text, "Diagnóstico")) + commands(part(text, "Verificación")):
        assert not CHANGES.search(command.text), command.text


@every_runbook
def test_what_destroys_is_marked_right_above(path: Path) -> None:
    for command in commands(part(read(path), "Acciones")):
        above = command.before[-160:].split("```")[-1]
        if DESTRUCTIVE.search(command.text):
            assert "⚠️ DESTRUCTIVO: " in above, command.text
    assert "⚠️" not in part(read(path), "Diagnóstico")


@every_runbook
def test_lines_fit_a_phone(path: Path) -> None:
    text = read(path)
    assert max(map(len, text.splitlines())) <= WIDTH + 20
    assert all(
        len(line) <= WIDTH - 3 for command in commands(text) for line in command.text.splitlines()
    )


@every_runbook
def test_placeholders_are_written_alike(path: Path) -> None:
    for command in commands(read(path)):
        in_capitals = re.findall(r"\b[A-ZÁÉÍÓÚÑ]{3,}\b", command.text)
        assert set(in_capitals) <= PLACEHOLDERS.keys(), command.text
        assert not re.search(r"<[a-z_-]+>", command.text), command.text


@every_runbook
def test_commands_name_production_and_the_shell_reads_them(path: Path) -> None:
    for command in commands(read(path)):
        assert command.language in {"sh", "sql", "promql"}
        if command.language == "sh":
            done = subprocess.run(
                ["bash", "-n"], input=command.text, capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, "")
        for found in re.findall(r"kubectl (?:-n (\S+) )?(\w+)(?: (\w+))?", command.text):
            namespace, verb, what = found
            of_the_cluster = verb in {"cordon", "drain"} or what == "nodes"
            assert namespace == ("" if of_the_cluster else "conecta360-prod"), command.text


@every_runbook
def test_metrics_in_queries_are_those_of_the_platform(path: Path) -> None:
    known = {*BY_SERIES_NAME, "up", "slo:error_ratio:5m"}
    functions = {"histogram_quantile", "predict_linear", "avg_over_time"}
    for command in commands(read(path)):
        if command.language == "promql":
            bare = _ASIDE.sub(" ", command.text)
            names = set(re.findall(r"\b[a-z][a-z0-9:]*_[\w:]+\b|\bup\b", bare)) - functions
            assert names, command.text
            assert names <= known, command.text


@every_runbook
def test_guardia_knows_the_commands_and_options(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = re.findall(r"^ *guardia (?:.*\\\n)*.*$|`guardia [^`]*`", read(path), flags=re.MULTILINE)
    assert lines
    for line in lines:
        command, *rest = shlex.split(line.strip(" `"))[1:]
        words = [command, rest[0]] if command == "oncall" else [command]
        with pytest.raises(SystemExit) as ended:
            main([*words, "--help"])
        described = capsys.readouterr().out
        assert ended.value.code == 0, line
        options = [word for word in rest if word.startswith("--")]
        assert all(f"{option} " in described or f"{option}]" in described for option in options)
