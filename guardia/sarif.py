"""Problems as SARIF, which code hosts show beside the lines of a change."""

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from guardia.problem import Problem

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_sarif(problems: Iterable[Problem], meanings: Mapping[str, str]) -> str:
    """Return one SARIF log with one run.

    `meanings` gives one sentence for each code; those that no problem has are
    left out. Source: OASIS, Static Analysis Results Interchange Format
    (SARIF) Version 2.1.0: regions end before `endColumn` (3.30.8), addresses
    are percent-encoded (3.4.3), suppressed results stay in the list (3.27.23).
    """
    found = list(problems)
    codes = sorted({problem.code for problem in found})
    rules = [
        {"id": code, "shortDescription": {"text": meanings[code]}}
        if code in meanings
        else {"id": code}
        for code in codes
    ]
    run = {
        "tool": {"driver": {"name": "guardia", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, codes.index(problem.code)) for problem in found],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    span = problem.span
    label = f" ({problem.label})" if problem.label else ""
    allowed = problem.allowed
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": "error",
        "message": {
            "text": f"{problem.message}{label}\nwhy: {problem.why}\nfix: {problem.fix}",
        },
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(os.fsencode(span.path))},
                    "region": {
                        "startLine": span.line,
                        "startColumn": span.column,
                        "endColumn": max(span.end_column, span.column),
                    },
                }
            }
        ],
        "suppressions": [{"kind": "inSource", "justification": allowed.reason}] if allowed else [],
    }
