"""Every notebook, run as a person runs it: a kernel in its folder, a home of its own, no network, no key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbmake.nb_run import NotebookRun

from tests.fakes.site import share_models

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ALWAYS = ("1_", "2_", "6_")  # the cheapest; the others are among the long ones
_MOST_SECONDS = 300  # a cell; a minute where nobody else is at work


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One home for all of them, as a person has: the sample site is indexed once."""
    folder = tmp_path_factory.mktemp("notebooks") / "home"
    share_models(folder)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FRONTDESK_HOME", str(folder))
        environment.setenv("FRONTDESK_MODEL", "extractive")
        environment.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        yield folder


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")  # of the kernel's client
@pytest.mark.parametrize(
    "notebook",
    [pytest.param(each, marks=() if each.name.startswith(ALWAYS) else pytest.mark.long) for each in NOTEBOOKS],
    ids=lambda path: path.stem,
)
def test_a_notebook_runs_from_its_first_cell_to_its_last(notebook: Path, home: Path) -> None:
    done = NotebookRun(notebook, _MOST_SECONDS).execute()
    assert done.error is None, done.error.trace
    complaints = [out.text for cell in done.nb.cells for out in cell.get("outputs", ()) if out.get("name") == "stderr"]
    assert complaints == []
    assert (home / "lab" / "sample" / "frontdesk.db").exists()
