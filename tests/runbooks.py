"""The runbooks of `catalog/`, cut into their parts for tests."""

import re
from dataclasses import dataclass
from textwrap import dedent

from tests.catalogs import OWN_CATALOG

PARTS = ("Síntoma", "Diagnóstico", "Acciones", "Verificación", "Escalamiento")
# What a reader puts in; written in capitals, as nothing else in a command is.
PLACEHOLDERS = {
    "ANTERIOR": "1.4.0",
    "CERTIFICADO": "conecta360-tls",
    "DOMINIO": "conecta360.example",
    "GRUPO": "derivacion-group",
    "INCIDENTE": "1",
    "NODO": "node-1",
    "NUEVA": "1.5.0",
    "OBJETIVO": "availability",
    "PARTICION": "0",
    "PID": "0",
    "POD": "casos-0",
    "REPLICAS": "3",
    "SERVICIO": "casos",
    "SLOT": "replica_1",
    "TABLA": "casos",
    "TAMANO": "300Gi",
    "TOPIC": "casos",
    "TRABAJO": "backup-full-1",
    "USUARIO": "ejemplo",
    "VOLUMEN": "data-postgres-0",
}
RUNBOOKS = tuple(sorted((OWN_CATALOG / "runbooks").glob("*.md")))
_FENCE = re.compile(r"^( *)(?:\d+\. )?```(\w*)\n(.*?)^ *```$", flags=re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A block of code of a runbook."""

    language: str  # sh, sql or promql
    text: str
    before: str  # what stands above it in its part

    @property
    def filled(self) -> str:
        """Return the text with something for each placeholder."""
        return re.sub(
            rf"\b({'|'.join(PLACEHOLDERS)})\b", lambda found: PLACEHOLDERS[found[0]], self.text
        )


def headings(text: str) -> list[str]:
    """Return the headings, outside of code, as they stand."""
    return re.findall(r"^#+ .*$", _FENCE.sub("", text), flags=re.MULTILINE)


def part(text: str, name: str) -> str:
    """Return what stands under a heading of the second level."""
    _, _, rest = text.partition(f"\n## {name}\n")
    return rest.partition("\n## ")[0].strip()


def commands(text: str) -> list[Command]:
    """Return the blocks of code in a text."""
    return [
        Command(language=match[2], text=dedent(match[3]).strip(), before=text[: match.start()])
        for match in _FENCE.finditer(text)
    ]
