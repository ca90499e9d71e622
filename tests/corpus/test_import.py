"""Every Sloth and Pyrra specification of the corpus: imported, or refused with a position."""

import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import pytest

from generator.importing.carry import Import, import_specs
from generator.write import generate, write_files
from guardia.problem import Problem
from tests.importing import catalog_of
from tests.tooling import SET_NAMES, ToolSet, require_tool_set

Kind = Literal["sloth", "pyrra"]

# File, SLOs imported of those in it, and what was refused: code and lines. Those of
# pyrra/rhobs-mst-production/ hold one SLO each, and all are imported.
OUTCOMES = """
pyrra/parca__parca-agent-grpc-client-errors.yaml 1/1
pyrra/parca__parca-agent-grpc-client-latency.yaml 1/1
pyrra/parca__parca-grpc-profilestore-errors.yaml 1/1
pyrra/parca__parca-grpc-profilestore-latency.yaml 0/1 sli-not-importable:15
pyrra/parca__parca-grpc-query-errors.yaml 1/1
pyrra/parca__parca-grpc-query-latency.yaml 0/1 sli-not-importable:15
pyrra/parca__parca-grpc-queryrange-errors.yaml 1/1
pyrra/parca__parca-grpc-queryrange-latency.yaml 0/1 sli-not-importable:15
pyrra/pyrra__caddy-response-latency.yaml 1/1
pyrra/pyrra__docker-compose_pyrra_prometheus-http.yaml 1/1
pyrra/pyrra__mimir_example-slo.yaml 1/1
pyrra/pyrra__nginx.yaml 2/2
pyrra/pyrra__parca-grpc-queryrange-errors.yaml 1/1
pyrra/pyrra__prometheus-http.yaml 1/1
pyrra/pyrra__prometheus-operator.yaml 1/1
pyrra/pyrra__prometheus-probe-success.yaml 1/1
pyrra/pyrra__pyrra-connect-errors.yaml 0/1 label-reserved:14
pyrra/pyrra__pyrra-connect-latency.yaml 0/1 sli-not-importable:15
pyrra/pyrra__pyrra-filesystem-errors.yaml 1/1
pyrra/pyrra__pyrra-kubernetes-errors.yaml 1/1
pyrra/pyrra__slo-apiserver-read-cluster-latency.yaml 1/1
pyrra/pyrra__slo-apiserver-read-namespace-latency.yaml 1/1
pyrra/pyrra__slo-apiserver-read-resource-latency.yaml 1/1
pyrra/pyrra__slo-apiserver-read-response-errors.yaml 1/1
pyrra/pyrra__slo-apiserver-write-response-errors.yaml 1/1
pyrra/pyrra__slo-coredns-response-errors.yaml 1/1
pyrra/pyrra__slo-kubelet-request-errors.yaml 1/1
pyrra/pyrra__slo-kubelet-runtime-errors.yaml 1/1
pyrra/pyrra__slo-prometheus-notification-errors.yaml 1/1
pyrra/pyrra__slo-prometheus-operator-http-errors.yaml 1/1
pyrra/pyrra__slo-prometheus-operator-reconcile-errors.yaml 1/1
pyrra/pyrra__slo-prometheus-query-errors.yaml 1/1
pyrra/pyrra__slo-prometheus-rule-evaluation-failures.yaml 1/1
pyrra/pyrra__slo-prometheus-sd-kubernetes-errors.yaml 1/1
pyrra/pyrra__thanos-grpc.yaml 1/1
pyrra/pyrra__thanos-http.yaml 1/1
sloth/helm-templated/sloth-rules__kaas-tenet-etcd-latency.yaml spec-template:14
sloth/helm-templated/sloth-rules__platform-cabbage-dns-availability.yaml spec-template:14
sloth/helm-templated/sloth-rules__platform-shield-cert-manager-availability.yaml spec-template:14
sloth/invalid/sloth__bad-aa.yaml 1/2 objective-range:28
sloth/invalid/sloth__bad-ab.yaml 1/2 objective-range:28
sloth/invalid/sloth__bad-ba.yaml 1/2 objective-range:28
sloth/invalid/sloth__bad-k8s.yaml 0/2 missing-key:7
sloth/invalid/sloth__bad-multi-k8s.yaml 3/4 missing-key:22
sloth/invalid/sloth__bad-multi.yaml 3/4 wrong-value:77
sloth/invalid/sloth__bad-openslo.yaml spec-unknown:1
sloth/invalid/sloth__bad-prom-1-duplicate.yaml 2/2
sloth/invalid/sloth__bad-prom-1-original.yaml 2/2
sloth/invalid/sloth__bad-prom-multi-duplicates.yaml 0/4 duplicate-id:7,28,51,72
sloth/invalid/sloth__in-invalid-version.yaml spec-unknown:1
sloth/kuadrant-operator__slo-availability.yaml 1/1
sloth/kuadrant-operator__slo-latency.yaml 1/1
sloth/sloth__contrib-denominator-corrected.yaml 1/1
sloth/sloth__contrib-slo-plugins.yml 2/2
sloth/sloth__getting-started.yml 1/1
sloth/sloth__home-wifi.yml 2/2
sloth/sloth__k8s-getting-started.yml 1/1
sloth/sloth__k8s-home-wifi.yml 2/2
sloth/sloth__k8s-multifile.yml 2/2
sloth/sloth__kubernetes-apiserver.yml 2/2
sloth/sloth__multifile.yml 2/2
sloth/sloth__no-alerts.yml 1/1
sloth/sloth__plugin-getting-started.yml 0/1 sli-not-importable:14
sloth/sloth__raw-home-wifi.yml 1/1
sloth/sloth__slo-plugin-getting-started.yml 1/1
sloth/sloth__victoria-metrics.yml 0/2 promql-syntax:27,28,44,45
sloth/talk-sloth__slo.yaml 1/1
sloth/valid-tests/sloth__good-aa.yaml 2/2
sloth/valid-tests/sloth__good-ab.yaml 2/2
sloth/valid-tests/sloth__good-ba.yaml 2/2
sloth/valid-tests/sloth__good-k8s.yaml 2/2
sloth/valid-tests/sloth__good-multi-k8s.yaml 4/4
sloth/valid-tests/sloth__good-multi.yaml 4/4
sloth/valid-tests/sloth__in-multifile.yaml 4/4
sloth/windows/sloth__7d.yaml windows
sloth/windows/sloth__custom-30d.yaml windows
sloth/windows/sloth__google-28d.yaml windows
sloth/windows/sloth__google-30d.yaml windows
"""
PRODUCTION = "pyrra/rhobs-mst-production"

# One for each kind of SLI and each way it is written; the tests of all take ten minutes.
TESTED = (
    "sloth/kuadrant-operator__slo-availability.yaml",  # by a label
    "sloth/kuadrant-operator__slo-latency.yaml",  # a count less a bucket, in milliseconds
    "sloth/sloth__home-wifi.yml",  # a gauge, as PromQL
    "sloth/sloth__raw-home-wifi.yml",
    "sloth/sloth__no-alerts.yml",
    "sloth/sloth__kubernetes-apiserver.yml",  # without a job
    "sloth/valid-tests/sloth__good-aa.yaml",  # an error ratio that divides
    "pyrra/pyrra__caddy-response-latency.yaml",
    "pyrra/pyrra__nginx.yaml",  # a bucket and a count that do not belong together
    "pyrra/pyrra__mimir_example-slo.yaml",  # a whole bound
    "pyrra/pyrra__prometheus-probe-success.yaml",
    "pyrra/pyrra__slo-prometheus-operator-reconcile-errors.yaml",  # two metrics, by a label
)
# Longer windows read what shorter ones record, so only the kind of SLI matters to their tests:
# one of bad events and one of good ones, a latency, an uptime.
TESTED_OVER_ALL_WINDOWS = (
    "sloth/kuadrant-operator__slo-availability.yaml",
    "pyrra/pyrra__caddy-response-latency.yaml",
    "pyrra/pyrra__nginx.yaml",
    "pyrra/pyrra__prometheus-probe-success.yaml",
)


def expected() -> dict[str, tuple[str, ...]]:
    return {path: tuple(words) for path, *words in map(str.split, OUTCOMES.split("\n")[1:-1])}


def specifications(corpus: Path) -> Iterator[str]:
    for kind in ("sloth", "pyrra"):
        for path in sorted((corpus / "slo-specs" / kind).rglob("*.y*ml")):
            if path.parent.name != "generated-by-sloth":
                yield path.relative_to(corpus / "slo-specs").as_posix()


def refusals(problems: Iterable[Problem]) -> list[str]:
    lines: dict[str, list[str]] = {}
    for problem in problems:
        lines.setdefault(problem.code, []).append(str(problem.span.line))
    return [f"{code}:{','.join(found)}" for code, found in lines.items()]


def import_one(corpus: Path, path: str) -> Import:
    text = (corpus / "slo-specs" / path).read_text(encoding="utf-8")
    kind: Kind = "sloth" if path.startswith("sloth/") else "pyrra"
    return import_specs(kind, {path: text})


def test_the_table_has_every_specification(corpus: Path) -> None:
    found = [path for path in specifications(corpus) if not path.startswith(f"{PRODUCTION}/")]
    assert found == sorted(expected(), key=lambda path: (not path.startswith("sloth"), path))


def test_every_specification_has_its_outcome(corpus: Path) -> None:
    for path in specifications(corpus):
        found = import_one(corpus, path)
        (outcome,) = found.outcomes
        words = [f"{outcome.imported}/{outcome.found}"] if outcome.found else []
        words += ["windows"] if outcome.has_windows else []
        words += refusals(outcome.refused)
        assert tuple(words) == expected().get(path, ("1/1",)), path
        assert sum(text.count("\n  - name: ") for text in found.services.values()) == (
            outcome.imported
        )


def test_a_pair_of_files_with_the_same_slos_is_refused_together(corpus: Path) -> None:
    folder = corpus / "slo-specs/sloth/invalid"
    texts = {path.name: path.read_text() for path in sorted(folder.glob("sloth__bad-prom-1-*"))}
    found = import_specs("sloth", texts)
    assert len(texts) == 2
    assert not found.services
    assert {problem.code for problem in found.problems} == {"duplicate-id"}
    assert {problem.span.path for problem in found.problems} == set(texts)


@pytest.fixture(scope="module")
def rules(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the rule files of all that is imported."""
    folder = tmp_path_factory.mktemp("imported")
    return [
        str(rule_file)
        for number, path in enumerate(specifications(corpus))
        if import_one(corpus, path).services
        for rule_file in written(corpus, folder / str(number), path, "rules")
    ]


@pytest.mark.parametrize("name", SET_NAMES)
def test_the_rules_of_all_that_is_imported_pass_promtool(rules: list[str], name: str) -> None:
    assert len(rules) >= 80
    tools = require_tool_set(name)
    done = promtool(tools, "check", "rules", "--lint=all", "--lint-fatal", *rules)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", TESTED)
def test_the_generated_tests_of_what_is_imported_pass(
    corpus: Path, tmp_path: Path, path: str
) -> None:
    check_generated_tests(corpus, tmp_path, path, over_all_windows=path in TESTED_OVER_ALL_WINDOWS)


@pytest.mark.skipif(
    not os.environ.get("GUARDIA_ALL_IMPORTS"), reason="takes ten minutes: GUARDIA_ALL_IMPORTS=1"
)
def test_the_generated_tests_of_every_import_pass(corpus: Path, tmp_path: Path) -> None:
    for number, path in enumerate(specifications(corpus)):
        if import_one(corpus, path).services:
            check_generated_tests(corpus, tmp_path / str(number), path, over_all_windows=True)


def check_generated_tests(corpus: Path, at: Path, path: str, *, over_all_windows: bool) -> None:
    tools = require_tool_set("installed")
    files = written(corpus, at, path, "rules", "promtool-tests")
    # Those over other windows than the shortest are the only ones without rules of their name.
    names = {file.name for file in files if file.parent.name == "rules"}
    tests = [
        str(file)
        for file in files
        if file.parent.name == "promtool-tests" and (over_all_windows or file.name in names)
    ]
    assert len(tests) >= len(names)
    done = promtool(tools, "test", "rules", *tests)
    assert done.returncode == 0, f"{path}: {done.stdout}{done.stderr}"


def written(corpus: Path, at: Path, path: str, *folders: str) -> list[Path]:
    """Write what is generated of an import, and return its files."""
    files = generate(catalog_of(import_one(corpus, path), at / "catalog"), folders)
    write_files(files, at)
    return [at / name for name in sorted(files)]


def promtool(tools: ToolSet, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tools.promtool, *arguments], capture_output=True, text=True, check=False, timeout=600
    )
