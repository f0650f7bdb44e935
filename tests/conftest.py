"""Fixtures of all Python tests; a folder of tests adds its own."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from product import Product, binary, trees

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
    if os.environ.get("MODEL_STORAGE_LONG"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("long")]


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
