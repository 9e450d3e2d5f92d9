"""Reads exported documents with the parsers that GitHub's page is made with.

Structure is read in Python with markdown-it; formulas and diagrams go through KaTeX and Mermaid in
one run of ``parsers/check.mjs``, whose packages are installed once into pytest's cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSERS = Path(__file__).parent / "parsers"


def parsers_folder(cache: pytest.Cache) -> Path:
    """Where the packages of ``parsers/package.json`` are, installed if they are not yet."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not installed: formulas and diagrams go unparsed")
    wanted = (PARSERS / "package.json").read_bytes()
    folder = cache.mkdir("parsers") / hashlib.sha256(wanted).hexdigest()[:16]
    if not folder.exists():
        # Beside it, and renamed: another worker may be at the same.
        with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as made:
            (Path(made) / "package.json").write_bytes(wanted)
            command = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund"]
            installed = subprocess.run(
                [*command, "--ignore-scripts"], cwd=made, capture_output=True, text=True
            )
            if installed.returncode:
                pytest.fail(f"npm could not install the parsers:\n{installed.stderr}")
            with contextlib.suppress(OSError):
                Path(made).rename(folder)
    return folder


def parse_all(
    documents: Mapping[str, str], packages: Path, scratch: Path
) -> dict[str, dict[str, Any]]:
    """What the checker says about each document, by its name."""
    paths = {}
    for number, (name, text) in enumerate(documents.items()):
        paths[name] = scratch / f"{number}.md"
        paths[name].write_text(text, encoding="utf-8")
    run = subprocess.run(
        ["node", str(PARSERS / "check.mjs"), str(packages), *map(str, paths.values())],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    reports = json.loads(run.stdout)
    return {name: reports[str(path)] for name, path in paths.items()}


def tokens(text: str) -> list[Token]:
    """The document's blocks, read as GitHub Flavored Markdown."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)


def headings(text: str) -> list[str]:
    """Every heading as ``## text``."""
    blocks = tokens(text)
    return [
        f"{blocks[i].markup} {blocks[i + 1].content}"
        for i in range(len(blocks))
        if blocks[i].type == "heading_open"
    ]


def fences(text: str, language: str) -> list[str]:
    """The content of every fenced block in ``language``."""
    return [t.content for t in tokens(text) if t.type == "fence" and t.info == language]


def tables(text: str) -> list[list[list[str]]]:
    """Every table as rows of the text in its cells, the head first."""
    found: list[list[list[str]]] = []
    in_cell = False
    for token in tokens(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and in_cell:
            found[-1][-1].append("".join(child.content for child in token.children or ()))
        in_cell = token.type in ("th_open", "td_open")
    return found
