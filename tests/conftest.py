"""Fixtures of all Python tests; a folder of tests adds its own."""

import os
import random
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from product import LONG, Product, binary, trees

GIB = 1 << 30

# Some that start a suite (nohup, a shell in the background) ignore signals, and whatever is tested would inherit that.
for number, handler in {
    signal.SIGHUP: signal.SIG_DFL,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGINT: signal.default_int_handler,
}.items():
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, handler)


def pytest_collection_modifyitems(config, items):
    if LONG:
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("long")]


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


@pytest.fixture
def chance(request, figures):
    """A source of chances whose seed is shown; MODEL_STORAGE_SEED repeats one."""
    seed = os.environ.get("MODEL_STORAGE_SEED") or str(random.SystemRandom().randrange(1 << 32))
    figures(f"{request.node.name}: MODEL_STORAGE_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def folder():
    """A folder that is gone after the test: pytest's own stays for three runs, too long for gigabytes."""
    with tempfile.TemporaryDirectory(prefix="ms-test-") as path:
        yield Path(path)


@pytest.fixture
def memory_folder(folder):
    """For tens of thousands of files: in memory where there is room, because some disks take minutes to delete them."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < GIB:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="ms-test-", dir=memory) as path:
        yield Path(path)


@pytest.fixture
def product(folder):
    assert Path(binary()).exists(), "build first, or name the program in MODEL_STORAGE_BIN"
    return Product(folder / "home")


@pytest.fixture
def model(folder):
    return trees.full_model(folder / "model")
