"""The identity that the product gives to a shape is the one a real Kubo gives to it."""

import tempfile
from pathlib import Path

import pytest

import shapes
import unixfs_reference
from product.trees import MIB, folder_of, many, shards

RECORDED = shapes.recorded()
PARAMETERS = [
    pytest.param(shape, id=shape.name, marks=[pytest.mark.long] if shape.long else []) for shape in shapes.SHAPES
]


@pytest.fixture(scope="module", params=PARAMETERS)
def made(request):
    """Each shape is made once for all tests of it."""
    with tempfile.TemporaryDirectory(prefix="ms-shape-") as work:
        yield request.param, shapes.make(request.param, Path(work))


def test_kubo_says_what_was_recorded(made, kubo):
    shape, path = made
    assert kubo.add(path, shape.chunk_size, only_hash=True) == RECORDED[shape.name]["root"]


def test_reference_builder_agrees(made):
    shape, path = made
    root = unixfs_reference.build_path(path, chunk_size=shape.chunk_size)
    assert unixfs_reference.cid_text(root.cid) == RECORDED[shape.name]["root"]


# Published fixtures with a name that starts with a dash: the same root by the builder (tests/unit/unixfs), but no model of ours.
WITH_DASH = ("folder-at-threshold", "folder-above-threshold")


def test_store_names_the_same_root(made, product):
    shape, path = made
    expected = RECORDED[shape.name]
    if shape.name in WITH_DASH:
        code, result, _ = product.attempt("store", str(path), "shape")
        assert code == 11 and result["error"]["reason"] == "path_dash", result
        return
    options = [] if shape.chunk_size == MIB else ["--set", f"storage.chunkSize={shape.chunk_size}"]
    result = product.store(path, "shape", *options)
    assert result["rootCID"] == expected["root"]
    assert (result["totalSize"], result["fileCount"]) == (expected["bytes"], expected["files"])


def test_equal_hashes_in_a_large_folder_are_refused(folder, product, kubo):
    """UnixFS has no form for this folder: Kubo refuses it too, and so the name must be told."""
    path = folder / "model"
    folder_of(many(shards(4000) + shapes.TWINS))(path)
    with pytest.raises(RuntimeError, match="too deep"):
        kubo.add(path, only_hash=True)
    code, result, _ = product.attempt("store", str(path), "model")
    assert code in (2, 11, 12) and not result["success"], result
    assert any(name in str(result["error"]) for name in shapes.TWINS), result
    assert product.run("list")["models"] == []
