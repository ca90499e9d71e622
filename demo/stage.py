"""The demo's stage: a platform, Prometheus, Alertmanager, the router, and fakes at the end."""

import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from demo.platform import TARGETS, path_of
from demo.processes import Processes, StartError, free_port
from generator.catalog.model import Catalog
from generator.catalog.read import read_catalog
from generator.write import generate, write_files
from guardia.catalog_folder import read_catalog_folder
from guardia.duration import format_duration
from guardia.problem import render_text
from router.address import Address
from router.catalog import OnCallCatalog, read_oncall
from router.settings import SLACK_SIGNING_SECRET
from tests.tooling import ToolSet

ROOT = Path(__file__).resolve().parent.parent
LOCK = "lock"  # in the folder, held while the demo runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Addresses of what runs, and where its files are."""

    folder: Path
    platform: str
    prometheus: str
    alertmanager: str
    router: str
    inbox: str
    catalog: Catalog
    oncall: OnCallCatalog
    api_token_file: Path
    processes: Processes

    @property
    def database(self) -> Path:
        """Return the router's SQLite file."""
        return self.folder / "guardia.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """Where the stage is built, and with what."""

    folder: Path
    tools: ToolSet
    processes: Processes


@contextmanager
def stage(folder: Path, tools: ToolSet) -> Iterator[Stage]:
    """Empty the demo's folder, build the stage in it, start everything, and stop it at the end.

    Raises StartError when a program does not start.
    """
    for left in folder.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        elif left.name != LOCK:
            left.unlink()
    for name in ("logs", "secrets"):
        (folder / name).mkdir(parents=True)
    processes = Processes(folder / "logs")
    try:
        yield _start(_Site(folder=folder, tools=tools, processes=processes))
    finally:
        processes.stop()


def _start(site: _Site) -> Stage:
    router = f"http://127.0.0.1:{free_port()}"
    catalog, oncall = _write_catalog(site.folder, router)
    fakes = _start_fakes(site, oncall, router)
    platform = _start_platform(site)
    _start_router(site, router, fakes)
    alertmanager = _start_alertmanager(site)
    prometheus = _start_prometheus(site, catalog, platform, alertmanager)
    return Stage(
        folder=site.folder,
        platform=platform,
        prometheus=prometheus,
        alertmanager=alertmanager,
        router=router,
        inbox=fakes["inbox"],
        catalog=catalog,
        oncall=oncall,
        api_token_file=site.folder / "secrets" / "api-token",
        processes=site.processes,
    )


def _write_catalog(folder: Path, router: str) -> tuple[Catalog, OnCallCatalog]:
    """Copy catalog/, put demo/catalog.yaml in, and generate from it as `make rules` does."""
    copied = folder / "catalog"
    shutil.copytree(ROOT / "catalog", copied)
    settings = (ROOT / "demo" / "catalog.yaml").read_text(encoding="utf-8")
    settings = settings.replace("http://127.0.0.1:8080", router)
    settings = settings.replace("secrets/webhook-token", f"{folder}/secrets/webhook-token")
    (copied / "catalog.yaml").write_text(settings, encoding="utf-8")
    if not (copied / "services" / "casos.yaml").is_file():
        raise StartError("the demo breaks the service of catalog/services/casos.yaml: it is gone")
    documents, problems = read_catalog_folder(copied)
    catalog, of_generator = read_catalog(documents)
    oncall, of_oncall = read_oncall(documents)
    if catalog is None or oncall is None:
        drawn = render_text((*problems, *of_generator, *of_oncall), documents.sources)
        raise StartError(f"the catalog has problems:\n{drawn}")
    write_files(generate(catalog), folder)
    return catalog, oncall


def _addresses(oncall: OnCallCatalog, channel: str) -> list[str]:
    """Return every address on one channel that a person or a route has."""
    people = (person.addresses for person in oncall.roster.people.values())
    routes = (route.channels for route in oncall.routes)
    found: list[Address] = [address for addresses in (*people, *routes) for address in addresses]
    return sorted({address.address for address in found if address.channel == channel})


def _write_secret(folder: Path, name: str) -> str:
    """Write a new secret, as a secrets manager would mount it, and return it."""
    secret = secrets.token_hex(16)
    path = folder / "secrets" / name
    path.touch(mode=0o600)
    path.write_text(f"{secret}\n", encoding="utf-8")
    return secret


def _start_fakes(site: _Site, oncall: OnCallCatalog, router: str) -> dict[str, str]:
    """Start PagerDuty, Slack and mail; return the address of each and of the inbox."""
    token = _write_secret(site.folder, "slack-token")
    command = [sys.executable, "-m", "tests.fakes", "--slack-token", token]
    command += [f"--slack-channel={channel}" for channel in _addresses(oncall, "slack")]
    for name in _addresses(oncall, "pagerduty"):
        key = _write_secret(site.folder, f"pagerduty-{name}")
        command.append(f"--routing-key={name}={key}")
    secret = _write_secret(site.folder, SLACK_SIGNING_SECRET)
    command += [f"--slack-signing-secret={secret}", f"--slack-request-url={router}/webhook/slack"]
    if members := [person.slack for person in oncall.roster.people.values() if person.slack]:
        command.append(f"--slack-member={members[0]}")
    log = site.processes.start("fakes", command, cwd=ROOT)
    site.processes.wait_until("fakes", lambda: "ready " in log.read_text(encoding="utf-8"))
    line = next(
        line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("ready ")
    )
    return dict(part.split("=", 1) for part in line.split()[1:])


def _start_platform(site: _Site) -> str:
    port = free_port()
    site.processes.start("platform", [sys.executable, "-m", "demo.platform", str(port)], cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    site.processes.wait_until("platform", lambda: answers(f"{address}/state"))
    return address


def _start_router(site: _Site, router: str, fakes: dict[str, str]) -> None:
    folder = site.folder
    for name in ("webhook-token", "api-token"):
        _write_secret(folder, name)
    host, port = fakes["smtp"].split(":")
    environment = {
        "GUARDIA_CATALOG": f"{folder}/catalog",
        "GUARDIA_DATABASE": f"sqlite:///{folder}/guardia.db",
        "GUARDIA_LISTEN": router.removeprefix("http://"),
        "GUARDIA_WEBHOOK_TOKEN_FILE": f"{folder}/secrets/webhook-token",
        "GUARDIA_API_TOKEN_FILE": f"{folder}/secrets/api-token",
        "GUARDIA_SECRETS_DIR": f"{folder}/secrets",
        "GUARDIA_PAGERDUTY_URL": fakes["pagerduty"],
        "GUARDIA_SLACK_URL": fakes["slack"],
        "GUARDIA_SLACK_HOOKS_URL": fakes["slack-hooks"],
        "GUARDIA_SMTP_HOST": host,
        "GUARDIA_SMTP_PORT": port,
        "GUARDIA_SMTP_TLS": "none",
        "GUARDIA_SMTP_FROM": "guardia@conecta360.example",
    }
    command = [sys.executable, "-m", "guardia.cli.main", "serve"]
    site.processes.start("router", command, cwd=ROOT, environment=environment)
    site.processes.wait_until("router", lambda: answers(f"{router}/-/ready"))


def _start_alertmanager(site: _Site) -> str:
    folder = site.folder
    address = f"127.0.0.1:{free_port()}"
    command: list[str | Path] = [
        site.tools.alertmanager,
        f"--config.file={folder}/alertmanager/alertmanager.yml",
        f"--storage.path={folder}/alertmanager-data",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    site.processes.start("alertmanager", command, cwd=folder)
    site.processes.wait_until("alertmanager", lambda: answers(f"http://{address}/-/ready"))
    return f"http://{address}"


def _start_prometheus(site: _Site, catalog: Catalog, platform: str, alertmanager: str) -> str:
    folder = site.folder
    organisation = catalog.organisation
    interval = format_duration(organisation.scrape_interval)
    configuration = {
        "global": {"scrape_interval": interval, "evaluation_interval": interval},
        "rule_files": ["rules/*.yml"],
        "alerting": {
            "alertmanagers": [
                {"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}
            ]
        },
        "scrape_configs": _scrape_configs(catalog, platform),
    }
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(configuration, sort_keys=False), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command: list[str | Path] = [
        site.tools.prometheus,
        f"--config.file={file}",
        f"--storage.tsdb.path={folder}/prometheus-data",
        f"--web.listen-address={address}",
    ]
    site.processes.start("prometheus", command, cwd=folder)
    site.processes.wait_until("prometheus", lambda: answers(f"http://{address}/-/ready"))
    return f"http://{address}"


def _scrape_configs(catalog: Catalog, platform: str) -> list[dict[str, object]]:
    """Return a job for each of the platform's; its targets differ in their path alone."""
    organisation = catalog.organisation
    targets: dict[str, list[dict[str, object]]] = {}
    for target in TARGETS:
        labels = {
            "__metrics_path__": path_of(target),
            "instance": target.instance,
            organisation.environment_label: organisation.environments[-1],
        }
        if organisation.regions is not None:
            labels[organisation.regions.label] = target.place.region
        targets.setdefault(target.job, []).append(
            {"targets": [platform.removeprefix("http://")], "labels": labels}
        )
    return [{"job_name": job, "static_configs": listed} for job, listed in targets.items()]


def answers(url: str) -> bool:
    """Say whether a GET of `url` is answered with 200."""
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
