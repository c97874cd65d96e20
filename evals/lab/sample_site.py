"""The sample site, indexed in a home of its own, so that a notebook has something to ask and breaks nothing."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from filelock import FileLock

from core.database import Database, migrate, open_database
from core.errors import InvalidInputError, NotFoundError
from core.knowledge import Knowledge
from core.settings import Settings
from core.tracking import Tracking
from pipelines.index import index
from pipelines.site import furnish, read_files, registering
from pipelines.stage import Stores, models_of, unwatched

SITE = "kestrel"
_SAMPLE = "sample"
_TOLD_BY = 3  # parts of a path, datasets/kestrel/pages: a source that was added in a notebook stays
_DATA = Path(__file__).parents[2] / "datasets" / "kestrel"
_STAYS = ("mlflow.db", "mlflow-artifacts")  # its tables take seconds to make, and runs hurt nobody


def sample(settings: Settings, pages: Path | None = None) -> Settings:
    """Settings of a home below the given one, in which the sample site answers; what is indexed already stays."""
    _refuse_elsewhere()
    return _answering(at_home(settings, _SAMPLE), pages or sample_pages())


def fresh_sample(settings: Settings, name: str) -> Settings:
    """The same in a home of that name, made anew each time, with pages of its own: to be changed as one likes."""
    _refuse_elsewhere()
    if not name.isidentifier() or name == _SAMPLE:
        raise InvalidInputError(f"{name!r} is no name for a copy of the sample site: use a word, such as 'gaps'.")
    here = at_home(settings, name)
    _clear(here.home)
    return _answering(here, Path(shutil.copytree(sample_pages(), here.home / "pages")))


def sample_pages() -> Path:
    """The folder of the sample site's pages."""
    return _DATA / "pages"


def sample_questions() -> Path:
    """The file of the sample site's golden questions."""
    return _DATA / "golden.jsonl"


def at_home(settings: Settings, name: str) -> Settings:
    """The same settings in a home of its own, whose stores are all in it; converted models are shared."""
    home = settings.home.absolute() / "lab" / name
    home.mkdir(parents=True, exist_ok=True)
    models = settings.home.absolute() / "models"
    models.mkdir(exist_ok=True)
    if not (home / "models").exists():
        (home / "models").symlink_to(models)
    stores = ("knowledge_url", "database_url", "conversations_url", "tracking_url", "redis_url")
    return settings.model_copy(update={"home": home, "site": SITE, **dict.fromkeys(stores)})


def _answering(here: Settings, pages: Path) -> Settings:
    migrate(here.database_location)
    files = read_files(_DATA / "policy.md", sample_questions())
    with (
        FileLock(here.home.with_suffix(".lock")),  # a second notebook waits for the first
        closing(open_database(here.database_location)) as database,
        registering(database, SITE, str(pages), "/pages/"),
    ):
        _forget_moved(database, pages.absolute())
        if not (here.site_folder(SITE) / "golden.jsonl").exists():  # what was added to it in a notebook stays
            furnish(here, SITE, files)
        stores = Stores(database, Knowledge(here.knowledge_location), Tracking(here.tracking_location))
        index(SITE, here, stores, models_of(here), unwatched, by="lab.sample")
    return here


def _forget_moved(database: Database, here: Path) -> None:
    """Drops the pages of another checkout, or of where this one was: they are the same, and would be there twice."""
    for source in database.sources.of(SITE):
        place = Path(source.uri)
        if place.parts[-_TOLD_BY:] == here.parts[-_TOLD_BY:] and place != here:
            database.sources.remove(source.id)


def _clear(home: Path) -> None:
    for each in home.iterdir():
        if each.name in _STAYS or each.is_symlink():
            continue
        shutil.rmtree(each) if each.is_dir() else each.unlink()


def _refuse_elsewhere() -> None:
    if not _DATA.is_dir():
        raise NotFoundError(f"The sample site is not at {_DATA}: open the notebooks in a checkout of the project.")
