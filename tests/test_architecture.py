"""The map must match the country."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAP = (ROOT / "ARCHITECTURE.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
MODULES = sorted((ROOT / "bot").rglob("*.py"))


def test_every_path_on_the_map_exists() -> None:
    named = set(re.findall(r"(?<![\w/])((?:bot|tests|docs)/[\w./-]*\w)", MAP))
    assert named
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_every_package_is_on_the_map() -> None:
    packages = sorted(path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "bot").glob("*/__init__.py"))
    assert [package for package in packages if package not in MAP] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_docstrings_cite_documents_and_sections_that_exist() -> None:
    headings = {path.name: _headings(path) for path in DOCUMENTS}
    missing = []
    for module in MODULES:
        for name, section in re.findall(r'docs/(\w+\.md), "([^"]+)"', module.read_text()):
            if name not in headings or section not in headings[name]:
                missing.append(f"{module.relative_to(ROOT)}: docs/{name}, {section}")
    assert missing == []


def _headings(path: Path) -> set[str]:
    return {match.strip() for match in re.findall(r"^#+ (?:\d+\. )?(.+)$", path.read_text(), re.MULTILINE)}


def test_importing_any_module_does_no_work_that_a_reader_would_not_expect() -> None:
    """At module level there are definitions, constants and imports: no calls made for their effect."""
    found = [
        f"{module.relative_to(ROOT)}:{node.lineno}"
        for module in MODULES
        for node in ast.parse(module.read_text()).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and not _adds_a_command(node.value)
    ]
    # Alembic runs its environment by importing it, and nobody else does.
    known = ("bot/__main__.py:7", "bot/store/migrations/env.py:")
    assert [each for each in found if not each.startswith(known)] == []


def _adds_a_command(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "add_command"


def test_no_file_names_a_package_registry_or_a_mock() -> None:
    needles = ("pypi" + ".org", "registry.npmjs" + ".org", "proxy.golang" + ".org", "unittest." + "mock import")
    files = [path for path in ROOT.rglob("*") if path.suffix in {".py", ".md", ".toml", ".txt", ".mod", ".yaml"}]
    ours = [path for path in files if ".venv" not in path.parts and ".git" not in path.parts]
    assert [
        str(path.relative_to(ROOT)) for path in ours if any(needle in path.read_text() for needle in needles)
    ] == []
