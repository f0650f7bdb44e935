import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from product import Product  # noqa: E402

MIB = 1 << 20


@pytest.fixture
def product(tmp_path):
    return Product(tmp_path / "home")


@pytest.fixture
def model(tmp_path):
    """A folder with files of several chunks, of one, of none, an empty folder and names beyond ASCII."""
    path = tmp_path / "model"
    source = random.Random(7)
    (path / "weights").mkdir(parents=True)
    (path / "nothing here").mkdir()
    (path / "weights" / "größe.bin").write_bytes(source.randbytes(3 * MIB + 777))
    (path / "weights" / "b.bin").write_bytes(source.randbytes(MIB))
    (path / "config.json").write_text('{"hidden_size": 4}')
    (path / "empty").write_bytes(b"")
    (path / ".hidden").write_text("h")
    return path
