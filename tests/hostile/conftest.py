import pytest

from hostile.yard import Yard


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Links such as /proc/self/cwd must lead nowhere that matters."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def yard(folder):
    return Yard(folder)
