"""The rules of the house that no linter knows, each a function from a source tree to its violations.

A rule is given the root of a tree, so that a test can show it a small tree that breaks it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

BANNED_WORDS = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "manager",
    "base",
    "misc",
    "task",
    "tasks",
    "item",
    "items",
}
# Views that show another room's concepts, under the same words by intent.
READ_MODELS = {"services/console/domain/shapes.py"}
LONGEST_FUNCTION = 80
LONGEST_FILE = 600  # seldom over 450; past this it is two files
MAP_ROOTS = ("services", "shared", "deploy", "tests", "docs", ".ci")

# What `domain/` may import: values and algorithms. Not here: asyncio, time, random, secrets, uuid, os, io, logging, socket.
PURE_MODULES = {
    "__future__", "abc", "bisect", "collections", "copy", "dataclasses", "datetime", "decimal", "enum", "fractions",
    "functools", "hashlib", "heapq", "html", "itertools", "json", "math", "operator", "re", "statistics", "string", "types", "typing",
    "typing_extensions", "unicodedata", "zlib", "zoneinfo", "numpy",
}  # fmt: skip
IMPURE_CALLS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}


def sources(root: Path, *rooms: str) -> Iterator[Path]:
    """Python files of the distribution (or of the given rooms)."""
    for room in rooms or ("services", "shared", "deploy"):
        yield from sorted((root / room).rglob("*.py"))


def _parsed(root: Path, *rooms: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sources(root, *rooms):
        yield path.relative_to(root).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def banned_module_names(root: Path) -> list[str]:
    """Names that say nothing about what is inside."""
    found: list[str] = []
    for path in sources(root, "services", "shared", "deploy", "tests"):
        relative = path.relative_to(root)
        for part in (*relative.parts[:-1], relative.stem):
            if BANNED_WORDS.intersection(part.lower().split("_")):
                found.append(f"{relative}: {part!r} says nothing about what is inside")
    return found


def logic_in_init(root: Path) -> list[str]:
    """`__init__.py` files hold a docstring at most."""
    return [
        f"{name}:{node.lineno}: __init__ holds logic"
        for name, tree in _parsed(root)
        if name.endswith("__init__.py")
        for node in tree.body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]


def room_of(path: str) -> str:
    """`services/router/domain/x.py` → `services/router`; `shared/kafka.py` → `shared`."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "services" else parts[0]


def concepts_in_two_rooms(root: Path) -> list[str]:
    """A concept lives in one room: a public class of a `domain/` or of `shared` stands in no second one of them, and no room
    takes a name of `shared` for something of its own. (Request bodies and rows of a room are its own affair.)"""
    homes: dict[str, dict[str, str]] = {}
    for name, tree in _parsed(root):
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and name not in READ_MODELS:
                homes.setdefault(node.name, {}).setdefault(room_of(name), f"{name}:{node.lineno}")
    return [
        f"{concept}: {', '.join(places.values())}"
        for concept, places in sorted(homes.items())
        if len(places) > 1 and ("shared" in places or sum("/domain/" in place for place in places.values()) > 1)
    ]


def shared_share(root: Path) -> float:
    """Share of non-blank lines of code that stand in `shared`."""

    def lines(*rooms: str) -> int:
        return sum(
            bool(line.strip()) for path in sources(root, *rooms) for line in path.read_text("utf-8").splitlines()
        )

    return lines("shared") / lines()


def blanket_excepts(root: Path) -> list[str]:
    """`except Exception` re-raises, logs the traceback, or says on its line why anything at all may be caught there."""
    found: list[str] = []
    for path in sources(root):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ExceptHandler) and (node.type is None or _blanket(node.type)):
                explained = re.search(r"#.*\bBLE001\b\s+\w", lines[node.lineno - 1])
                if not explained and not any(map(_passes_on, ast.walk(node))):
                    found.append(f"{path.relative_to(root)}:{node.lineno}: blanket except without a reason")
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func).endswith("suppress")
                and any(map(_blanket, node.args))
            ):
                found.append(f"{path.relative_to(root)}:{node.lineno}: suppresses every error")
    return found


def _passes_on(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) or (isinstance(node, ast.keyword) and node.arg == "exc_info")


def _blanket(node: ast.expr) -> bool:
    return any(isinstance(part, ast.Name) and part.id in {"Exception", "BaseException"} for part in ast.walk(node))


def swallowed_cancellations(root: Path) -> list[str]:
    """Before Python 3.12 `asyncio.wait_for` loses a cancellation that arrives as what it waits for is done: a busy loop then never
    ends. `asyncio.timeout` does not."""
    return [
        f"{name}:{node.lineno}: wait_for may lose a cancellation; use asyncio.timeout"
        for name, tree in _parsed(root)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "asyncio.wait_for"
    ]


def long_functions(root: Path) -> list[str]:
    """A function that needs scrolling is two."""
    return [
        f"{name}:{node.lineno}: {node.name} has {length} lines"
        for name, tree in _parsed(root)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]


def long_files(root: Path) -> list[str]:
    """A file that needs scrolling for its idea is two."""
    return [
        f"{path.relative_to(root)}: {length} lines"
        for path in sources(root)
        if (length := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    ]


def impure_domain(root: Path) -> list[str]:
    """`domain/` is values in, values out: a list of modules it may import, no async, no clock, nothing that is just `Any`."""
    found: list[str] = []
    for name, tree in _parsed(root, "services"):
        if "/domain/" not in name:
            continue
        own = name[: name.index("/domain/") + len("/domain")].replace("/", ".")
        for node in ast.walk(tree):
            where = f"{name}:{getattr(node, 'lineno', 0)}"
            found += [f"{where}: imports {module}" for module in _imported(node) if not _pure(module, own)]
            if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
                found.append(f"{where}: async in domain")
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and (node.value.id, node.attr) in IMPURE_CALLS
            ):
                found.append(f"{where}: reads the clock by {ast.unparse(node)}")
            annotation = _annotation(node)
            if isinstance(annotation, ast.Name) and annotation.id == "Any":
                found.append(f"{where}: an untyped value in domain")
    return found


def _annotation(node: ast.AST) -> ast.expr | None:
    if isinstance(node, ast.FunctionDef):
        return node.returns
    return node.annotation if isinstance(node, ast.arg | ast.AnnAssign) else None


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [node.module or ""]
    return []


def _pure(module: str, own_domain: str) -> bool:
    if module.split(".")[0] in PURE_MODULES:
        return True
    return any(module == allowed or module.startswith(f"{allowed}.") for allowed in (own_domain, "shared.contracts"))


def unknown_map_names(root: Path) -> list[str]:
    """Every path the README's map or text names is there."""
    text = (root / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(rf"`((?:{'|'.join(map(re.escape, MAP_ROOTS))})/[\w./\-]*)`", text))
    for block in re.findall(r"^```[^\n]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        named |= _tree_paths(block)
    return [f"README.md names {name}, which is not there" for name in sorted(named) if not (root / name).exists()]


def _tree_paths(block: str) -> set[str]:
    """Paths of an indented tree: `services/` on a line of its own (or with a remark), what it holds indented below."""
    paths: set[str] = set()
    stack: list[tuple[int, str]] = []
    for line in block.splitlines():
        entry = re.match(r"^(\s*)([\w.\-]+/?)(?=\s|$)", line)
        if entry is None:
            stack = []
            continue
        depth, name = len(entry[1]), entry[2]
        stack = [(d, n) for d, n in stack if d < depth]
        if depth == 0 and not (name.endswith("/") and name.rstrip("/") in MAP_ROOTS):
            continue
        if depth and not stack:
            continue
        if depth and not (name.endswith("/") or "." in name):
            continue
        parent = stack[-1][1] if stack else ""
        paths.add(parent + name)
        if name.endswith("/"):
            stack.append((depth, parent + name))
    return paths


def open_ends(root: Path) -> list[str]:
    """No marks of unfinished work."""
    mark = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    return [
        f"{path.relative_to(root)}:{number}: {line.strip()[:60]}"
        for path in sources(root)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if mark.search(line)
    ]


assert PURE_MODULES - {"numpy", "typing_extensions"} <= sys.stdlib_module_names
