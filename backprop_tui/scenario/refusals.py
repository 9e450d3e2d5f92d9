"""Why something is outside the language, and what to write instead."""

from __future__ import annotations

import ast
import builtins

from backprop_tui.scenario.surface import NAMESPACES, did_you_mean

DUNDER = "a scenario cannot reach what Python keeps under __names__"

_NOT = "is not part of the scenario language"
_FAIL = "a scenario that fails stays open at the failing line; say in a comment what goes wrong"

#: Syntax by the name of its node: what it is, what to write instead.
NODES: dict[str, tuple[str, str]] = {
    "TryStar": ("try … except*", _FAIL),
    "Match": ("match … case", "use if and elif"),
    "Await": ("await", "a scenario runs one statement after the other"),
    "AsyncFunctionDef": ("async def", "use def"),
    "AsyncFor": ("async for", "use for"),
    "AsyncWith": ("async with", "use with"),
    "TypeAlias": ("type … =", "leave it out"),
    "TemplateStr": ("a template string", "use an f-string"),
}

FIELDS: dict[tuple[str, str], tuple[str, str]] = {
    ("ClassDef", "keywords"): ("a metaclass or keyword in a class statement", "leave it out"),
    ("ClassDef", "type_params"): ("type parameters", "leave them out"),
    ("FunctionDef", "type_params"): ("type parameters", "leave them out"),
    ("comprehension", "is_async"): ("async for", "use for"),
}

_FILES = "write the data as numbers, or make it in the scenario"
_PLOT = "leave it out: the app draws the loss and the history of every tensor"
_DIRECT = "write the name itself"

#: Python's own functions that scenarios do without.
BUILTIN_REASONS: dict[str, str] = {
    "open": _FILES,
    "input": "write a constant at the top of the file",
    "eval": "write the expression itself",
    "exec": "write the statements themselves",
    "compile": "write the statements themselves",
    "getattr": _DIRECT,
    "setattr": _DIRECT,
    "delattr": _DIRECT,
    "vars": _DIRECT,
    "globals": _DIRECT,
    "locals": _DIRECT,
    "dir": "docs/language.md lists every attribute",
    "help": "docs/language.md lists every name",
    "format": "use an f-string",
    "frozenset": "use set",
    "bytes": "use a plain string",
    "bytearray": "use a plain string",
    "complex": "use two numbers",
    "property": "write @property above a method of a class",
    "staticmethod": "write @staticmethod above a method of a class",
    "classmethod": "write @classmethod above a method of a class",
    "slice": "write x[a:b]",
    "exit": "let the program end",
    "quit": "let the program end",
    "breakpoint": "step through the scenario in the app",
}

#: Modules that lecture scripts import, and what a scenario does instead.
MODULES: dict[str, str] = {
    "seaborn": _PLOT,
    "plotly": _PLOT,
    "pandas": _FILES,
    "sklearn": _FILES,
    "torchvision": _FILES,
    "torchtext": _FILES,
    "torchaudio": _FILES,
    "os": _FILES,
    "pathlib": _FILES,
    "csv": _FILES,
    "json": _FILES,
    "pickle": _FILES,
    "urllib": _FILES,
    "requests": _FILES,
    "sys": "leave it out",
    "subprocess": "leave it out",
    "datetime": "leave it out: a scenario does the same thing on every day",
    "torchviz": "leave it out: the app draws the graph",
    "torchsummary": "use print(model)",
}

#: Members of namespaces that scripts use and scenarios cannot.
MEMBER_REASONS: dict[str, str] = {
    "torch.load": _FILES,
    "torch.nn.EmbeddingBag": "use nn.Embedding and .mean(1)",
    "torch.nn.Conv3d": "use nn.Conv2d",
    "torch.nn.MaxPool3d": "use nn.MaxPool2d",
    "torch.nn.RReLU": "use nn.LeakyReLU, or nn.PReLU to learn the slope",
    "torch.nn.functional.rrelu": "use F.leaky_relu",
    "torch.save": "leave it out: nothing is written",
    "torch.compile": "leave it out: every step is to be seen",
    "torch.autograd.Function": "write it in torch's operations: each has its gradient",
    "torch.autograd.Variable": "leave it out: every tensor can require a gradient",
    "torch.utils.tensorboard": _PLOT,
    "numpy.load": _FILES,
    "numpy.loadtxt": _FILES,
    "numpy.genfromtxt": _FILES,
    "numpy.fromfile": _FILES,
    "numpy.save": "leave it out: nothing is written",
    "random.Random": "use random.seed",
}

#: Attributes of values that scripts use and scenarios cannot.
ATTRIBUTE_REASONS: dict[str, str] = {
    "encode": "bytes are not part of the language",
    "format_map": "use an f-string",
    "map_": "use a loop",
    "apply_": "use tensor operations",
    "storage": "use data",
}


#: The way out for PyTorch that is not in the language and has no neighbour in it.
RECORD = "see docs/language.md; `backprop-tui record FILE` plays any PyTorch script"


def of_node(node: ast.AST) -> tuple[str, str]:
    """A node that is not allowed."""
    what, instead = NODES.get(type(node).__name__, (f"this syntax ({type(node).__name__})", ""))
    return f"{what} {_NOT}", instead


def of_field(node: ast.AST, name: str) -> tuple[str, str]:
    """A field of an allowed node that must be empty."""
    kind = type(node).__name__
    what, instead = FIELDS.get((kind, name), (f"this syntax ({kind}.{name})", ""))
    return f"{what} {_NOT}", instead


def of_name(word: str) -> tuple[str, str] | None:
    """A builtin of Python that is not in the surface; None for a name that is merely unknown."""
    if word in BUILTIN_REASONS:
        return f"{word}() {_NOT}", BUILTIN_REASONS[word]
    if isinstance(vars(builtins).get(word), type) and issubclass(
        vars(builtins)[word], BaseException
    ):
        return f"the exception {word} {_NOT}", _FAIL
    if word in vars(builtins):
        return f"{word!r} {_NOT}", ""
    return None


def of_module(module: str) -> tuple[str, str]:
    """A module that cannot be imported."""
    for name in (module, module.split(".")[0]):
        if name in MODULES:
            return f"import of {module!r} {_NOT}", MODULES[name]
    near = did_you_mean(module, NAMESPACES)
    return f"import of {module!r} {_NOT}", near or "known: " + ", ".join(
        name for name in NAMESPACES if name.count(".") < 2
    )


def of_member(owner: str, word: str) -> tuple[str, str]:
    """A name that a namespace does not have here; no hint if it is merely unknown."""
    dotted = f"{owner}.{word}"
    for prefix, reason in MEMBER_REASONS.items():
        if dotted == prefix:
            return f"{dotted} {_NOT}", reason
    return f"{owner} has no {word!r} in the scenario language", ""


def of_attribute(word: str) -> tuple[str, str]:
    """An attribute that no value of a scenario has."""
    return f"no value has an attribute {word!r} in a scenario", ATTRIBUTE_REASONS.get(word, "")
