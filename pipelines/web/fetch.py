"""One answer of a website: redirects on its host followed, failures that pass tried again, bytes and time bounded.

Knows neither pages nor robots.txt; who asks says where it may be led.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from threading import Lock

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from pipelines.web.address import normal, same_site, shown
from pipelines.web.inflate import InflateError, inflated
from pipelines.web.network import NotPublicError, PinnedTransport, Resolve

PRODUCT = "Frontdesk"  # what robots.txt calls us
_HEADERS = {
    "User-Agent": f"{PRODUCT}/{version('frontdesk')}",
    "Accept": "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8",
    "Accept-Encoding": "gzip",  # others cannot be unpacked piece by piece
}
_ATTEMPTS = 3
_PATIENCE = 60.0  # seconds; who asks to come back later than that is left for the next run
_REDIRECTS = 5
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answered in the end: its own status and headers, and the address that it led to."""

    url: str
    status: int
    headers: Headers  # lower case
    body: bytes = b""


class FetchError(Exception):
    """An address gave no answer that can be used; the message is the reason, without the address."""

    def __init__(
        self,
        reason: str,
        *,
        passes: bool = False,
        silent: bool = False,
        moved: bool = False,
        after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passes = passes  # another time it may be there
        self.silent = silent  # there was no answer at all
        self.moved = moved  # for good, to where we do not follow
        self.after = after  # seconds that it asks for


class Pace:
    """When the next request may start, for all threads together."""

    def __init__(self, delay: float = 0, sleep: Callable[[float], None] = time.sleep) -> None:
        self.delay = delay
        self.sleep = sleep
        self._next = 0.0
        self._lock = Lock()

    def wait(self) -> None:
        """Until it is this thread's turn."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self.delay
        if turn > now:
            self.sleep(turn - now)

    def hold(self, seconds: float) -> None:
        """Nobody asks for so long: the server said it is too much."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


class Fetcher:
    """Asks one website, from several threads."""

    def __init__(self, resolve: Resolve, pace: Pace, *, most: int, seconds: float, allow_private: bool) -> None:
        self.pace = pace
        self._most = most
        self._seconds = seconds
        self._client = httpx.Client(
            transport=PinnedTransport(resolve, allow_private=allow_private),
            headers=_HEADERS,
            timeout=httpx.Timeout(seconds, connect=min(seconds, 10.0)),
            trust_env=False,  # neither a proxy nor .netrc
        )
        self._retrying = Retrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=_wait,
            retry=retry_if_exception(_is_worth_another),
            sleep=pace.sleep,
            reraise=True,
        )

    def close(self) -> None:
        """Close what is open."""
        self._client.close()

    def get(
        self,
        url: str,
        *,
        known: Callable[[str], Headers] = lambda _: {},
        refused: Callable[[str], str] = lambda _: "",
        wanted: Callable[[str, Headers], bool] = lambda *_: True,
        most: int | None = None,
    ) -> Answer:
        """What the address answers; a body only with 200, and where `wanted` says so of its headers.

        `known` are the headers of a conditional request; `refused` the reason why a redirect is not followed; `most`
        bytes a body may have, as many as a document where nothing is said.
        """
        at = url
        for _ in range(_REDIRECTS + 1):
            answer = self._retrying(self._once, at, known(at), wanted, most or self._most)
            target = _target(answer)
            if target is None:
                return answer
            if reason := refused(target):
                moved = answer.status in (301, 308)
                raise FetchError(f"redirects to {shown(target)}, which {reason}", moved=moved)
            at = target
        raise FetchError(f"redirects more than {_REDIRECTS} times")

    def _once(self, url: str, known: Headers, wanted: Callable[[str, Headers], bool], most: int) -> Answer:
        self.pace.wait()
        try:
            with self._client.stream("GET", url, headers=dict(known)) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                headers["x-robots-tag"] = "\n".join(response.headers.get_list("x-robots-tag"))  # each has its crawler
                self._refuse_passing(response.status_code, headers)
                has_body = response.status_code == 200 and wanted(url, headers)
                body = self._body(response, most) if has_body else b""
                return Answer(url, response.status_code, headers, body)
        except NotPublicError as error:
            hint = "which is not public: FRONTDESK_CRAWL_PRIVATE=true allows it"
            raise FetchError(f"{error}, {hint}", passes=True, silent=True) from error
        except httpx.TimeoutException as error:
            raise FetchError(f"did not answer within {self._seconds:g} s", passes=True, silent=True) from error
        except httpx.HTTPError as error:
            raise FetchError(f"cannot be reached: {_words(error)}", passes=True, silent=True) from error

    def _refuse_passing(self, status: int, headers: Headers) -> None:
        if status not in _PASSING:
            return
        after = _retry_after(headers.get("retry-after", ""))
        if status in (429, 503) and after is not None:
            self.pace.hold(min(after, _PATIENCE))
        raise FetchError(f"answered {status}", passes=True, after=after)

    def _body(self, response: httpx.Response, most: int) -> bytes:
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("identity", "", "gzip", "x-gzip"):
            raise FetchError(f"is sent in an encoding that was not asked for: {coding}")
        pieces = response.iter_raw(2**16)
        return self._bounded(pieces if coding in ("identity", "") else inflated(pieces), most)

    def _bounded(self, pieces: Iterator[bytes], most: int) -> bytes:
        ends = time.monotonic() + self._seconds
        body = bytearray()
        try:
            for piece in pieces:
                body += piece
                if len(body) > most:
                    raise FetchError(f"is too large: the limit is {most / 2**20:g} MiB")
                if time.monotonic() > ends:
                    raise FetchError(f"took longer than {self._seconds:g} s", passes=True, silent=True)
        except InflateError as error:
            raise FetchError(str(error), passes=True) from error
        return bytes(body)


def other_site(site: str) -> Callable[[str], str]:
    """Refuses what is on another host than a site."""
    return lambda url: "" if same_site(site, url) else "is another host"


def _target(answer: Answer) -> str | None:
    if answer.status not in (301, 302, 303, 307, 308):
        return None
    target = normal(answer.headers.get("location", ""), answer.url)
    if target is None or not answer.headers.get("location"):
        raise FetchError("redirects to what is no page's address")
    return target


def _is_worth_another(error: BaseException) -> bool:
    if not isinstance(error, FetchError) or isinstance(error.__cause__, NotPublicError):
        return False
    return error.passes and (error.after or 0) <= _PATIENCE


_BACK_OFF = wait_exponential_jitter(multiplier=0.5, max=10)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.after if isinstance(error, FetchError) else None
    return _BACK_OFF(state) if asked is None else asked


def _retry_after(said: str) -> float | None:
    """Seconds, from either of the header's forms."""
    if said.strip().isdigit():
        return float(said)
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
