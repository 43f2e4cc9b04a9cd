"""Captions are read beside a picture: short sentences, every name filled in."""

import re

import pytest

from agents.report.captions import CAPTIONS, caption

MAX_WORDS = 25


@pytest.mark.parametrize("name", CAPTIONS)
def test_sentences_are_short(name: str) -> None:
    text = " ".join(CAPTIONS[name].split())
    too_long = [
        sentence for sentence in re.split(r"(?<=[.])\s+", text) if len(sentence.split()) > MAX_WORDS
    ]
    assert text.endswith(".") and not too_long


def test_a_caption_is_one_line_with_its_names_filled_in() -> None:
    text = caption("flow", policy="eft")
    assert "under eft, by where" in text and "\n" not in text and "  " not in text
    with pytest.raises(KeyError, match="policy"):
        caption("flow")
