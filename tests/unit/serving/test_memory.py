"""The desk's memory: which notes a turn gets, when none are looked for, and what failures cost."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from core.database import Older
from core.knowledge import Memory, Vector
from core.records import Exchange, Message, Session, Summary, Turn
from serving.agent.summarizer import Summarizer, extract
from serving.memory import SessionMemory
from serving.recall import MeaningRecall
from tests.fakes.models import word_vectors

ANONYMOUS, ANN = Session("demo", "s1", "s1"), Session("demo", "ann", "s1")
FULL = [Message("user", "Is shipping free?"), Message("assistant", "Yes.")] * 2
WAITING = (Exchange(1, "My name is Ann Miller.", "Hello."), Exchange(2, "Do you repair grinders?", "Yes."))
MEMORY = Memory("t9", "Which grinder did I buy?", "The Merlin.", 0.8)


class FakeSummaries:
    """What `database.summaries` promises for one session, with each replacement that it saw."""

    def __init__(self, summary: Summary | None = None, waiting: Sequence[Exchange] = ()) -> None:
        self.summary = summary or Summary()
        self.waiting = waiting
        self.asked = 0
        self.overtaken = False

    def older(self, _session: Session, _keep: int, limit: int) -> Older:
        self.asked += 1
        return Older(self.summary, tuple(each for each in self.waiting if each.sequence > self.summary.covers)[:limit])

    def replace(self, _session: Session, old: Summary, new: Summary) -> bool:
        if self.overtaken or old != self.summary:
            return False
        self.summary = new
        return True


class FakeRecall:
    """Recalls the same memories each time; fails where it is told to."""

    def __init__(self, *memories: Memory, fails: bool = False) -> None:
        self.memories = memories
        self.fails = fails
        self.asked: list[tuple[str, list[str]]] = []

    async def __call__(self, turn: Turn, known: Sequence[str]) -> Sequence[Memory]:
        self.asked.append((turn.question, list(known)))
        if self.fails:
            raise OSError("the table is broken")
        return self.memories


def memory(
    summaries: FakeSummaries, recall: FakeRecall | None = None, summarizer: Summarizer = extract
) -> SessionMemory:
    return SessionMemory(
        summaries=summaries,
        recall=recall or FakeRecall(),
        summarizer_for=lambda _site: summarizer,
        messages=4,
        threads=ThreadPoolExecutor(1),
    )


def turn(session: Session = ANONYMOUS) -> Turn:
    return Turn("t1", session, "What was my grinder?")


async def test_a_short_anonymous_conversation_has_no_notes_and_costs_no_look_up() -> None:
    summaries, recall = FakeSummaries(Summary("Told: something", 1)), FakeRecall(MEMORY)
    assert await memory(summaries, recall).notes(turn(), FULL[:2]) == []
    assert (summaries.asked, recall.asked) == (0, [])


async def test_who_is_known_is_reminded_from_the_first_question_on() -> None:
    notes = await memory(FakeSummaries(), FakeRecall(MEMORY)).notes(turn(ANN), [])
    assert notes == [Message("note", "Asked before: Which grinder did I buy? Answered: The Merlin.")]


async def test_a_long_conversation_gets_its_summary_and_what_is_recalled() -> None:
    recall = FakeRecall(MEMORY)
    notes = await memory(FakeSummaries(Summary("Told: My name is Ann.", 5)), recall).notes(turn(), FULL)
    assert [note.content.split(":")[0] for note in notes] == ["Told", "Asked before"]
    assert recall.asked == [("What was my grinder?", ["Is shipping free?", "Is shipping free?"])]


async def test_where_nothing_is_recalled_or_recall_fails_the_summary_stands() -> None:
    for recall in (FakeRecall(), FakeRecall(fails=True)):
        notes = await memory(FakeSummaries(Summary("Told: My name is Ann.", 5)), recall).notes(turn(), FULL)
        assert notes == [Message("note", "Told: My name is Ann.")]


async def test_what_a_crash_left_out_of_the_summary_is_in_the_next_turns_notes_and_then_in_the_summary() -> None:
    summaries = FakeSummaries(waiting=WAITING)
    [note] = await memory(summaries).notes(turn(), FULL)
    assert "Ann Miller" in note.content
    assert summaries.summary == Summary()
    await memory(summaries).follow(turn())
    assert summaries.summary == Summary(note.content, 2)


async def test_notes_wait_for_no_model() -> None:
    async def never(_summary: str, _said: Sequence[Exchange]) -> str:
        raise AssertionError("a visitor would wait for this")

    assert await memory(FakeSummaries(waiting=WAITING), summarizer=never).notes(turn(), FULL)


async def test_a_summary_takes_in_however_much_waits_step_by_step() -> None:
    summaries = FakeSummaries(waiting=[Exchange(n, f"Is part {n} free?", "Yes.") for n in range(1, 51)])
    steps: list[int] = []

    async def counting(summary: str, said: Sequence[Exchange]) -> str:
        steps.append(len(said))
        return await extract(summary, said)

    await memory(summaries, summarizer=counting).follow(turn())
    assert steps == [20, 20, 10]
    assert summaries.summary.covers == 50


async def test_who_is_overtaken_by_another_replica_leaves_it_to_that_one() -> None:
    summaries = FakeSummaries(waiting=WAITING)
    summaries.overtaken = True
    await memory(summaries).follow(turn())
    assert summaries.summary == Summary()


class FakeMemories:
    """The same memories whoever asks."""

    def __init__(self, *memories: Memory) -> None:
        self.memories = list(memories)

    def search(self, session: Session, vector: Vector, *, floor: float, limit: int) -> list[Memory]:
        assert floor == 0.7
        assert vector.shape == (256,)
        return self.memories[:limit]


async def test_what_stands_in_the_last_messages_anyway_is_not_recalled() -> None:
    async def embed(_model: str, texts: Sequence[str]) -> object:
        return await word_vectors(texts)

    memories = FakeMemories(*(Memory(str(n), f"question {n}", "", 0.9) for n in range(9)))
    recall = MeaningRecall(memories, embed, "m", ThreadPoolExecutor(1))  # type: ignore[arg-type]
    found = await recall(turn(), ["question 0", "question 2"])
    assert [each.question for each in found] == ["question 1", "question 3", "question 4"]
