"""What several nodes must share."""

from __future__ import annotations

import pytest

from core.errors import ConfigurationError
from core.settings import Settings
from serving.cluster import require_shared_stores


def test_one_node_may_keep_everything_to_itself(settings: Settings) -> None:
    require_shared_stores(settings, 1)


def test_several_nodes_are_told_what_to_set(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match=r"has 3 nodes.*DATABASE_URL=postgresql.*KNOWLEDGE_URL.*CONVERSATIONS"):
        require_shared_stores(settings, 3)


def test_only_what_is_missing_is_named(settings: Settings) -> None:
    shared = {"database_url": "postgresql://u@h/db", "knowledge_url": "s3://b/k"}
    with pytest.raises(ConfigurationError) as told:
        require_shared_stores(settings.model_copy(update=shared), 2)
    assert "DATABASE_URL" not in told.value.message
    require_shared_stores(settings.model_copy(update={**shared, "conversations_url": "s3://b/c"}), 2)
