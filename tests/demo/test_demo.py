"""tools/demo, which `make demo` runs: the main job on a real model shows what it promises to show."""

import re
import subprocess

import pytest

from product import ROOT, binary, clean_environment


@pytest.fixture(scope="module")
def shown():
    """The text of each numbered part, and that it ended well."""
    ended = subprocess.run(
        [str(ROOT / "tools" / "demo")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**clean_environment(), "MODEL_STORAGE_BIN": binary()},
        timeout=1200,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    parts = re.split(r"^\x1b\[1m(\d+)\. .*\x1b\[0m$", ended.stdout.decode(), flags=re.M)
    return {int(number): text for number, text in zip(parts[1::2], parts[2::2])}


def test_the_model_is_stored_and_comes_back(shown):
    root = re.search(r"^  root +(bafy\w+)$", shown[1], re.M).group(1)
    assert root in shown[2]
    assert re.search(r"^minilm@1 is valid: (\d+) of \1 checked chunks are good$", shown[3], re.M)
    assert "diff -r: no difference" in shown[4]


def test_the_damaged_chunk_is_named_and_only_that(shown):
    index, path = re.search(r"^flipped one bit of chunk (\d+) of (\S+),", shown[5], re.M).groups()
    bad = re.findall(r"^BAD +chunk (\d+) of (\S+) at byte", shown[5], re.M)
    assert bad == [(index, path)]
    good, total = map(int, re.search(r"is NOT valid: (\d+) of (\d+) checked", shown[5]).groups())
    assert good == total - 1


def test_repair_heals_it(shown):
    after = shown[5][shown[5].index("$ model-storage repair") :]
    assert re.search(r"\b1 put back, 0 cannot be$", after, re.M)
    assert re.search(r"^minilm@1 is valid: (\d+) of \1 checked chunks are good$", after, re.M)


def test_a_small_change_adds_little_and_a_description_nothing(shown):
    chunks, size = re.search(r"^  new here +(\d+) chunks?, (\d+) bytes$", shown[6], re.M).groups()
    assert int(chunks) == 1 and 0 < int(size) < 4096
    assert "0 new bytes in 0 chunks" in shown[6]
    assert re.findall(r"^minilm@(\d)", shown[6], re.M) == ["1", "2", "3"]
