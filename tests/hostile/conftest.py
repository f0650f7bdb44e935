import pytest

from hostile.yard import Yard


@pytest.fixture
def yard(folder):
    return Yard(folder)
