"""Settings that cannot be used are refused with the key that was set."""

from __future__ import annotations

import pytest

from core.errors import ConfigurationError
from core.settings import load_settings


@pytest.mark.parametrize("overlap", [64, 65])
def test_an_overlap_as_long_as_a_chunk_is_refused(overlap: int) -> None:
    with pytest.raises(ConfigurationError, match="FRONTDESK_CHUNK_OVERLAP: must be less than FRONTDESK_CHUNK_TOKENS"):
        load_settings(_env_file=None, chunk_tokens=64, chunk_overlap=overlap)
    assert load_settings(_env_file=None, chunk_tokens=64, chunk_overlap=63).chunk_overlap == 63
