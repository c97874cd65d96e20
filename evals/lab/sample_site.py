"""The sample site, indexed in a home of its own, so that a notebook has something to ask and breaks nothing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from core.database import migrate, open_database
from core.errors import NotFoundError
from core.knowledge import Knowledge
from core.settings import Settings
from core.tracking import Tracking
from pipelines.index import index
from pipelines.site import furnish, read_files, registering
from pipelines.stage import Stores, models_of, unwatched

SITE = "kestrel"
_DATA = Path(__file__).parents[2] / "datasets" / "kestrel"


def sample(settings: Settings) -> Settings:
    """Settings of a home below the given one, in which the sample site answers; what is indexed already stays."""
    if not _DATA.is_dir():
        raise NotFoundError(f"The sample site is not at {_DATA}: open the notebooks in a checkout of the project.")
    here = _at_home(settings)
    migrate(here.database_location)
    files = read_files(_DATA / "policy.md", _DATA / "golden.jsonl")
    with (
        closing(open_database(here.database_location)) as database,
        registering(database, SITE, str(sample_pages()), "/pages/"),
    ):
        if not (here.site_folder(SITE) / "golden.jsonl").exists():  # what was added to it in a notebook stays
            furnish(here, SITE, files)
        stores = Stores(database, Knowledge(here.knowledge_location), Tracking(here.tracking_location))
        index(SITE, here, stores, models_of(here), unwatched, by="lab.sample")
    return here


def sample_pages() -> Path:
    """The folder of the sample site's pages."""
    return _DATA / "pages"


def _at_home(settings: Settings) -> Settings:
    """The same settings in a home of its own, whose stores are all in it; converted models are shared."""
    home = settings.home.absolute() / "lab" / "sample"
    home.mkdir(parents=True, exist_ok=True)
    models = settings.home.absolute() / "models"
    models.mkdir(exist_ok=True)
    if not (home / "models").exists():
        (home / "models").symlink_to(models)
    stores = ("knowledge_url", "database_url", "conversations_url", "tracking_url", "redis_url")
    return settings.model_copy(update={"home": home, "site": SITE, **dict.fromkeys(stores)})
