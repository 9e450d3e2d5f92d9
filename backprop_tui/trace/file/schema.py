"""What a trace file holds: its tables, and the marks by which it is known.

meta, source, pulse, control   what was run; how the run is; what a viewer wishes
page, body                     the steps and what they share, many to a page
array                          arrays too large for a page
made, ran, touched, bound      where a Node or tensor is made, changed, named
chunk, statement, keyframe     the shape of the run, and its state every so often
reading                        what was measured once per optimizer step
"""

from __future__ import annotations

#: Stands in SQLite's header (``PRAGMA user_version``): a reader refuses all others.
VERSION = 2
#: So many steps have their columns in one row of ``chunk``.
CHUNK = 4096

#: What stands for a missing norm or ratio: neither is ever negative.
MISSING = -1.0

#: What is numbered through the file; the columns of ``page`` tell the first number in it.
NUMBERED = ("span", "place", "node", "value", "array")

STATEMENTS = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
    "CREATE TABLE source (file TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID",
    "CREATE TABLE pulse (id INTEGER PRIMARY KEY, state TEXT, pid INTEGER, beat REAL, error TEXT)",
    "CREATE TABLE control (id INTEGER PRIMARY KEY, wish TEXT, number INTEGER, seen REAL)",
    "CREATE TABLE page (id INTEGER PRIMARY KEY, step INTEGER, stop INTEGER, span INTEGER, "
    "place INTEGER, node INTEGER, value INTEGER, array INTEGER)",
    "CREATE TABLE body (id INTEGER PRIMARY KEY, beside TEXT, numbers BLOB, coding INTEGER, "
    "words BLOB)",
    "CREATE TABLE array (id INTEGER PRIMARY KEY, dtype TEXT, shape TEXT, coding INTEGER, "
    "data BLOB)",
    "CREATE TABLE made (node INTEGER PRIMARY KEY, step INTEGER)",
    "CREATE TABLE ran (node INTEGER PRIMARY KEY, step INTEGER)",
    "CREATE TABLE touched (tensor INTEGER, step INTEGER, made INTEGER, "
    "PRIMARY KEY (tensor, step)) WITHOUT ROWID",
    "CREATE TABLE bound (tensor INTEGER, name TEXT, rank INTEGER, step INTEGER, "
    "PRIMARY KEY (tensor, name, rank, step)) WITHOUT ROWID",
    "CREATE INDEX bound_name ON bound (name, step)",
    "CREATE TABLE chunk (id INTEGER PRIMARY KEY, changed INTEGER, kinds BLOB, types BLOB, "
    "statements BLOB, roots BLOB, numbers BLOB)",
    "CREATE TABLE statement (id INTEGER PRIMARY KEY, file TEXT, line INTEGER, end_line INTEGER)",
    "CREATE TABLE keyframe (step INTEGER PRIMARY KEY, data TEXT)",
    "CREATE TABLE reading (id INTEGER PRIMARY KEY, iteration INTEGER, seconds REAL, loss, "
    "grad_norms BLOB, ratios BLOB, memory INTEGER, step INTEGER)",
)
