"""The subset of Python that scenarios are written in: an allow-list of syntax nodes and fields.

A tree is walked whole before anything runs. A node that is not in ALLOWED, or a field of it that is
not listed and not empty, is refused with the reason from ``refusals`` and what to write instead.
So a Python version that adds syntax adds nothing to the language.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import cast

from backprop_tui.errors import BudgetExceeded, ScenarioError, ScenarioRefused
from backprop_tui.scenario import grammar, refusals
from backprop_tui.scenario.given import defined, imported
from backprop_tui.scenario.limits import Budget, OverBudget
from backprop_tui.scenario.sources import Source
from backprop_tui.scenario.surface import (
    BUILTINS,
    MEMBERS,
    NAMES,
    NAMESPACES,
    PRIVATE_RESERVED,
    did_you_mean,
    in_namespace,
)

#: Node → the fields that may hold something.
ALLOWED: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Module: ("body",),
    # statements
    ast.Import: ("names",),
    ast.ImportFrom: ("module", "names", "level"),
    ast.alias: ("name", "asname"),
    ast.Expr: ("value",),
    ast.Assign: ("targets", "value"),
    ast.AugAssign: ("target", "op", "value"),
    ast.AnnAssign: ("target", "annotation", "value", "simple"),
    ast.Delete: ("targets",),
    ast.If: ("test", "body", "orelse"),
    ast.For: ("target", "iter", "body", "orelse"),
    ast.While: ("test", "body", "orelse"),
    ast.Break: (),
    ast.Continue: (),
    ast.Pass: (),
    ast.With: ("items", "body"),
    ast.withitem: ("context_expr", "optional_vars"),
    ast.Assert: ("test", "msg"),
    ast.Raise: ("exc", "cause"),
    ast.Try: ("body", "handlers", "orelse", "finalbody"),
    ast.ExceptHandler: ("type", "name", "body"),
    ast.Return: ("value",),
    ast.Global: ("names",),
    ast.Nonlocal: ("names",),
    ast.FunctionDef: ("name", "args", "body", "decorator_list", "returns"),
    ast.ClassDef: ("name", "bases", "body", "decorator_list"),
    ast.arguments: (
        "posonlyargs", "args", "vararg", "kwonlyargs", "kw_defaults", "kwarg", "defaults",
    ),
    ast.arg: ("arg", "annotation"),
    # expressions
    ast.Constant: ("value", "kind"),
    ast.Name: ("id", "ctx"),
    ast.Attribute: ("value", "attr", "ctx"),
    ast.Subscript: ("value", "slice", "ctx"),
    ast.Slice: ("lower", "upper", "step"),
    ast.Starred: ("value", "ctx"),
    ast.Call: ("func", "args", "keywords"),
    ast.keyword: ("arg", "value"),
    ast.BinOp: ("left", "op", "right"),
    ast.UnaryOp: ("op", "operand"),
    ast.BoolOp: ("op", "values"),
    ast.Compare: ("left", "ops", "comparators"),
    ast.IfExp: ("test", "body", "orelse"),
    ast.Lambda: ("args", "body"),
    ast.NamedExpr: ("target", "value"),
    ast.Yield: ("value",),
    ast.YieldFrom: ("value",),
    ast.List: ("elts", "ctx"),
    ast.Tuple: ("elts", "ctx"),
    ast.Set: ("elts",),
    ast.Dict: ("keys", "values"),
    ast.ListComp: ("elt", "generators"),
    ast.SetComp: ("elt", "generators"),
    ast.GeneratorExp: ("elt", "generators"),
    ast.DictComp: ("key", "value", "generators"),
    ast.comprehension: ("target", "iter", "ifs"),
    ast.JoinedStr: ("values",),
    ast.FormattedValue: ("value", "conversion", "format_spec"),
    # what they are made of
    **dict.fromkeys((ast.Load, ast.Store, ast.Del, ast.And, ast.Or), ()),
    **dict.fromkeys((ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow), ()),
    **dict.fromkeys((ast.MatMult, ast.LShift, ast.RShift, ast.BitOr, ast.BitAnd, ast.BitXor), ()),
    **dict.fromkeys((ast.Invert, ast.Not, ast.UAdd, ast.USub), ()),
    **dict.fromkeys((ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE), ()),
    **dict.fromkeys((ast.Is, ast.IsNot, ast.In, ast.NotIn), ()),
}  # fmt: skip

#: Levels of the tree: a sum of so many terms is that deep, and so many elif one after the other.
DEPTH = 150

#: The only special methods a class can define: none that decides what an attribute is, none that
#: Python calls behind the program's back.
METHODS = frozenset({
    "__init__", "__call__", "__len__", "__getitem__", "__setitem__", "__contains__", "__iter__",
    "__next__", "__repr__", "__str__", "__bool__", "__float__", "__int__", "__abs__", "__neg__",
    "__pos__", "__add__", "__sub__", "__mul__", "__truediv__", "__floordiv__", "__mod__",
    "__pow__", "__matmul__", "__radd__", "__rsub__", "__rmul__", "__rtruediv__", "__rfloordiv__",
    "__rmod__", "__rpow__", "__rmatmul__", "__iadd__", "__isub__", "__imul__", "__itruediv__",
    "__enter__", "__exit__", "__post_init__",
    "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__",
})  # fmt: skip

#: What can stand in ``@…`` above a function.
DECORATORS = frozenset({"torch.no_grad", "torch.enable_grad", "torch.inference_mode"})

#: What can stand above a method, next to its name or alone.
MEMBER_DECORATORS = frozenset({"property", "staticmethod", "classmethod"})

MEMBER_NAMES = frozenset(name for table in MEMBERS.values() for name in table)
#: What a name written wrong could have meant; pictures have a name for everything.
LIKELY_NAMES = frozenset(
    name for kind, table in MEMBERS.items() if kind != "Drawing" for name in table
)


def check(tree: ast.Module, source: Source, budget: Budget) -> list[ScenarioError]:
    """Everything in the tree that is outside the language, in the order of the text."""
    found = Checker(tree, source, budget).run()
    if not found:  # else the tree may be too deep to look at again
        found += grammar.check(tree, source)
    return sorted(found, key=lambda error: (error.place.line, error.place.column))


class Checker:
    """One walk through one tree."""

    def __init__(self, tree: ast.Module, source: Source, budget: Budget) -> None:
        self.tree = tree
        self.source = source
        self.budget = budget
        self.found: list[ScenarioError] = []
        self.bound, self.attributes = defined(tree)
        self.aliases = imported(tree)
        self.inside: list[ast.AST] = []

    def run(self) -> list[ScenarioError]:
        """Walk; the stack is our own, so that no tree is too deep for it."""
        stack: list[tuple[ast.AST, ast.AST | None, int, int]] = [(self.tree, None, 0, 0)]
        while stack:
            node, parent, blocks, depth = stack.pop()
            if isinstance(node, ast.stmt):
                blocks, depth = blocks + 1, 0
            else:
                depth += 1
            if max(depth, blocks) > DEPTH:
                over = OverBudget("nesting", DEPTH)
                self.found.append(
                    BudgetExceeded(
                        str(over), self.source.at(node), "write it in several statements"
                    )
                )
                continue
            if type(node) not in ALLOWED:
                what, instead = refusals.of_node(node)
                self.refuse(node, what, instead)
                continue
            rule = RULES.get(type(node))
            if rule is not None:
                rule(self, node, parent)
            children = [(child, node, blocks, depth) for child in self._children(node)]
            stack.extend(reversed(children))
        return self.found

    def _children(self, node: ast.AST) -> Iterator[ast.AST]:
        fields = ALLOWED[type(node)]
        for name, value in ast.iter_fields(node):
            if name not in fields:
                if value not in (None, [], 0):
                    what, instead = refusals.of_field(node, name)
                    self.refuse(node, what, instead)
            elif isinstance(value, ast.AST):
                yield value
            elif isinstance(value, list):
                members = name == "decorator_list"
                yield from (
                    item
                    for item in value
                    if isinstance(item, ast.AST) and not (members and of_a_member(item))
                )

    def refuse(self, node: ast.AST, what: str, instead: str = "") -> None:
        """Note a refusal at a node, or at its first part that has a place."""
        node = next((part for part in ast.walk(node) if hasattr(part, "lineno")), node)
        self.found.append(ScenarioRefused(what, self.source.at(node), instead))

    def namespace(self, node: ast.AST) -> str | None:
        """The dotted name of an expression that only names: "torch.nn" for ``nn``."""
        if isinstance(node, ast.Name):
            return self.aliases.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self.namespace(node.value)
            return f"{owner}.{node.attr}" if owner in NAMESPACES else None
        return None

    # ------------------------------------------------------------------ rules of single nodes

    def name(self, node: ast.Name, parent: ast.AST | None) -> None:
        """A variable."""
        word = node.id
        if word == "__name__" and isinstance(node.ctx, ast.Load):
            return
        if _dunder(word):
            self.refuse(node, f"{word!r} is Python's own business", refusals.DUNDER)
        elif isinstance(node.ctx, ast.Load) and word not in self.bound and word not in BUILTINS:
            reason = refusals.of_name(word)
            if reason is not None:
                self.refuse(node, *reason)

    def attribute(self, node: ast.Attribute, parent: ast.AST | None) -> None:
        """What follows a dot."""
        owner = self.namespace(node.value)
        if owner in NAMESPACES:
            names = in_namespace(owner)
            if node.attr not in names:
                what, instead = refusals.of_member(owner, node.attr)
                near = instead or did_you_mean(node.attr, names)
                self.refuse(
                    node, what, near or (owner.startswith("torch") and refusals.RECORD) or ""
                )
            elif not isinstance(node.ctx, ast.Load):
                self.refuse(node, f"{owner}.{node.attr} cannot be changed")
            return
        if owner is not None and owner not in NAMES:
            return  # what stands before the dot was refused already
        if owner is not None and not isinstance(node.ctx, ast.Load):
            self.refuse(node, f"{owner}.{node.attr} cannot be changed")
            return
        word = node.attr
        if word == "__name__" and isinstance(node.ctx, ast.Load):
            return
        if word == "__class__" and _is_name_of(parent, node):
            return
        own = _is_super(node.value) or word in self.attributes
        if word in METHODS and own and isinstance(parent, ast.Call) and parent.func is node:
            return
        if (
            word.startswith("__")
            or word in PRIVATE_RESERVED
            or (word.startswith("_") and word not in self.attributes)
        ):
            self.refuse(
                node,
                f"attribute {word!r}: names that begin with _ are reachable only where this file "
                "gives them",
                refusals.DUNDER if _dunder(word) else "use a name without _ in front",
            )
        elif word not in MEMBER_NAMES and word not in self.attributes:
            what, instead = refusals.of_attribute(word)
            known = LIKELY_NAMES | self.attributes
            self.refuse(node, what, instead or did_you_mean(word, known) or refusals.RECORD)

    def constant(self, node: ast.Constant, parent: ast.AST | None) -> None:
        """A number or a text written out."""
        value = node.value
        if isinstance(value, bytes):
            self.refuse(node, "bytes are not part of the scenario language", "use a plain string")
        elif isinstance(value, complex):
            self.refuse(node, "complex numbers are not part of the scenario language")
        elif isinstance(value, int) and value.bit_length() > self.budget.integer_bits:
            over = OverBudget("integer_bits", self.budget.integer_bits, value.bit_length())
            self.found.append(BudgetExceeded(str(over), self.source.at(node), over.hint))

    def imports(self, node: ast.Import | ast.ImportFrom, parent: ast.AST | None) -> None:
        """``import`` and ``from … import``."""
        if not isinstance(parent, ast.Module):
            self.refuse(node, "an import inside a block", "write imports at the top of the file")
        if isinstance(node, ast.ImportFrom):
            self._import_from(node)
            return
        for alias in node.names:
            if alias.name not in NAMESPACES:
                self.refuse(alias, *refusals.of_module(alias.name))

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level:
            self.refuse(node, "a relative import", "a scenario is one file")
        elif module == "__future__":
            return
        elif module not in NAMESPACES:
            self.refuse(node, *refusals.of_module(module))
        else:
            for alias in node.names:
                if alias.name == "*":
                    self.refuse(
                        alias,
                        "import * hides where names come from",
                        f"import {module}, or the names that are used",
                    )
                elif alias.name not in in_namespace(module):
                    what, instead = refusals.of_member(module, alias.name)
                    self.refuse(
                        alias, what, instead or did_you_mean(alias.name, in_namespace(module))
                    )

    def alias(self, node: ast.alias, parent: ast.AST | None) -> None:
        """The name that an import gives."""
        self.identifier(node, node.asname)

    def function(self, node: ast.FunctionDef, parent: ast.AST | None) -> None:
        """``def``."""
        if _dunder(node.name) and not (isinstance(parent, ast.ClassDef) and node.name in METHODS):
            self.refuse(
                node,
                f"a function named {node.name!r}",
                "classes can define " + ", ".join(sorted(METHODS)),
            )
        elif isinstance(parent, ast.ClassDef) and (
            node.name in PRIVATE_RESERVED or (node.name[:2] == "__" and not _dunder(node.name))
        ):
            self.refuse(
                node, f"a method named {node.name!r}", "use a name without __ or of your own"
            )
        for number, decorator in enumerate(node.decorator_list):
            bare = decorator.func if isinstance(decorator, ast.Call) else decorator
            empty = not isinstance(decorator, ast.Call) or not (decorator.args + decorator.keywords)
            member = isinstance(parent, ast.ClassDef) and number == 0 and of_a_member(decorator)
            if not member and (self.namespace(bare) not in DECORATORS or not empty):
                self.refuse(
                    decorator,
                    "a decorator",
                    "@torch.no_grad() is understood, and in a class @property, @name.setter, "
                    "@staticmethod and @classmethod",
                )

    def handler(self, node: ast.ExceptHandler, parent: ast.AST | None) -> None:
        """``except … as name:``."""
        self.identifier(node, node.name)

    def class_(self, node: ast.ClassDef, parent: ast.AST | None) -> None:
        """``class``."""
        self.identifier(node, node.name)
        for decorator in node.decorator_list:
            if self.namespace(decorator) != "dataclasses.dataclass":
                self.refuse(decorator, "a decorator on a class", "@dataclass is understood")
        if len(node.bases) > 1:
            self.refuse(node.bases[1], "a class with several bases", "use one base class")
        for each in node.body:
            docstring = isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
            if not docstring and not isinstance(
                each, ast.FunctionDef | ast.Assign | ast.AnnAssign | ast.Pass
            ):
                self.refuse(
                    each,
                    "a class body holds methods and assignments only",
                    "write it in a method, or outside the class",
                )

    def arg(self, node: ast.arg, parent: ast.AST | None) -> None:
        """A parameter."""
        self.identifier(node, node.arg)

    def keyword(self, node: ast.keyword, parent: ast.AST | None) -> None:
        """``name=value`` in a call."""
        self.identifier(node, node.arg)

    def scope(self, node: ast.Global | ast.Nonlocal, parent: ast.AST | None) -> None:
        """``global`` and ``nonlocal``."""
        for word in node.names:
            self.identifier(node, word)

    def yield_(self, node: ast.Yield | ast.YieldFrom, parent: ast.AST | None) -> None:
        """``yield``, as a statement or assigned."""
        if not isinstance(parent, ast.Expr | ast.Assign):
            self.refuse(
                node,
                "yield inside an expression is not part of the scenario language",
                "write it in a statement of its own",
            )

    def identifier(self, node: ast.AST, word: str | None) -> None:
        """A name that the scenario gives."""
        if word is not None and _dunder(word):
            self.refuse(node, f"{word!r} is Python's own business", refusals.DUNDER)


Rule = Callable[[Checker, ast.AST, "ast.AST | None"], None]
RULES: dict[type[ast.AST], Rule] = cast(
    "dict[type[ast.AST], Rule]",
    {
        ast.Name: Checker.name,
        ast.Attribute: Checker.attribute,
        ast.Constant: Checker.constant,
        ast.Import: Checker.imports,
        ast.ImportFrom: Checker.imports,
        ast.alias: Checker.alias,
        ast.FunctionDef: Checker.function,
        ast.ClassDef: Checker.class_,
        ast.ExceptHandler: Checker.handler,
        ast.arg: Checker.arg,
        ast.keyword: Checker.keyword,
        ast.Yield: Checker.yield_,
        ast.YieldFrom: Checker.yield_,
        ast.Global: Checker.scope,
        ast.Nonlocal: Checker.scope,
    },
)


def of_a_member(decorator: ast.AST) -> str:
    """What ``@property``, ``@x.setter``, ``@staticmethod`` … make of a method; "" for others."""
    if isinstance(decorator, ast.Name) and decorator.id in MEMBER_DECORATORS:
        return decorator.id
    if isinstance(decorator, ast.Attribute) and isinstance(decorator.value, ast.Name):
        return decorator.attr if decorator.attr == "setter" else ""
    return ""


def _dunder(word: str) -> bool:
    return word.startswith("__") and word.endswith("__") and len(word) > 4


def _is_name_of(parent: ast.AST | None, node: ast.AST) -> bool:
    """Whether ``node`` stands in ``node.__name__``, where it is read."""
    return (
        isinstance(parent, ast.Attribute)
        and parent.attr == "__name__"
        and parent.value is node
        and isinstance(parent.ctx, ast.Load)
    )


def _is_super(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"
    )
