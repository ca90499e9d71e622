"""Statements are compiled once in a process of pytest, as they are in a router that runs for days.

SQLAlchemy keeps them with each engine, and each test has an engine of its own.
"""

from typing import Any

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.engine import Dialect

_compiled: dict[str, tuple[Dialect, Any]] = {}


def create_compiling_engine(url: URL, **arguments: Any) -> Engine:
    """Return SQLAlchemy's engine, which compiles as the first one of its kind did."""
    engine = create_engine(url, **arguments)
    dialect, statements = _compiled.get(engine.name, (engine.dialect, engine._compiled_cache))
    # Until it has been connected, a dialect does not know what its server can do.
    if dialect.server_version_info is None:
        _compiled[engine.name] = (engine.dialect, engine._compiled_cache)
        return engine
    engine.dialect, engine._compiled_cache = dialect, statements
    return engine
