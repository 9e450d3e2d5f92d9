"""Which names a scenario gives, and what the names that it imports stand for."""

from __future__ import annotations

import ast

from backprop_tui.scenario.surface import NAMES, NAMESPACES


def defined(tree: ast.Module) -> tuple[frozenset[str], frozenset[str]]:
    """Names the file binds anywhere, and attributes it gives to its own classes and modules."""
    names: set[str] = set()
    attributes: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name.split(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
            attributes.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            attributes.add(node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            first = node.args[0] if node.args else None
            if node.func.attr in REGISTERS and isinstance(first, ast.Constant):
                attributes.add(str(first.value))
        if isinstance(node, ast.Call) and _names_modules(node):
            texts = (each for each in ast.walk(node) if isinstance(each, ast.Constant))
            for text in (each.value for each in texts if isinstance(each.value, str)):
                attributes |= {text, *text.replace(",", " ").split()}  # namedtuple's "x, y"
            words = (each for each in ast.walk(node) if isinstance(each, ast.keyword))
            attributes |= {each.arg for each in words if each.arg}
        if isinstance(node, ast.ClassDef):
            for each in ast.walk(node):
                if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                    attributes.add(each.id)
    return frozenset(names), frozenset(attributes)


def _names_modules(node: ast.Call) -> bool:
    """Whether its texts become attributes: ``OrderedDict``, ``nn.ModuleDict``, ``namedtuple``."""
    function = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
    word = function.id if isinstance(function, ast.Name) else function
    return word in ("OrderedDict", "ModuleDict", "namedtuple")


#: Methods of a Module whose first argument is the name of a new attribute.
REGISTERS = frozenset({"register_buffer", "register_parameter", "add_module"})


def imported(tree: ast.Module) -> dict[str, str]:
    """Imported names that nothing else in the file binds → their dotted names."""
    found: dict[str, str] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                top = alias.name if alias.asname else alias.name.split(".")[0]
                found[alias.asname or top] = top
        elif (
            isinstance(statement, ast.ImportFrom)
            and not statement.level
            and statement.module in NAMESPACES
        ):
            for alias in statement.names:
                dotted = f"{statement.module}.{alias.name}"
                if dotted in NAMES or dotted in NAMESPACES:
                    found[alias.asname or alias.name] = dotted
    renamed = _renamed(tree, found)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.pop(node.id, None)
        elif isinstance(node, ast.arg):
            found.pop(node.arg, None)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
            found.pop(node.name or "", None)
    return {**found, **renamed}


def _renamed(tree: ast.Module, imported: dict[str, str]) -> dict[str, str]:
    """Names given once, at the top of the file, to a namespace: ``rng = np.random``."""
    given: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            given.append(node.id)
        elif isinstance(node, ast.arg):
            given.append(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
            given.append(node.name or "")
    out = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, statement.value
            if not isinstance(value, ast.Attribute) or not isinstance(value.value, ast.Name):
                continue
            dotted = f"{imported.get(value.value.id)}.{value.attr}"
            if dotted in NAMESPACES and given.count(name) == 1 and value.value.id not in given:
                out[name] = dotted
    return out
