"""The language in which commands speak: English sentences in the code, their Chinese in `gradeline/chinese.yaml`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files

import yaml

from shared.core.errors import GradelineError
from shared.core.policy.policy import Title
from shared.edge.codes import Words
from shared.edge.refusals import in_chinese

VARIABLE = "GRADELINE_LANGUAGE"
_SPOKEN: ContextVar[str] = ContextVar("spoken", default="")


def language() -> str:
    """`zh` or `en`: what GRADELINE_LANGUAGE says, else the language of the terminal (LC_ALL, LC_MESSAGES, LANG)."""
    if spoken := _SPOKEN.get():
        return spoken
    said = next((os.environ[name] for name in (VARIABLE, "LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "zh" if said.lower().startswith("zh") else "en"


@contextmanager
def speaking(spoken: str) -> Iterator[None]:
    """Speak *spoken* whatever the environment says, as documents do."""
    before = _SPOKEN.set(spoken)
    try:
        yield
    finally:
        _SPOKEN.reset(before)


def say(sentence: str, **about: object) -> str:
    """Return *sentence* in the language of the installation, with *about* filled in."""
    text = chinese().get(sentence, sentence) if language() == "zh" else sentence
    return text.format(**about) if about else text


def sentence_of(error: GradelineError) -> str:
    """What *error* says, in the language of the installation where its sentence is one of the readers of rules."""
    return in_chinese(error.message) if language() == "zh" else error.message


def both(words: Title | Words) -> str:
    """The one of both texts that is read here."""
    return words.zh if language() == "zh" else words.en


@cache
def chinese() -> dict[str, str]:
    """Every sentence with its Chinese."""
    found: dict[str, str] = yaml.load(files("gradeline").joinpath("chinese.yaml").read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - it builds text only
    return found
