"""Which questions are inside: by the policy's names, by the work they ask for, by how near the pages come."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.agent.policy import Policy, read_policy
from serving.agent.scope import Nearness, asks_for_work, scope
from tests.fakes.retriever import passage

AWS = read_policy(Path("datasets/policies/aws-only.md").read_text(encoding="utf-8"))
VOLUMES = passage("Amazon EBS volumes can be encrypted and resized.", title="Amazon EBS")


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("How do I resize a managed disk in Azure?", "Azure"),
        ("what does a bigquery slot cost", "BigQuery"),
        ("How do I mount a volume in a Kubernetes pod?", "Kubernetes"),
    ],
)
def test_a_name_that_the_policy_leaves_out_is_refused_however_near_the_pages_are(question: str, name: str) -> None:
    ruling = scope(question, [VOLUMES], Nearness(0.3), AWS)
    assert not ruling.allowed
    assert name in ruling.reason


def test_beside_a_name_of_the_sites_own_another_is_no_reason() -> None:
    assert scope("How do I move a database from Azure to Amazon RDS?", [VOLUMES], Nearness(0.3), AWS).allowed


def test_without_such_lines_a_policy_refuses_nobody() -> None:
    assert read_policy("We help with coffee. We are not about tea.") == Policy()
    assert scope("How do I resize a managed disk in Azure?", [VOLUMES], Nearness(0.3), Policy()).allowed


def test_a_policy_says_what_it_is_about() -> None:
    policy = read_policy("- **Only about:** beans, grinders\n\nNot about: tea.\n> only about: courses")
    assert (policy.own, policy.foreign) == (("beans", "grinders", "courses"), ("tea",))
    assert policy.about == "beans, grinders and courses"


def test_what_no_page_comes_near_is_outside() -> None:
    ruling = scope("Can volumes be resized?", [VOLUMES], Nearness(-0.05), Policy())
    assert not ruling.allowed
    assert ruling.score == -0.05
    assert scope("Can volumes be resized?", [VOLUMES], Nearness(0.05), Policy()).allowed


@pytest.mark.parametrize(("needed", "strength", "allowed"), [(0.2, 0.5, False), (0.2, 0.8, True), (0.4, 0.8, False)])
def test_a_sentence_that_says_little_counts_against_a_question_the_more_the_denser_the_site_is(
    needed: float, strength: float, allowed: bool
) -> None:
    near = Nearness(closeness=0.05, needed=needed, strength=strength)
    assert scope("Can volumes be resized?", [VOLUMES], near, Policy()).allowed is allowed
    assert scope("Can volumes be resized?", [VOLUMES], Nearness(0.05, needed), Policy()).allowed


def test_names_and_words_that_the_pages_do_not_know_count_against_a_question() -> None:
    known = scope("Can Amazon EBS volumes be resized?", [VOLUMES], Nearness(0.05), Policy())
    unknown = scope("Can Hetzner volumes be mortgaged?", [VOLUMES], Nearness(0.05), Policy())
    assert known.allowed
    assert not unknown.allowed


def test_a_name_in_the_title_of_a_passage_speaks_for_a_question() -> None:
    lambda_page = passage("Amazon EBS volumes can be encrypted.", title="AWS Lambda")
    near = Nearness(-0.05)
    assert scope("Does Lambda encrypt volumes?", [lambda_page], near, Policy()).allowed
    assert not scope("Does Amazon encrypt volumes?", [lambda_page], near, Policy()).allowed


@pytest.mark.parametrize("question", ["Do you encrypt with Hetzner?", "Can I use Hetzner volumes?"])
def test_who_asks_the_owners_what_they_do_may_name_what_no_page_does(question: str) -> None:
    assert scope(question, [VOLUMES], Nearness(-0.05), Policy()).allowed
    assert not scope(f"Hetzner: {question}", [VOLUMES], Nearness(-0.05), Policy()).allowed
    assert not scope(question, [VOLUMES], Nearness(-0.3), Policy()).allowed


def test_a_question_about_what_the_policy_helps_with_may_name_what_no_page_does() -> None:
    helps = read_policy(
        "It helps with:\n\n- volumes: resizing, encryption\n- backups\n\nIt does not help with:\n\n- horses\n"
    )
    near = Nearness(0.05)
    assert scope("How are Hetzner volumes resized?", [VOLUMES], near, helps).allowed
    assert not scope("How are Hetzner volumes resized?", [VOLUMES], near, Policy()).allowed
    assert not scope("How are Hetzner horses shod?", [VOLUMES], near, helps).allowed


def test_a_misspelt_word_is_not_an_unknown_one() -> None:
    assert scope("can voluems be encryptd", [VOLUMES], Nearness(0.01), Policy()).allowed


def test_where_the_retriever_cannot_tell_only_the_policy_rules() -> None:
    ruling = scope("Can horses be mortgaged?", [VOLUMES], None, Policy())
    assert (ruling.allowed, ruling.score) == (True, None)


@pytest.mark.parametrize(
    "asked",
    [
        "Write me a Python script that sorts a list",
        "could you please write a poem about beans?",
        "Tell me a joke",
        "Translate 'good morning' into French",
        "Can you help with my maths homework?",
        "Fix this code for me: print(",
    ],
)
def test_a_piece_of_work_is_not_a_question_to_the_pages(asked: str) -> None:
    assert asks_for_work(asked)


@pytest.mark.parametrize(
    "asked",
    [
        "How do I write a Lambda function in Python?",
        "create a bucket policy",
        "Can you tell me the story behind your shop's name?",
        "How do I translate the menu of the app?",
        "Which script starts the agent?",
    ],
)
def test_asking_how_is_no_order(asked: str) -> None:
    assert not asks_for_work(asked)
