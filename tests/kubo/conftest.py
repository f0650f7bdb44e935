import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import product as product_module  # noqa: E402
from node import Kubo  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "long: more than a few seconds or gigabytes; runs when MODEL_STORAGE_LONG is set")


def pytest_collection_modifyitems(config, items):
    if os.environ.get("MODEL_STORAGE_LONG"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture
def folder():
    """A folder that is gone after the test: pytest's own stays for three runs, too long for gigabytes."""
    with tempfile.TemporaryDirectory(prefix="ms-kubo-") as path:
        yield Path(path)


@pytest.fixture
def product(folder):
    assert Path(product_module.binary()).exists(), "build first, or name the program in MODEL_STORAGE_BIN"
    return product_module.Product(folder / "home")


@pytest.fixture(scope="session")
def ipfs():
    """Path of the pinned Kubo, which is built when it is not there."""
    made = subprocess.run(
        [str(product_module.ROOT / "tools" / "kubo")], stdout=subprocess.PIPE, universal_newlines=True, check=True
    )
    return made.stdout.splitlines()[-1]


@pytest.fixture(scope="session")
def kubo(ipfs):
    with tempfile.TemporaryDirectory(prefix="ms-kubo-") as path:
        yield Kubo(ipfs, Path(path) / "repository")
