"""Every endpoint against its own description, by thousands of right and wrong requests."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from unittest.mock import Mock

import pytest
import requests
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.openapi.checks import IgnoredAuth, UndefinedStatusCode

from router.web.api.openapi import render_document
from router.web.api.routes import list_endpoints
from tests.databases import sqlite_database
from tests.router.web.served_api import Served, serving_api

DOCUMENT = render_document(list_endpoints(Mock(), Mock()))
CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 7,
        "generation": {
            "deterministic": True,
            "max-examples": 10,
            "database": "none",
            # Ours is sent with each: one made up would be replaced, and the wrong made right.
            "with-security-parameters": False,
        },
        "checks": {
            "positive_data_acceptance": {
                # 422 is for what no schema can say: names that the catalog does not
                # know, times in the past, letters that no line can have.
                "expected-statuses": ["2xx", "401", "403", "404", "409", "422", "429"]
            },
            "negative_data_rejection": {
                "expected-statuses": ["400", "401", "403", "404", "405", "413", "415", "422"]
            },
        },
    }
)
schema = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("api")
    with serving_api(folder, sqlite_database(folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


@schema.parametrize()
def test_every_answer_is_as_described(
    case: schemathesis.Case[Any], served: Served, session: requests.Session
) -> None:
    case.call_and_validate(base_url=served.url, headers=served.headers, session=session)


def test_a_status_that_is_not_described_is_found(served: Served) -> None:
    case = schema["/api/overrides"]["GET"].Case()
    case.call_and_validate(base_url=served.url, headers=served.headers)

    served.app.wrong["/api/overrides"] = HTTPStatus.ACCEPTED
    try:
        with pytest.raises(FailureGroup) as found:
            case.call_and_validate(base_url=served.url, headers=served.headers)
    finally:
        served.app.wrong.clear()

    # It is told twice: such a status is no refusal of a stranger either.
    kinds = {type(one) for one in found.value.exceptions}
    assert kinds == {UndefinedStatusCode, IgnoredAuth}
