"""Recording what real PyTorch code does: ``backprop-tui record SCRIPT`` and ``with record():``.

    files.py      which files are the user's own; their statements, loops and names
    places.py     where the program is, from the frames of the user's code
    following.py  the way of those frames from one place to another, and what happened on it
    happened.py   what is known of the program at one moment
    given.py      which names were given new values on the way from one place to another
    names.py      what names stand for, and whether that changed
    rounds.py     how many rounds a loop makes, and which one this is
    teller.py     turns what happened, and where, into the steps of a trace
    output.py     what the program prints
    recording.py  ``record()``: all of it for the length of a ``with``
    script.py     ``run_script()``: all of it for a script, run as plain ``python`` runs it
    tracebacks.py a traceback as plain ``python`` prints it; warned.py: warnings likewise
    levels.py     how much is recorded, from one iteration to the next; meter.py: loss and norms

This runs real, trusted Python, unlike opening a scenario.
"""

from backprop_tui.recording.recording import record
from backprop_tui.recording.script import run_script

__all__ = ["record", "run_script"]
