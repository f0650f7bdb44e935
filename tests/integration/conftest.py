import pytest


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
