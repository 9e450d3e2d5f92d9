"""Opening a trace file: what it must be before a single row of it is believed.

A stranger's SQLite file can hold views and triggers in place of tables: nothing is read from, or
written to, a file whose definitions are not word for word ours.
"""

from __future__ import annotations

import os
import sqlite3
import struct
from pathlib import Path
from urllib.parse import quote

from backprop_tui.errors import TraceError
from backprop_tui.trace.file.schema import STATEMENTS, VERSION
from backprop_tui.trace.marks import APPLICATION, application, head

#: How long a reader or a viewer's wish waits for a commit, seconds.
PATIENCE = 2.0
#: What SQLite raises on a damaged file: text that is none is told as a UnicodeDecodeError.
DATABASE = (sqlite3.Error, UnicodeDecodeError)
#: A row longer than this is none of ours.
LONGEST_ROW = 1_000_000_000


def open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that can only read, to a file that is a trace.

    Raises TraceError where it is none, is damaged, or is of another version.
    """
    start = head(path)
    if application(start) != APPLICATION:
        raise TraceError(
            f"{path} is not a trace file" if path.is_file() else f"there is no file {path}"
        )
    version = struct.unpack(">I", start[60:64])[0]
    if version != VERSION:
        raise TraceError(
            f"{path} has version {version}; this program reads version {VERSION}. "
            + (
                "A newer backprop-tui reads it."
                if version > VERSION
                else "Record it again, or read it with the backprop-tui that wrote it."
            )
        )
    try:
        try:
            return _checked(path, "mode=ro")
        except sqlite3.OperationalError:
            # Where nothing can be written beside the file, SQLite cannot follow a writer.
            log = path.with_name(f"{path.name}-wal")
            if log.is_file() and log.stat().st_size:
                raise TraceError(
                    f"{path} cannot be read in this folder, where nothing can be written: "
                    f"its run did not end. Copy it and {log.name} to another folder."
                ) from None
            return _checked(path, "mode=ro&immutable=1")
    except DATABASE as error:
        raise damaged(error, path) from None


def open_to_write(path: Path) -> sqlite3.Connection:
    """A connection to an existing trace file for a viewer's wishes; sqlite3.Error if it cannot."""
    connection = _checked(path, "mode=rw")
    connection.execute("PRAGMA query_only=OFF")
    return connection


def damaged(error: BaseException, path: Path | str = "this trace") -> TraceError:
    """The TraceError for what SQLite or decoding ran into."""
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return TraceError(f"{path} is damaged: {words}")


def _checked(path: Path, how: str) -> sqlite3.Connection:
    name = quote(os.fspath(path.absolute()))
    connection = sqlite3.connect(
        f"file:{name}?{how}",
        timeout=PATIENCE,
        isolation_level=None,
        check_same_thread=False,
        uri=True,
    )
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_ROW)
        for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "query_only=ON"):
            connection.execute(f"PRAGMA {pragma}")
        found = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        if not found:
            raise TraceError(
                f"there is nothing in {path} yet; of a run that did not end, {path.name}-wal "
                "beside it is a part"
            )
        if sorted(sql for (sql,) in found) != sorted(STATEMENTS):
            raise TraceError(f"{path} is not a trace file: its tables are not a trace's")
    except BaseException:
        connection.close()
        raise
    return connection
