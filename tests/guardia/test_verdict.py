"""`guardia verdict`: what it prints and exits with, and what it says when it cannot judge."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest

from guardia.cli.main import main
from tests.catalogs import copy_catalog
from tests.servers import free_port

CANARY, BASELINE = 'version="v2"', 'version="v1"'
AT = "2026-11-28T12:00:00Z"
EARLIER_SECONDS = 300  # of a slice before the step


class Answering(BaseHTTPRequestHandler):
    """A Prometheus that counts so many events, and bad ones, a slice for each version."""

    counts: dict[str, tuple[float | str, float | str]]  # version -> all, bad
    before: tuple[list[float], list[float]] | None  # of v1 in each slice before the step
    raw: tuple[int, bytes] | None  # answers that instead
    location: str | None  # redirects there
    asked: list[dict[str, str]]
    tokens: list[str | None]

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        form = {name: values[0] for name, values in parse_qs(text).items()}
        self.asked.append(form)
        self.tokens.append(self.headers["Authorization"])
        status, body = self.raw or (200, self._count(form))
        self.send_response(status)
        if self.location is not None:
            self.send_header("Location", self.location)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """Answer as well: so urllib would ask where a redirect leads."""
        self.do_POST()

    def _count(self, form: dict[str, str]) -> bytes:
        version = re.findall(r'version="(v[0-9])"', form["query"])[0]
        is_bad = "5.." in form["query"]
        value = self.counts.get(version, (0, 0))[is_bad]
        start, end, step = (float(form[name]) for name in ("start", "end", "step"))
        number = round((end - start) / step) + 1
        values = [[start + index * step, str(value)] for index in range(number)]
        if self.before is not None and version == "v1" and step == EARLIER_SECONDS:
            column = self.before[is_bad]
            values = [[at, str(found)] for (at, _), found in zip(values, column, strict=True)]
        result = [{"metric": {}, "values": values}] if version in self.counts else []
        answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
        return json.dumps(answer).encode()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def prometheus() -> Iterator[str]:
    Answering.counts = {"v1": (540, 0), "v2": (60, 0)}
    Answering.raw, Answering.asked, Answering.tokens = None, [], []
    Answering.before, Answering.location = None, None
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever, args=(0.01,))  # seconds until it notices its end
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    return copy_catalog(tmp_path)


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "token").write_text("secret\n", encoding="utf-8")
    monkeypatch.setenv("GUARDIA_PROMETHEUS_TOKEN_FILE", str(tmp_path / "token"))
    return "secret"


def ask(catalog: Path, url: str, *more: str) -> int:
    """Ask; what stands in `more` comes last, and so wins."""
    return main(
        [
            *("verdict", str(catalog), "--prometheus", url, "--service", "casos"),
            *("--environment", "prod", "--canary", CANARY, "--baseline", BASELINE, "--at", AT),
            *more,
        ]
    )


def test_yes_is_shown_with_its_numbers_and_said_in_the_last_line(
    catalog: Path, prometheus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(catalog, prometheus) == 0

    assert capsys.readouterr().out == (
        'casos in prod: {version="v2"} beside {version="v1"}, 2026-11-28 11:30:00 to 2026-11-28'
        " 12:00:00 UTC (30m)\n"
        "\n"
        "  SLI           side      events  bad  errors  design effect\n"
        "  availability  canary    1,800   0    0%      1.0\n"
        "                baseline  16,200  0    0%      1.0\n"
        "\n"
        "availability: yes: its error ratio is 0.256 points higher at most; 1.44 would have been"
        " seen.\n"
        "\n"
        "verdict: yes, go on\n"
    )


def test_no_exits_with_1(
    catalog: Path, prometheus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Answering.counts["v2"] = (60, 1)
    assert ask(catalog, prometheus) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "verdict: no, roll back"
    assert re.fullmatch(
        r"availability: no: its error ratio is 1\.\d+ to 2\.\d+ points higher, which is beyond"
        r" chance\.",
        lines[-3],
    )


def test_too_little_traffic_exits_with_2_and_says_how_much_would_do(
    catalog: Path, prometheus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Answering.counts["v2"] = (1, 0)
    assert ask(catalog, prometheus) == 2

    shown = capsys.readouterr()
    assert shown.err == ""
    assert "a yes excludes 1.44: 318 events without a failure would do" in shown.out
    assert shown.out.endswith("\nverdict: not enough traffic, wait and ask again\n")


def test_json_holds_the_verdict_and_all_that_decided_it(
    catalog: Path, prometheus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(catalog, prometheus, "--format", "json") == 0

    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "yes"
    assert found["environment"] == "prod"
    (slo,) = found["slos"]
    assert slo["canary"] == {
        "events": 1800,
        "bad": 0,
        "error_ratio": 0,
        "design_effect_for_yes": 1,
        "design_effect_for_no": 1,
    }
    assert slo["beside"] == "the baseline in this step"
    assert 0.001 < slo["higher_by"]["to"] < slo["critical"] == 0.0144


def test_what_is_asked_is_of_one_place_and_one_side(catalog: Path, prometheus: str) -> None:
    ask(catalog, prometheus, "--step", "10m", "--history", "1h")

    sides = [CANARY] * 2 + [BASELINE] * 4
    for form, side in zip(Answering.asked, sides, strict=True):
        selectors = re.findall(r"http_requests_total\{([^}]*)\}", form["query"])
        assert len(selectors) >= 3
        place = f'{side},environment="prod",'
        assert all(
            re.match(rf'{re.escape(place)}(instance!="",)?job="casos"', one) for one in selectors
        )
    steps = [float(form["step"]) for form in Answering.asked]
    assert steps == [60, 60, 60, 60, 100, 100]


def test_without_a_baseline_the_objective_is_named(
    catalog: Path, prometheus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(
        [
            *("verdict", str(catalog), "--prometheus", prometheus, "--service", "casos"),
            *("--environment", "prod", "--canary", CANARY),
        ]
    )
    assert code == 0
    shown = capsys.readouterr().out
    assert shown.startswith('casos in prod: {version="v2"} beside the objective, ')
    assert "0.256% fail at most; 1.44% would have been seen." in shown


def test_a_baseline_in_an_outage_is_said(
    catalog: Path, prometheus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Answering.counts = {"v1": (540, 54), "v2": (60, 20)}
    assert ask(catalog, prometheus) == 1
    assert "The baseline fails as in an outage" in capsys.readouterr().out


@pytest.mark.parametrize(("bad", "said"), [(6, "both fail now"), (0, "the baseline fails now")])
def test_a_baseline_that_the_canary_may_have_broken_withholds_the_yes(
    catalog: Path, prometheus: str, capsys: pytest.CaptureFixture[str], bad: int, said: str
) -> None:
    Answering.counts = {"v1": (5400, 540), "v2": (600, bad * 10)}
    assert ask(catalog, prometheus) == 2
    shown = capsys.readouterr().out
    assert f"availability: not enough traffic: {said}, and the canary may be" in shown
    assert "wait until that is over, or roll back." in shown
    assert shown.endswith("\nverdict: not enough traffic, wait and ask again\n")


def test_an_outage_of_yesterday_licenses_no_failures_and_that_is_said(
    catalog: Path, prometheus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Answering.counts = {"v1": (0, 0), "v2": (600, 12)}
    Answering.before = ([3000.0] * 288, [0.0] * 100 + [600.0] * 48 + [0.0] * 140)
    assert ask(catalog, prometheus) == 2
    shown = capsys.readouterr().out
    assert re.search(
        r"not enough traffic: 2\.\d+% may fail, and a yes excludes 1\.44%, as the baseline failed"
        r" 0% as a rule: when it failed more, that licenses no failures now\. Wait",
        shown,
    )


def test_a_better_canary_is_said_to_be_better(
    catalog: Path, prometheus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Answering.counts = {"v1": (540, 7), "v2": (60, 0)}
    assert ask(catalog, prometheus) == 0
    assert re.search(
        r"yes: its error ratio is 0\.\d+ points lower at least\.", capsys.readouterr().out
    )


def test_an_asked_burn_rate_sets_what_a_yes_excludes(
    catalog: Path, prometheus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(catalog, prometheus, "--burn-rate", "2") == 2
    assert "a yes excludes 0.2" in capsys.readouterr().out


def test_a_token_is_sent_and_never_shown(
    catalog: Path, prometheus: str, token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(catalog, prometheus)
    assert set(Answering.tokens) == {f"Bearer {token}"}
    assert token not in "".join(capsys.readouterr())


HTML = b"<html>Not found</html>"
PROBLEMS: dict[str, tuple[tuple[int, bytes], str]] = {
    "no JSON": ((404, HTML), "is not Prometheus (status 404, no JSON)"),
    "an error": (
        (400, b'{"status":"error","error":"parse error \\u001b[2J"}'),
        r"refuses (status 400): parse error \x1b[2J",
    ),
    "an error without a reason": ((503, b"[]"), "refuses (status 503): it gives no reason"),
    "a part of the stores": (
        (
            200,
            b'{"status":"success","data":{"result":[]},"warnings":["PromQL info: a name",'
            b'"store b: deadline exceeded\\u001b[2J"]}',
        ),
        r"warns, so its numbers may not be whole: store b: deadline exceeded\x1b[2J",
    ),
    "another API": ((200, b'{"status":"success","data":[]}'), "is not Prometheus' API"),
    "several series": (
        (
            200,
            b'{"status":"success","data":{"result":[{"values":[]},{"values":[]}]}}',
        ),
        "gives no plain number",
    ),
    "no number": (
        (200, b'{"status":"success","data":{"result":[{"values":[[1,"NaN"]]}]}}'),
        "gives no plain number",
    ),
}


@pytest.mark.parametrize("what", PROBLEMS)
def test_an_answer_that_tells_nothing_is_no_verdict(
    catalog: Path, prometheus: str, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    Answering.raw, sentence = PROBLEMS[what]
    assert ask(catalog, prometheus) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert sentence in shown.err
    assert shown.err.startswith("guardia: ")


def test_a_hint_on_a_name_is_no_warning(catalog: Path, prometheus: str) -> None:
    Answering.raw = (
        200,
        b'{"status":"success","data":{"result":[{"values":[]}]},"warnings":["PromQL info: a"]}',
    )
    main(
        [
            *("verdict", str(catalog), "--prometheus", prometheus, "--service", "casos"),
            *("--environment", "prod", "--canary", CANARY),
        ]
    )
    assert len(Answering.asked) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    catalog: Path,
    prometheus: str,
    token: str,
    capsys: pytest.CaptureFixture[str],
    status: int,
) -> None:
    Answering.raw, Answering.location = (status, b""), f"{prometheus}/login?state=hidden"
    assert ask(catalog, prometheus) == 2
    shown = capsys.readouterr().err
    assert f"redirects to {prometheus}/login (status {status}), which is not followed" in shown
    assert "hidden" not in shown
    assert Answering.tokens == [f"Bearer {token}"]


def test_a_prometheus_that_is_not_there(catalog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(catalog, f"http://127.0.0.1:{free_port()}") == 2
    assert "does not answer" in capsys.readouterr().err


USAGE: dict[str, tuple[list[str], str]] = {
    "service": (["--service", "cassos"], "there is no service 'cassos': did you mean casos?"),
    "environment": (["--environment", "pord"], "did you mean prod?"),
    "region": (["--region", "a"], "leave --region out"),
    "hostile": (["--canary", 'version="v2"} or up{'], "--canary: 'version=\"v2\"} or up{' is no"),
    "the same": (["--baseline", 'version=~"v."'], "would count on both sides"),
    "the same events": (
        ["--baseline", 'track="stable"'],
        '1,800 events of availability count on both sides, {version="v2"} and {track="stable"}',
    ),
    "place in a side": (["--canary", 'environment="qa"'], "use --environment for both"),
    "burn rate": (["--burn-rate", "1000"], "give a smaller --burn-rate"),
    "short step": (["--step", "2m"], "it takes 5m at least"),
    "no address": (["--prometheus", "prometheus:9090"], "such as http://prometheus:9090"),
    "no baseline": (["--baseline", 'version="v7"'], "check its matchers"),
}


@pytest.mark.parametrize("what", USAGE)
def test_a_question_that_cannot_be_asked_is_a_sentence(
    catalog: Path, prometheus: str, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    more, sentence = USAGE[what]
    assert ask(catalog, prometheus, *more) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert sentence in shown.err


@pytest.mark.parametrize(
    ("service", "code"),
    [("casos", 0), ("nobody", 2)],  # yes; and a question that cannot be asked
)
def test_an_exit_code_never_means_no_because_nobody_reads_the_output(
    catalog: Path, prometheus: str, service: str, code: int
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [
        *(sys.executable, "-m", "guardia.cli.main", "verdict", str(catalog)),
        *("--prometheus", prometheus, "--service", service, "--environment", "prod"),
        *("--canary", CANARY, "--baseline", BASELINE, "--at", AT),
    ]
    try:
        done = subprocess.run(command, stdout=writer, stderr=writer, check=False, timeout=60)
    finally:
        os.close(writer)
    assert done.returncode == code


@pytest.mark.parametrize(
    "address",
    [
        "http://me:hunter2@prometheus:9090",
        "me:hunter2@prometheus:9090",
        "//me:hunter2@prometheus",
        "http://me:hunter2@[prometheus",
        "ftp://me:hunter2@prometheus",
    ],
)
def test_a_password_in_the_address_is_not_repeated(
    catalog: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    assert ask(catalog, address) == 2
    shown = capsys.readouterr().err
    assert "GUARDIA_PROMETHEUS_TOKEN_FILE" in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    ("option", "text", "sentence"),
    [
        ("--step", "half an hour", "is no duration"),
        ("--step", "30 minutes", "did you mean 30m?"),
        ("--history", "30d", "must be from 1m to 7d"),
        ("--looks", "0", "must be a number from 1"),
        ("--burn-rate", "0.5", "must be a number from 1 on"),
        ("--at", "yesterday", "must be an instant such as"),
        ("--at", "2026-11-28T12:00:00", "must be an instant such as"),
        ("--at", "99999999999", "must be an instant such as"),
        ("--at", "0001-01-01T00:00:00Z", "must be an instant such as"),
    ],
)
def test_an_option_that_means_nothing_is_refused(
    catalog: Path, option: str, text: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        ask(catalog, "http://127.0.0.1:9", option, text)
    assert ended.value.code == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_a_catalog_with_problems_rolls_nothing_back(
    catalog: Path, prometheus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = catalog / "services" / "casos.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("99.9%", "100%"), encoding="utf-8")
    assert ask(catalog, prometheus) == 2
    assert "objective-range" in capsys.readouterr().err


DOCUMENT = Path(__file__).parents[2] / "docs" / "canary.md"
STUBS = {
    "guardia": """answer=$(sed -n 1p answers)
sed 1d answers > rest; mv rest answers; echo "$@" >> asked
case $answer in
  yes) echo "verdict: yes, go on" ;;
  no) echo "verdict: no, roll back"; exit 1 ;;
  few) echo "verdict: not enough traffic, wait and ask again"; exit 2 ;;
  *) echo "guardia: cannot be answered" >&2; exit 2 ;;
esac
""",
    "shift_traffic": 'echo "$1" >> shares\n',
    "sleep": "",
}


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize(
    ("answers", "shares", "code"),
    [
        ("yes yes yes yes", "10 25 50 100", 0),
        ("no", "10 0", 1),
        ("yes no", "10 25 0", 1),
        ("few yes yes yes yes", "10 25 50 100", 0),
        ("few no", "10 0", 1),
        ("few few", "10 0", 1),
        ("unanswered", "10 0", 1),
    ],
)
def test_the_documents_pipeline_does_what_the_verdict_says(
    tmp_path: Path, shell: str, answers: str, shares: str, code: int
) -> None:
    block = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)[0]
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    for name, text in STUBS.items():
        (stubs / name).write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
        (stubs / name).chmod(0o755)
    (tmp_path / "answers").write_text(answers.replace(" ", "\n"), encoding="utf-8")

    done = subprocess.run(
        [shell, "-eu", "-c", block],
        cwd=tmp_path,
        env={
            "PATH": f"{stubs}:{os.environ['PATH']}",
            "PROMETHEUS": "http://prometheus:9090",
            "NEW": "2",
            "OLD": "1",
        },
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == code
    assert (tmp_path / "shares").read_text(encoding="utf-8").split() == shares.split()
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert len(asked) == len(answers.split())
    assert all('--canary version="2" --baseline version="1"' in one for one in asked)
    assert done.stdout.count("verdict: ") == len(asked) - answers.count("unanswered")


def test_slis_without_events_are_named_and_alone_are_no_verdict(
    catalog: Path, prometheus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = catalog / "services" / "casos.yaml"
    text = path.read_text(encoding="utf-8")
    head, rest = text.split("      ratio:")
    tail = rest[rest.index("    runbook: high-error-rate") :]
    uptime = """      uptime: {gauge: 'probe_success{job="casos"}'}\n"""
    path.write_text(head + uptime + tail, encoding="utf-8")
    assert ask(catalog, prometheus) == 2
    assert (
        "casos has no SLI that can be judged (availability: uptime counts samples of a gauge"
        in capsys.readouterr().err
    )
