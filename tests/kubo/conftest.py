import subprocess
import tempfile
from pathlib import Path

import pytest

from node import Kubo
from product import ROOT


@pytest.fixture(scope="session")
def ipfs():
    """Path of the pinned Kubo, which is built when it is not there."""
    made = subprocess.run(
        [str(ROOT / "tools" / "kubo")], stdout=subprocess.PIPE, universal_newlines=True, check=True
    )
    return made.stdout.splitlines()[-1]


@pytest.fixture(scope="session")
def kubo(ipfs):
    with tempfile.TemporaryDirectory(prefix="ms-kubo-") as path:
        yield Kubo(ipfs, Path(path) / "repository")
