"""The C programs of examples/, built by the same build."""

import os
import subprocess
from pathlib import Path

from product import ROOT, clean_environment, tree_of

EXAMPLES = Path(os.environ.get("MODEL_STORAGE_BUILD") or ROOT / "build") / "examples"


def run(name, *arguments):
    return subprocess.run(
        [str(EXAMPLES / name), *(str(argument) for argument in arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), timeout=120,
    )


def test_round_trip(product, model, tmp_path):
    assert run("round_trip", product.home, model, "org/model", tmp_path / "out").returncode == 0
    assert tree_of(tmp_path / "out") == tree_of(model)


def test_event_loop_and_cancel(product, model):
    product.run("store", model, "model")
    ended = run("event_loop", product.home, "model")
    assert ended.returncode == 0 and b"valid: " in ended.stdout
    assert run("event_loop", product.home, "model", "0").returncode == 130


def test_list(product, model):
    product.run("store", model, "model")
    assert b"1 models" in run("list_models", product.home).stdout
