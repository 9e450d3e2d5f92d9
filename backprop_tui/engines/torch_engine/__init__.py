"""PyTorch itself as an engine, recorded while it works.

    engine.py      what the interpreter asks: names, kinds, values
    recorder.py    which operations run: a function mode outside, a dispatch mode inside
    aten.py        what an ATen operation is called here, its inputs and attributes
    backward.py    which Nodes run, with hooks on each; their gradients in and out
    functions.py   functions that are more, or less, than the operations they run
    happenings.py  optimizers and modules: what PyTorch does in Python
    loaders.py     datasets and loaders
    room.py        how much an operation will take
    seen.py        tensors and Nodes by number, their values by copy

Only this package imports torch, and only when this engine is asked for.
"""
