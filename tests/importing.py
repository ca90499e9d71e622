"""A catalog around what an import gives, for tests that generate from it."""

import shutil
from pathlib import Path

from generator.catalog.model import Catalog
from generator.catalog.read import read_catalog
from generator.importing.carry import Import
from guardia.catalog_folder import read_catalog_folder
from guardia.problem import open_problems
from tests.catalogs import CATALOG

# The label is external, since specifications of others know nothing of it.
ORGANISATION = """\
organisation: Example
environments: {label: environment, names: [prod], on: prometheus}
prometheus:
  scrape_interval: 15s
  retention: 30d
  intervals: {fast: 30s, slow: 2m30s, store: 5m}
slo_defaults: {window: 30d, no_data_for: 2m, no_traffic_for: 15m}
alertmanager:
  router_url: http://guardia-router:8080/webhook
  router_token_file: /etc/alertmanager/secrets/guardia-token
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 4h
links: {runbooks: https://runbooks.example/, dashboards: https://grafana.example/}
oncall: {escalate_after: 15m}
"""


def catalog_of(found: Import, folder: Path) -> Catalog:
    """Write a catalog with the imported files into `folder` and read it; no problem may be left."""
    for part in ("services", "runbooks"):
        (folder / part).mkdir(parents=True)
    shutil.copytree(CATALOG / "oncall", folder / "oncall")
    (folder / "catalog.yaml").write_text(ORGANISATION, encoding="utf-8")
    runbooks = (texts for texts in found.runbooks.values())
    for texts in (found.services, *runbooks):
        for path, text in texts.items():
            (folder / path).write_text(text, encoding="utf-8")
    documents, of_form = read_catalog_folder(folder)
    catalog, of_meaning = read_catalog(documents)
    # What is allowed by a comment in an imported file is not open.
    left = open_problems([*of_form, *of_meaning])
    assert left == (), left
    assert catalog is not None
    return catalog
