"""The demo page in a real browser, against the real server."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright

from core.database import open_database
from core.records import Feedback
from core.settings import Settings
from tests.fakes.discord import FakeDiscord
from tests.fakes.server import Server, running
from tests.fakes.site import PAGES, furnish

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium (apt-get install chromium)")


@pytest.fixture(scope="module")
def discord() -> Iterator[FakeDiscord]:
    with FakeDiscord() as discord:
        yield discord


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, discord: FakeDiscord) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    pages = tmp_path_factory.mktemp("pages")
    for name, (title, text) in PAGES.items():
        (pages / name).write_text(f"# {title}\n\n{text}\n")
    furnish(home)
    with running(home, "--no-ray", FRONTDESK_DEMO_PAGES=str(pages), FRONTDESK_HANDOVER_WEBHOOK=discord.url) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
    page.goto(server.url)
    yield page
    page.close()
    assert complaints == []


def ask(page: Page, question: str) -> None:
    """With the keyboard alone."""
    expect(page.get_by_label("Your question")).to_be_focused()
    page.keyboard.type(question)
    page.keyboard.press("Enter")


def test_an_answer_streams_in_with_its_sources(page: Page) -> None:
    ask(page, "Can I return an opened bag of coffee?")
    expect(page.locator(".answer")).to_contain_text("Opened bags of coffee cannot be returned.")
    source = page.locator(".sources li").first
    expect(source.get_by_role("link", name="Returns")).to_be_visible()
    expect(source).to_contain_text("Opened bags of coffee cannot be returned.")
    expect(page.get_by_role("status")).to_contain_text("Opened bags of coffee cannot be returned.")


def test_a_mark_leads_to_its_source_and_the_source_to_its_page(page: Page) -> None:
    ask(page, "Can I return an opened bag of coffee?")
    mark = page.get_by_role("link", name="Source 1")
    mark.press("Enter")
    expect(page.locator(".sources li:target")).to_contain_text("Returns")
    with page.context.expect_page() as opened:
        page.locator(".sources").get_by_role("link", name="Returns").click()
    expect(opened.value.locator("body")).to_contain_text("You can return an unopened item within 30 days")


def test_what_is_written_is_shown_as_text(page: Page) -> None:
    ask(page, "<img src=x onerror=alert(1)> Is shipping free?")
    expect(page.locator(".question")).to_have_text("<img src=x onerror=alert(1)> Is shipping free?")
    expect(page.locator(".answer")).not_to_be_empty()
    assert page.locator("#conversation img").count() == 0


def test_lines_with_a_dash_are_a_list(page: Page) -> None:
    answer = {
        "content": "Prices:\n- Merlin: £489 [1]\n- Siskin: £79\n\nAsk us. <b>Now</b>",
        "citations": [],
        "turn_id": "t",
    }
    body = f"data: {json.dumps({'type': 'end', 'id': 1, **answer})}\n\n"
    page.route("**/chat/stream", lambda route: route.fulfill(body=body, content_type="text/event-stream"))
    ask(page, "What do they cost?")
    expect(page.locator(".answer li")).to_have_text(["Merlin: £489 [1]", "Siskin: £79"])
    expect(page.locator(".answer p")).to_have_text(["Prices:", "Ask us. <b>Now</b>"])


def test_the_conversation_outlives_a_reload_and_ends_when_asked(page: Page) -> None:
    ask(page, "Is shipping free?")
    expect(page.locator(".answer")).not_to_be_empty()
    session = page.evaluate("localStorage.getItem('frontdesk-session')")
    page.reload()
    assert page.evaluate("localStorage.getItem('frontdesk-session')") == session
    page.get_by_role("button", name="New conversation").click()
    ask(page, "Is shipping free?")
    expect(page.locator(".answer")).not_to_be_empty()
    assert page.evaluate("localStorage.getItem('frontdesk-session')") != session


def test_a_broken_connection_is_told_kindly_and_can_be_tried_again(page: Page) -> None:
    page.route("**/chat/stream", lambda route: route.abort())
    ask(page, "Is shipping free?")
    trouble = page.locator(".trouble")
    expect(trouble).to_contain_text("The server could not be reached.")
    page.unroute("**/chat/stream")
    trouble.get_by_role("button", name="Try again").click()
    expect(page.locator(".answer")).to_contain_text("Shipping is free for orders over 45 euros.")
    expect(trouble).to_have_count(0)


def test_it_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    ask(page, "How long is the warranty on an espresso machine?")
    expect(page.locator(".sources")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_an_answer_is_rated_with_the_keyboard_and_a_comment(page: Page, server: Server) -> None:
    ask(page, "Is shipping free?")
    down = page.get_by_role("button", name="Not helpful")
    down.press("Enter")
    expect(down).to_have_attribute("aria-pressed", "true")
    page.get_by_label("What should have been different?").fill("Say from which sum on.")
    page.keyboard.press("Enter")
    expect(page.locator(".feedback .note")).to_have_text("Thank you.")
    kept = last_feedback(server)
    assert kept is not None
    assert (kept.rating, kept.comment) == ("down", "Say from which sum on.")
    down.press("Enter")
    expect(down).to_have_attribute("aria-pressed", "false")


def test_a_rating_that_cannot_be_kept_is_not_shown_as_kept(page: Page) -> None:
    ask(page, "Is shipping free?")
    page.route("**/feedback", lambda route: route.abort())
    up = page.get_by_role("button", name="Helpful", exact=True)
    up.press("Enter")
    expect(page.locator(".feedback .note")).to_have_text("The server could not be reached.")
    expect(up).to_have_attribute("aria-pressed", "false")


def asks_for_a_person(page: Page) -> Locator:
    ask(page, "I want to talk to a human")
    form = page.get_by_role("region", name="Talk to a person")
    expect(form.get_by_label("Your message")).to_have_value("")
    return form


def test_a_person_is_called_with_the_keyboard_and_only_by_sending(page: Page, discord: FakeDiscord) -> None:
    before = len(discord.messages)
    form = asks_for_a_person(page)
    form.get_by_label("Your name").fill("Ann")
    form.get_by_label("Your e-mail address").fill("ann@mail")  # what a browser takes, and the server does not
    form.get_by_label("Your message").fill("My grinder is broken.")
    form.get_by_role("button", name="Send").press("Enter")
    expect(form.get_by_role("alert")).to_contain_text("write one like name@example.com")
    expect(form.get_by_label("Your e-mail address")).to_be_focused()
    assert len(discord.messages) == before
    form.get_by_label("Your e-mail address").fill("ann@mail.example")
    page.keyboard.press("Enter")
    outcome = page.locator(".action .outcome")
    expect(outcome).to_contain_text("on its way to a person")
    expect(outcome).to_be_focused()
    assert [message["embeds"][0]["description"] for message in discord.messages[before:]] == ["My grinder is broken."]


def test_a_no_puts_the_form_away(page: Page, discord: FakeDiscord) -> None:
    before = discord.asked
    asks_for_a_person(page).get_by_role("button", name="No, thanks").press("Enter")
    expect(page.locator(".action .outcome")).to_have_text("All right, nothing was done.")
    assert discord.asked == before


def test_a_form_that_cannot_be_sent_stays_as_it_was_filled_in(page: Page) -> None:
    form = asks_for_a_person(page)
    page.route("**/chat/actions/*", lambda route: route.abort())
    form.get_by_label("Your name").fill("Ann")
    form.get_by_label("Your message").fill("Hello")
    form.get_by_label("Your e-mail address").fill("ann@mail.example")
    page.keyboard.press("Enter")
    expect(form.get_by_role("alert")).to_have_text("The server could not be reached.")
    expect(form.get_by_label("Your name")).to_have_value("Ann")
    expect(form.get_by_role("button", name="Send")).to_be_enabled()


def test_an_offer_is_on_the_page_once_and_shows_there_what_came_of_it(page: Page, discord: FakeDiscord) -> None:
    form = asks_for_a_person(page)
    form.get_by_label("Your name").fill("Ann")
    page.get_by_label("Your question").focus()
    ask(page, "yes please")
    expect(page.locator(".answer").last).to_contain_text("use the button below")
    expect(page.locator(".action")).to_have_count(1)
    expect(page.locator("#conversation > li").last.locator(".action")).to_have_count(1)
    expect(form.get_by_label("Your name")).to_have_value("Ann")
    form.get_by_label("Your message").fill("Hello")
    form.get_by_label("Your e-mail address").fill("ann@mail.example")
    page.keyboard.press("Enter")
    expect(page.locator(".action")).to_have_text(re.compile("on its way to a person"))
    assert discord.messages[-1]["embeds"][0]["description"] == "Hello"


def test_details_that_are_typed_in_the_chat_join_those_in_the_form(page: Page, discord: FakeDiscord) -> None:
    form = asks_for_a_person(page)
    form.get_by_label("Your name").fill("Ann")
    form.get_by_label("Your message").fill("My grinder is broken.")
    page.get_by_label("Your question").focus()
    ask(page, "ann@mail.example, it is order 4411")
    expect(page.locator(".answer").last).to_contain_text("I have entered below what you wrote.")
    expect(page.locator(".action .outcome")).to_have_text("This is asked anew below.")
    form = page.get_by_role("region", name="Talk to a person").last
    expect(form.get_by_label("Your name")).to_have_value("Ann")
    expect(form.get_by_label("Your e-mail address")).to_have_value("ann@mail.example")
    form.get_by_role("button", name="Send").press("Enter")
    expect(page.locator(".action .outcome").last).to_contain_text("on its way to a person")
    assert discord.messages[-1]["embeds"][0]["description"] == "My grinder is broken.\nit is order 4411"


def test_a_typed_no_closes_the_form_in_its_place(page: Page, discord: FakeDiscord) -> None:
    before = discord.asked
    asks_for_a_person(page)
    page.get_by_label("Your question").focus()
    ask(page, "no thanks")
    expect(page.locator("#conversation > li").first.locator(".action .outcome")).to_have_text("Nothing was done.")
    expect(page.locator(".action form")).to_have_count(0)
    assert discord.asked == before


def booking(action_id: str, *times: str) -> dict[str, Any]:
    """A form with times to choose from, as the server offers it."""
    field = {"label": "Time", "type": "choice", "value": "", "required": True, "max_length": 200}
    choices = [{"value": time, "label": f"At {time}"} for time in times]
    fields = [{**field, "name": "start", "choices": choices}]
    return {"id": action_id, "kind": "form", "title": "Book a meeting", "fields": fields, "state": "open"}


def test_a_time_that_is_gone_is_chosen_anew(page: Page) -> None:
    end = {"type": "end", "id": 2, "content": "Gladly.", "turn_id": "t", "citations": []}
    events = [{"type": "action", "id": 1, "action": booking("a1", "ten", "eleven")}, end]
    told = "".join(f"id: {event['id']}\ndata: {json.dumps(event)}\n\n" for event in events)
    page.route("**/chat/stream", lambda route: route.fulfill(status=200, content_type="text/event-stream", body=told))
    sent: list[Any] = []

    def answer(route: Route) -> None:
        sent.append((route.request.url.rpartition("/")[2], route.request.post_data_json))
        gone = {"id": "a1", "state": "failed", "content": "That time is taken.", "action": booking("a2", "eleven")}
        done = {"id": "a2", "state": "done", "content": "It is booked.", "action": None}
        route.fulfill(json=gone if len(sent) == 1 else done)

    page.route("**/chat/actions/*", answer)
    ask(page, "Can I book a meeting?")
    page.get_by_role("button", name="Yes, book it").press("Enter")  # nothing is chosen: the browser keeps it
    page.get_by_label("Time").select_option("ten")
    page.get_by_role("button", name="Yes, book it").press("Enter")
    expect(page.locator(".action .outcome")).to_have_text("That time is taken.")
    page.get_by_label("Time").select_option("eleven")
    page.get_by_role("button", name="Yes, book it").press("Enter")
    expect(page.locator(".action .outcome").last).to_have_text("It is booked.")
    assert [(action, body["answer"], body["fields"]) for action, body in sent] == [
        ("a1", "yes", {"start": "ten"}),
        ("a2", "yes", {"start": "eleven"}),
    ]


def last_feedback(server: Server) -> Feedback | None:
    """What is kept of the last turn."""
    settings = Settings(_env_file=None, home=server.log.parent)
    database = open_database(settings.database_location)
    [turn] = database.turns.recent(settings.site, 1)
    database.close()
    return turn.feedback


def in_sight(page: Page, selector: str) -> bool:
    """Whether the last such element is whole between the window's top and the composer."""
    box = page.locator(selector).last.bounding_box()
    composer = page.locator("#composer").bounding_box()
    assert box is not None
    assert composer is not None
    return box["y"] >= 0 and box["y"] + box["height"] <= composer["y"]


@pytest.mark.parametrize("size", [(360, 640), (1280, 720)])
def test_each_question_and_its_answer_are_in_sight(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for number, question in enumerate(["Is shipping free?", "Can I return an opened bag?", "When are you open?"], 1):
        ask(page, question)
        expect(page.locator(".sources")).to_have_count(number)
        assert in_sight(page, ".question")
        assert in_sight(page, ".answer")


def test_whoever_reads_further_up_is_not_moved(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 400})
    ask(page, "Is shipping free?")
    expect(page.locator(".sources")).to_be_visible()
    stalled: list[Route] = []
    page.route("**/chat/stream", lambda route: stalled.append(route))
    ask(page, "When are you open?")
    expect(page.locator(".question")).to_have_count(2)
    page.evaluate("scrollTo(0, 0)")
    stalled[0].continue_()
    expect(page.locator(".sources")).to_have_count(2)
    assert page.evaluate("scrollY") == 0


def test_trying_again_waits_for_the_turn_that_runs(page: Page) -> None:
    page.route("**/chat/stream", lambda route: route.abort())
    ask(page, "Is shipping free?")
    retry = page.locator(".trouble").get_by_role("button", name="Try again")
    expect(retry).to_be_visible()
    page.unroute("**/chat/stream")
    page.route("**/chat/stream", lambda _: None)  # never answered
    ask(page, "When are you open?")
    expect(page.locator("#send")).to_have_text("Stop")
    retry.click()
    expect(page.locator(".question")).to_have_text(["Is shipping free?", "When are you open?"])
    page.locator("#send").click()
    expect(page.locator("#send")).to_have_text("Ask")
    expect(page.locator(".trouble")).to_have_count(2)


def test_a_citation_with_a_broken_address_is_shown_without_a_link(page: Page) -> None:
    cited = {"n": 1, "source_id": "c", "title": "Hours", "url": "http://[", "heading": "", "quote": "Open at nine."}
    end = {"type": "end", "id": 1, "content": "Open at nine. [1]", "citations": [cited]}
    told = f"id: 1\ndata: {json.dumps(end)}\n\n"
    page.route("**/chat/stream", lambda route: route.fulfill(status=200, content_type="text/event-stream", body=told))
    ask(page, "When are you open?")
    expect(page.locator(".sources")).to_contain_text("Open at nine.")
    expect(page.locator(".sources a")).to_have_count(0)


def test_a_full_server_can_be_asked_again_when_it_said(page: Page) -> None:
    refusal = {"error": {"code": "overloaded", "message": "Too many people are asking."}}
    page.route("**/chat/stream", lambda route: route.fulfill(status=503, headers={"Retry-After": "2"}, json=refusal))
    ask(page, "When are you open?")
    retry = page.locator(".trouble").get_by_role("button", name="Try again")
    expect(retry).to_be_disabled()
    expect(retry).to_be_enabled()
