"""The C programs of examples/, built by the same build."""

import subprocess

from product import assert_same_tree, build_folder, clean_environment

def run(name, *arguments):
    return subprocess.run(
        [str(build_folder() / "examples" / name), *(str(argument) for argument in arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), timeout=120,
    )


def test_round_trip(product, model, folder):
    assert run("round_trip", product.home, model, "org/model", folder / "out").returncode == 0
    assert_same_tree(folder / "out", model)


def test_event_loop_and_cancel(product, model):
    product.run("store", model, "model")
    ended = run("event_loop", product.home, "model")
    assert ended.returncode == 0 and b"valid: " in ended.stdout
    assert run("event_loop", product.home, "model", "0").returncode == 130


def test_list(product, model):
    product.run("store", model, "model")
    assert b"1 models" in run("list_models", product.home).stdout
