"""A model's own tokenizer from its `tokenizer.json`, without torch: for measuring text and for feeding the model."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer

from core.embedder.files import read_json
from core.errors import ConfigurationError


class ModelTokenizer:
    """Measures text in the model's tokens; never truncates."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = read_tokenizer(folder)
        self.max_tokens = max_tokens(folder) - self._tokenizer.num_special_tokens_to_add(is_pair=False)

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """The character span of each token."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).offsets)


def read_tokenizer(folder: Path) -> Tokenizer:
    """The folder's tokenizer with neither truncation nor padding."""
    file = folder / "tokenizer.json"
    if not file.exists():
        raise ConfigurationError(f"{folder} holds no tokenizer.json: save the model with a fast tokenizer.")
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def max_tokens(folder: Path) -> int:
    """Tokens, special ones included, after which the model stops reading."""
    limits = (
        read_json(folder / "sentence_bert_config.json").get("max_seq_length"),
        read_json(folder / "config.json").get("max_position_embeddings"),
    )
    return next((int(limit) for limit in limits if limit), 512)
