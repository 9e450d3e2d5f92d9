"""Traces in files: written while a program runs, read lazily, one SQLite file each.

    whoever records ──append──▶ WritingTrace ──▶ FILE ──▶ StoredTrace ──▶ whoever reads a Trace

See docs/trace-format.md for what is in the file, and why.
"""

from backprop_tui.trace.file.reader import StoredTrace
from backprop_tui.trace.file.writer import WritingTrace
from backprop_tui.trace.marks import is_trace_file

__all__ = ["StoredTrace", "WritingTrace", "is_trace_file"]
