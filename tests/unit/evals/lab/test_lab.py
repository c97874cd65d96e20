"""The lab as a notebook finds it: complete, quiet, and of no cost to who does not import it."""

from __future__ import annotations

import subprocess
import sys
from inspect import getdoc, signature
from pathlib import Path
from pkgutil import iter_modules

import pytest

from core.knowledge.passages import shared_end
from evals import lab
from evals.lab.shown import prose
from evals.lab.waiting import waited

ROOT = Path(__file__).parents[4]
HEAVY = ("altair", "sklearn", "ray", "mlflow", "ragas")


@pytest.mark.parametrize("name", sorted(set(lab.__all__) - {"Lab"}))
def test_whatever_completes_is_typed_and_says_what_it_is_for(name: str) -> None:
    function = getattr(lab, name)
    assert getdoc(function)
    assert signature(function).return_annotation


def test_no_module_of_the_lab_takes_the_place_of_a_function_once_it_is_imported() -> None:
    modules = {module.name for module in iter_modules(lab.__path__)}
    assert modules & set(lab.__all__) == set()


def test_a_notebook_completes_what_is_for_it_and_nothing_else() -> None:
    assert dir(lab) == sorted(lab.__all__)


def test_every_method_of_a_lab_is_a_function_of_the_project() -> None:
    methods = {name for name in vars(lab.Lab) if not name.startswith("_")} - {"settings", "site"}
    assert methods <= set(lab.__all__)


def test_commands_do_not_pay_for_the_lab_nor_the_lab_for_what_it_may_never_plot() -> None:
    code = f"""
import sys
import evals.__main__
assert "evals.lab" not in sys.modules
from evals import lab
print([name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_async_work_can_be_waited_for_inside_a_loop() -> None:
    async def work() -> int:
        return 7

    assert waited(work) == 7


def test_a_mark_without_a_citation_stays_text() -> None:
    assert "[1]" in prose("So it is. [1]", [])


def test_what_two_neighbours_share_is_at_the_end_of_one_and_the_start_of_the_other() -> None:
    assert shared_end("one two three four five six", "three four five six seven") == len("three four five six")
    assert shared_end("one two", "two three") == 0  # so few characters are alike by chance
