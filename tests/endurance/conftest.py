"""Endurance tests: their numbers are samples unless MODEL_STORAGE_LONG is set, and their seed is printed."""

import os
import random

import pytest

LONG = bool(os.environ.get("MODEL_STORAGE_LONG"))


@pytest.fixture
def chance(request, record_property):
    """A source of chances whose seed is shown with every failure; MODEL_STORAGE_SEED repeats one."""
    seed = os.environ.get("MODEL_STORAGE_SEED") or str(random.SystemRandom().randrange(1 << 32))
    record_property("seed", seed)
    print(f"{request.node.name}: MODEL_STORAGE_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def figures():
    """Lines for people: the numbers of this run, which `tools/check` shows from the file that it names."""

    def say(text: str) -> None:
        print(text)
        file = os.environ.get("MODEL_STORAGE_FIGURES")
        if file:
            with open(file, "a") as stream:
                stream.write(text + "\n")

    return say
