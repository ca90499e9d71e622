"""A catalog that uses all that dashboards can show: regions, every SLI, long names, many panels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.alertmanager_catalog import SETTINGS
from tests.catalogs import copy_catalog

LONG_NAME = "expedientes-" + "x" * 51  # 63 characters, as long as a name may be
PAGED = "tramites"
MANY = 30  # services with the same panel: more lines than one panel has letters for
HOSTILE = '<b>"Cola" $x {{ y }} \\ %s ${z} {0}'
_ENVIRONMENTS = "  names: [dev, qa, staging, prod]\n"
_REGIONS = """
regions: {label: region, names: [barlovento, sotavento]}
"""
_WHOLE = """
language: {language}
grafana:
  resources: {{namespace: monitoring, labels: {{grafana: "yes"}}}}
"""
_BY = "environment, region"
_WHERE = 'environment="prod",region="sotavento"'

_SLOS: tuple[Mapping[str, Any], ...] = (
    {
        "name": "by-route",
        "objective": "99.9%",
        "by": ["route"],
        "sli": {
            "ratio": {
                "bad": 'http_requests_total{job="casos",code=~"5.."}',
                "total": 'http_requests_total{job="casos"}',
            }
        },
    },
    {
        "name": "latency",
        "objective": "99%",
        "window": ["7d", "28d"],
        "burn_windows": {"medium": "off", "low": "off"},
        "sli": {
            "latency": {
                "histogram": 'http_seconds{job="casos"}',
                "below": "500ms",
            }
        },
    },
    {
        "name": "up",
        "objective": "99.5%",
        "sli": {"uptime": {"gauge": 'probe_success{job="casos"}'}},
    },
    {
        "name": "backup",
        "objective": "95%",
        "window": "14d",
        "burn_windows": {"low": "off"},
        "sli": {"freshness": {"timestamp": 'backup_timestamp_seconds{job="b"}', "within": "26h"}},
    },
    {
        "name": "score",
        "objective": "98%",
        "sli": {"raw": {"error_ratio": f"1 - avg by ({_BY}) (avg_over_time(score[$window]))"}},
        "examples": {"works": {f"score{{{_WHERE}}}": 1}, "fails": {f"score{{{_WHERE}}}": 0}},
    },
)


def copy_dashboard_catalog(to: Path, *, language: str = "en", regions: bool = True) -> Path:
    """Copy the frozen catalog and add to it; without regions its environments are external."""
    folder = copy_catalog(to, changes={"catalog.yaml": ("  repeat_interval: 4h\n", SETTINGS)})
    file = folder / "catalog.yaml"
    text = file.read_text(encoding="utf-8") + _WHOLE.format(language=language)
    place = _REGIONS if regions else "  on: prometheus\n"
    assert text.count(_ENVIRONMENTS) == 1
    file.write_text(text.replace(_ENVIRONMENTS, _ENVIRONMENTS + place), encoding="utf-8")
    for file in (folder / "services").glob("*.yaml"):
        _write(file, _keep_place(_read(file), regions=regions))
    _write(folder / "services/casos.yaml", _casos(folder, regions=regions))
    for service in _services():
        file = folder / "services" / f"{service['service']}.yaml"
        _write(file, _keep_place(service, regions=regions))
    return folder


def _casos(folder: Path, *, regions: bool) -> Mapping[str, Any]:
    casos = _read(folder / "services/casos.yaml")
    casos["slos"] += [
        {"description": "What is promised.", "runbook": "high-error-rate", **slo} for slo in _SLOS
    ]
    casos["deployments"] = 'deployment_timestamp_seconds{job="casos"}'
    casos["metrics"] = {
        "cases_open": {"type": "gauge", "unit": "cases", "means": "Cases that are open."},
        "cases_limit": {"type": "gauge", "unit": "cases", "means": "What the office can take."},
        "disk_bytes": {"type": "gauge", "unit": "bytes", "means": "What its volume holds."},
        "cases_total": {"type": "counter", "unit": "cases", "means": "Cases that were opened."},
    }
    casos["growth"] = [
        _growth("cases", f"sum by ({_BY}) (cases_open)", "short", f"max by ({_BY}) (cases_limit)"),
        _growth("disk", f"sum by ({_BY}) (disk_bytes)", "bytes", 1_000_000_000),
        _growth("unbounded", f"max by ({_BY}) (disk_bytes)", "bytes", None),
    ]
    casos["panels"] = [
        {
            "title": HOSTILE,
            "description": HOSTILE,
            "unit": "ops",
            "boards": ["business", "global"],
            "above": 5,
            "queries": [
                {
                    "expr": f"sum by ({_BY}) (rate(cases_total[$__rate_interval]))",
                    "legend": "{{environment}} opened",
                },
                {"expr": f"sum by ({_BY}) (cases_open)", "legend": "open"},
            ],
        }
    ]
    casos["conditions"] += _narrowed()
    return _keep_place(casos, regions=regions)


def _narrowed() -> list[Mapping[str, Any]]:
    """Return a condition that names its own place, and one that asks for more than its value."""
    gone, waiting = 'up{job="casos",environment="prod"}', "queue_messages{queue=%s}"
    long, held = waiting % '"long"', waiting % '"held"'
    return [
        _condition("CasosGone", 0)
        | {
            "expr": f"absent({gone})",
            "examples": {
                "fires": {'up{job="other",environment="prod"}': 1},
                "silent": {gone: 1},
            },
        },
        _condition("QueueLong", 0)
        | {
            "expr": f"sum by ({_BY}) ({long}) > 5 unless sum by ({_BY}) ({held}) > 0",
            "panel": {"title": "Queue", "zero": f"max by ({_BY}) (up)"},
            "examples": {
                "fires": {_of(long): 6},
                "silent": {_of(long): 6, _of(held): 1},
            },
        },
    ]


def _services() -> list[Mapping[str, Any]]:
    """Return one service of many conditions, many of one condition each, and one of nothing."""
    long = _service(LONG_NAME) | {
        "conditions": [_condition(f"Queue{number}", number) for number in range(25)],
    }
    alike = [
        _service(f"oficina-{number}")
        | {
            "conditions": [
                _condition(f"Office{number}Behind", 7)
                | {"panel": {"title": "Queue", "unit": "short", "boards": ["infrastructure"]}}
            ]
        }
        for number in range(MANY)
    ]
    second = _service(f"{PAGED}-2")  # what a second page of the other is not to be called
    paged = _service(PAGED) | {"conditions": [_condition(f"Step{n}", n) for n in range(25)]}
    return [long, *alike, paged, second]


def _service(name: str) -> dict[str, Any]:
    return {
        "service": name,
        "team": "plataforma",
        "description": "One of many services.",
        "targets": f'up{{job="{name}"}}',
        "runbook": "service-down",
    }


def _condition(alert: str, number: int) -> dict[str, Any]:
    metric = f'queue_messages{{queue="{number}"}}'
    return {
        "alert": alert,
        "severity": ("critical", "high", "medium", "low")[number % 4],
        "expr": f"sum by ({_BY}) ({metric}) {('>', '<=', '>=', '<')[number % 4]} {number + 10}",
        "for": "5m",
        "summary": "{{ $value }} messages wait.",
        "description": "Messages wait for longer than they may.",
        "runbook": "case-not-assigned",
        "examples": {
            "fires": {_of(metric): (100, 1)[number % 2]},
            "silent": {_of(metric): (1, 100)[number % 2]},
        },
    }


def _of(metric: str) -> str:
    return metric.replace("}", f",{_WHERE}}}")


def _growth(name: str, expr: str, unit: str, limit: str | float | None) -> Mapping[str, Any]:
    found = {"name": name, "title": name, "description": HOSTILE, "unit": unit, "expr": expr}
    return found if limit is None else {**found, "limit": limit}


def _keep_place(service: Mapping[str, Any], *, regions: bool) -> Mapping[str, Any]:
    """Return a service whose PromQL keeps the labels of the place, and whose series carry them."""
    text = yaml.dump(service, Dumper=yaml.CSafeDumper, allow_unicode=True, width=10_000)
    if regions:
        text = text.replace(" (environment, instance)", f" ({_BY}, instance)")
        text = text.replace(" (environment, consumergroup)", f" ({_BY}, consumergroup)")
        text = text.replace('environment="prod"}', f"{_WHERE}}}")
    else:
        text = text.replace(f" by ({_BY})", "").replace(f",{_WHERE}", "")
        text = text.replace(f"{{{_WHERE}}}", "").replace("environment, ", "")
        text = text.replace(" in {{ $labels.environment }}", "")
        text = text.replace(',environment="prod"', "").replace("{{environment}} ", "")
    found: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return found


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found


def _write(file: Path, value: Mapping[str, Any]) -> None:
    text = yaml.dump(dict(value), Dumper=yaml.CSafeDumper, allow_unicode=True)
    file.write_text(text, encoding="utf-8")
