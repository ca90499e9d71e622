"""What processes of tests.forking have imported before they begin: the project, and libraries."""

import gc
import importlib
import pkgutil
import warnings

# Those that the project imports only where it uses them.
_LATE = (
    "aiosmtplib",
    "alembic.command",
    "alembic.config",
    "babel.dates",
    "babel.numbers",
    "encodings.idna",
    "encodings.unicode_escape",
    "encodings.utf_8_sig",
    "httpx",
    "mako.template",
    "pdpyras",
    "psycopg",
    "slack_sdk.web.async_client",
    "sqlalchemy.dialects.postgresql.psycopg",
    "uvicorn.lifespan.off",
    "uvicorn.loops.uvloop",
)
_RUN_BY_NAME = ("guardia.cli.main", "router.store.migrations.")  # by tests.forking, and by alembic


def _modules(package: str) -> list[str]:
    path = importlib.import_module(package).__path__
    found = (module.name for module in pkgutil.walk_packages(path, f"{package}."))
    return [name for name in found if not name.startswith(_RUN_BY_NAME)]


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pdpyras says that another library replaces it
    for _name in (*_LATE, *_modules("guardia"), *_modules("generator"), *_modules("router")):
        importlib.import_module(_name)

gc.collect()
gc.freeze()  # a collection in a fork need not look at all of it, and so copy it
