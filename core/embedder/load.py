"""Finds and opens the model that the settings name, each kind with the runtime that suits the machine."""

from __future__ import annotations

import os
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from core.embedder.convert import SPEC, VERSION, convert
from core.embedder.files import PACKAGED, fingerprint, model_folder
from core.embedder.protocols import Encoder, Tokenizer
from core.embedder.tokens import ModelTokenizer
from core.errors import ConfigurationError
from core.settings import Settings

_NVIDIA = Path("/proc/driver/nvidia/version")  # asking torch would cost seconds and its memory


def load_encoder(name: str, settings: Settings, *, threads: int | None = None) -> Encoder:
    """The model, ready to run; `threads` bounds the cores it takes on a CPU. Who asks again has the same one."""
    _require_key(name, settings)
    return _opened(name, settings, threads or len(os.sched_getaffinity(0)))


@lru_cache(maxsize=2)  # a new build's and the live one's, which indexing, grading and answering share in one process
def _opened(name: str, settings: Settings, threads: int) -> Encoder:
    if name.startswith("openai:"):
        from core.embedder.openai import OpenAIEncoder

        return OpenAIEncoder(name, settings)
    folder = model_folder(name)
    if _cuda():
        return _on_torch(name, folder, "cuda")
    converted = settings.home / "models" / f"{Path(name).name}-{_version(folder)}"
    if not (converted / SPEC).exists() and not convert(folder, converted):
        return _on_torch(name, folder, "cpu")
    from core.embedder.openvino import OpenVinoEncoder

    return OpenVinoEncoder(name, converted, threads)


def load_tokenizer(name: str, settings: Settings) -> Tokenizer:
    """The model's tokenizer. OpenAI's cannot be had offline: the packaged one counts some more tokens, never fewer."""
    _require_key(name, settings)
    return packaged_tokenizer() if name.startswith("openai:") else ModelTokenizer(model_folder(name))


@cache
def packaged_tokenizer() -> Tokenizer:
    """The packaged model's, whatever model is in use."""
    return ModelTokenizer(model_folder(PACKAGED))


def _require_key(name: str, settings: Settings) -> None:
    """Before any work is done for a model that cannot be asked."""
    if name.startswith("openai:") and settings.openai_api_key is None and settings.model_base_url is None:
        raise ConfigurationError(
            f"The embedding model {name} needs a key: set OPENAI_API_KEY, "
            "or FRONTDESK_MODEL_BASE_URL to a server of your own."
        )


def vectors_version(name: str) -> str:
    """Changes when a model's vectors may: its files, or how they are run. OpenAI's are what their name says."""
    return "" if name.startswith("openai:") else f"{_version(model_folder(name))}{'-cuda' if _cuda() else ''}"


def _version(folder: Path) -> str:
    return f"{fingerprint(folder)}-{VERSION}"


def _cuda() -> bool:
    if not _NVIDIA.exists() or find_spec("torch") is None:
        return False
    import torch

    return torch.cuda.is_available()


def _on_torch(name: str, folder: Path, device: str) -> Encoder:
    from core.embedder.torch import TorchEncoder

    return TorchEncoder(name, folder, device)
