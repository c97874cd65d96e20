"""The embed bench on a few pages: its names, its texts, and that both encoders agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.embedder.files import PACKAGED, model_folder
from core.embedder.tokens import ModelTokenizer
from core.errors import InvalidInputError
from core.settings import Settings
from evals.bench import embed


def test_the_report_compares_both_on_the_same_texts(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "page.md").write_text("# Tea\n\n" + "We sell green and black tea by the bag. " * 20)
    report = embed.run(settings, tmp_path)
    assert report.figures["cosine_mean"] >= report.figures["cosine_min"] > 0.999
    quotient = report.figures["texts_per_second"] / report.figures["baseline_texts_per_second"]
    assert 0.2 < report.figures["ratio"] / quotient < 5  # medians of quotients and of times, on few texts
    assert report.meta["texts"] == len(embed.passages(tmp_path, settings))


def test_passages_fit_the_model(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "page.md").write_text("# Tea\n\n" + "We sell green and black tea by the bag. " * 200)
    tokenizer = ModelTokenizer(model_folder(PACKAGED))
    lengths = [len(tokenizer.offsets(text)) for text in embed.passages(tmp_path, settings)]
    assert len(lengths) > 5
    assert 150 < max(lengths) <= tokenizer.max_tokens


def test_a_folder_without_pages_is_refused(tmp_path: Path, settings: Settings) -> None:
    for pages in (tmp_path, tmp_path / "nope"):
        with pytest.raises(InvalidInputError, match="--pages"):
            embed.run(settings, pages)
