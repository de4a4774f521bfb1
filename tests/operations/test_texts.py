"""Texts: the tone of comments and the key messages in them, as good as `bench/texts.py` said when they were learned."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.texts import Reader
from operations.texts.mentions import said
from operations.texts.tone import tone_of

HERE = Path(__file__).parent
TONES = {"+": "positive", "-": "negative", "0": "neutral"}


def labelled(name: str) -> list[list[str]]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def test_the_tone_of_comments_is_told_far_better_than_by_guessing() -> None:
    rows = labelled("comments.tsv")
    right = sum((tone_of(text) or "neutral") == TONES[label] for label, text in rows)
    swapped = sum({tone_of(text), TONES[label]} == {"positive", "negative"} for label, text in rows)

    assert right / len(rows) >= 0.7  # the commonest label alone is right in two of five
    assert swapped / len(rows) <= 0.1


def test_key_messages_are_found_in_other_words_and_rarely_where_they_are_not() -> None:
    rows = labelled("mentions.tsv")
    found = [(said(message, text), label == "+") for label, message, text in rows]
    hit = sum(a and b for a, b in found)

    assert hit / sum(a for a, _ in found) >= 0.9
    assert hit / sum(b for _, b in found) >= 0.9
    exact = sum(message in text for label, message, text in rows if label == "+")
    assert exact < hit / 3  # other words are most of it


@pytest.mark.parametrize("text", ["", "……", "🙂🙂", "8848"])
def test_a_comment_that_says_nothing_has_no_tone(text: str) -> None:
    assert tone_of(text) in (None, "neutral")


def test_full_width_capitals_and_signs_do_not_matter() -> None:
    assert said("Smart driving", "ＳＭＡＲＴ－ＤＲＩＶＩＮＧ!!")
    assert said("800公里续航", "续航 ８００ 公里！")
    assert not said("800公里续航", "续航 600 公里！")
    assert not said("art", "I like smart cars")


@settings(max_examples=60)
@given(st.text(max_size=300), st.text(max_size=40))
def test_no_text_is_too_odd_to_be_read(text: str, message: str) -> None:
    reader = Reader()

    assert reader.tone(text) in (None, "positive", "negative", "neutral")
    assert reader.mentioned(text, [message]) in ([True], [False])


@settings(max_examples=40)
@given(st.sampled_from([row[1] for row in labelled("mentions.tsv")]), st.text(max_size=30))
def test_whoever_quotes_a_message_says_it(message: str, around: str) -> None:
    assert said(message, f"{around} {message} {around}")
