"""PyTorch itself as an engine, recorded while it works.

    capture, while PyTorch runs: references and places, no copies, no names
      recorder.py    which operations run: a function mode outside, a dispatch mode inside
      modes.py       that function mode and that dispatch mode
      backward.py    which Nodes run, with hooks on each; their gradients in and out
      functions.py   functions that are more, or less, than the operations they run
      happenings.py  modules, gradients cleared, values loaded: what PyTorch does in Python
      stepping.py    optimizers: parameters and state before and after
      loaders.py     datasets and loaders
      layers.py      layers that need not be watched: which operations they run is known
      derivatives.py Nodes that need not be watched
      tape.py        all that, in order, until it is told
      mentions.py    tensors as of then: copied only if somebody is about to write to them
      operands.py    the mentions of one operation
    decode, at once or later
      decoder.py     what the Listener is told of each event
      gradients.py   what it is told of a backward
      aten.py        what an ATen operation is called here, its inputs and attributes
      seen.py        tensors and Nodes by number, their values
      numbers.py     numbers as arrays or summaries; norms.py: their 2-norms
      promises.py    numbers of large tensors, read when somebody asks for them
      memory.py      where tensors lie, and who else can reach it
    engine.py      what the interpreter asks: names, kinds, values
    watch.py       any code recorded, from start to stop
    around.py      what a recording asks beside the operations
    inside.py      which function is called inside one written in Python
    room.py        how much an operation will take

Only this package imports torch, and only when this engine is asked for.
"""
