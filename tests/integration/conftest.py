import os
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import product as product_module  # noqa: E402


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
    """A folder that is gone after the test."""
    with tempfile.TemporaryDirectory(prefix="ms-integration-") as path:
        yield Path(path)


@pytest.fixture
def product(folder):
    assert Path(product_module.binary()).exists(), "build first, or name the program in MODEL_STORAGE_BIN"
    return product_module.Product(folder / "home")


@pytest.fixture
def tree(folder):
    """A small model: a folder of files of several sizes, one of them of several chunks."""
    root = folder / "tree"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "config.json").write_text('{"layers": 2}\n')
    (root / "sub" / "empty").write_bytes(b"")
    (root / "sub" / "deep" / "weights.bin").write_bytes(bytes(range(256)) * 40)
    (root / "weights.bin").write_bytes(bytes(reversed(range(256))) * 12000)
    return root
