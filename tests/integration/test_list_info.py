"""list and info: what there is, page by page, and everything about one version."""

import hashlib
import shutil

import pytest

from product import tree_digest

ENTRY = (
    "modelId version publisher name description manifestCID rootCID chunkRoot totalSize chunkCount fileCount timestamp"
    " isActive status state dataState recordState isLocal metadata"
).split()


def store_many(product, folder, ids):
    for number, model_id in enumerate(ids):
        path = folder / f"file-{number}"
        path.write_bytes(b"content of %d" % number)
        product.store(path, model_id)


def test_a_home_that_is_not_there_has_no_models_and_is_not_made(product):
    assert product.run("list")["models"] == []
    assert not product.home.exists()


def test_an_entry_has_all_its_fields(product, tree):
    stored = product.store(tree, "org/tree", "--name", "A tree", "--description", "for tests", "--meta", "license=mit")
    (entry,) = product.run("list")["models"]
    assert set(ENTRY) <= set(entry)
    for key in ("modelId", "version", "publisher", "name", "manifestCID", "rootCID", "chunkRoot", "totalSize", "chunkCount"):
        assert entry[key] == stored[key], key
    assert entry["description"] == "for tests"
    assert entry["metadata"] == {"license": "mit"}
    assert entry["isActive"] is True and entry["status"] == "active" and entry["isLocal"] is True
    assert (entry["state"], entry["dataState"], entry["recordState"]) == ("local", "local", "none")
    assert entry["timestamp"].endswith("Z")


def test_pages_show_every_model_once(product, folder):
    ids = [f"model-{number:02}" for number in range(7)]
    store_many(product, folder, ids)
    page = product.run("list", "--limit", "3")
    assert [model["modelId"] for model in page["models"]] == ids[:3]
    assert page["next"] is not None
    assert product.listed("--limit", "3") == [f"{model_id}@1" for model_id in ids]
    assert product.listed("--limit", "7") == product.listed("--limit", "3")


def test_a_page_of_local_models_is_full(product, folder):
    ids = [f"model-{number:02}" for number in range(9)]
    store_many(product, folder, ids)
    for model_id in ids[:6]:
        product.run("remove", model_id)
    page = product.run("list", "--local", "--limit", "2")
    assert [model["modelId"] for model in page["models"]] == ids[6:8]
    assert product.listed("--local", "--limit", "2") == [f"{model_id}@1" for model_id in ids[6:]]
    assert len(product.listed("--limit", "2")) == 9
    for model_id in ids[6:]:
        product.run("remove", model_id)
    assert product.run("list", "--local") == {"models": [], "next": None, "warnings": [], "success": True}


def test_a_page_of_local_models_is_not_longer_than_asked_for(product, folder):
    store_many(product, folder, ["a", "b", "c", "d"])
    product.run("remove", "b")
    assert [model["modelId"] for model in product.run("list", "--local", "--limit", "2")["models"]] == ["a", "c"]


def test_a_page_has_a_hundred_models_unless_told(product, folder):
    store_many(product, folder, [f"m{number:03}" for number in range(101)])
    page = product.run("list")
    assert len(page["models"]) == 100 and page["next"] is not None
    whole = product.run("list", "--limit", "1000")
    assert len(whole["models"]) == 101 and whole["next"] is None


def test_the_list_for_people_has_a_line_a_model_and_says_how_to_go_on(product, folder):
    assert product.call("list").stdout == b"No models\n"
    store_many(product, folder, ["a", "b", "c"])
    (folder / "file-1").write_bytes(b"a newer one")
    product.store(folder / "file-1", "b", "--name", "B \x1b[1m")
    product.run("deactivate", "c")
    lines = product.call("list", "--limit", "1").stdout.decode().splitlines()
    assert lines[0].split() == "MODEL SIZE STATUS HERE STORED (UTC) NAME".split()
    assert lines[1].split()[:4] == ["a@1", "12", "bytes", "active"] and lines[1].endswith("  file-0")
    assert lines[2] == "More: --after " + product.run("list", "--limit", "1")["next"] and len(lines) == 3
    cursor = lines[2].split()[-1]
    rest = product.call("list", "--after", cursor, "--all").stdout.decode().splitlines()
    assert [line.split()[0] for line in rest[1:]] == ["b@2", "c@1"]
    assert rest[1].endswith("  B \\x1b[1m") and rest[2].split()[3] == "inactive"
    publisher = product.run("list")["models"][0]["publisher"]
    assert publisher not in "".join(lines[:2])
    assert product.call("list", "--verbose").stdout.decode().splitlines()[1].endswith("  " + publisher)


def test_versions_and_inactive_ones_are_shown_when_asked_for(product, folder):
    path = folder / "file"
    for content in (b"one", b"two", b"three"):
        path.write_bytes(content)
        product.store(path, "m")
    product.run("deactivate", "m@3")
    assert product.listed() == ["m@2"]
    assert product.listed("--all") == ["m@3"]
    assert sorted(product.listed("--versions")) == ["m@1", "m@2"]
    assert sorted(product.listed("--versions", "--all")) == ["m@1", "m@2", "m@3"]


def test_only_one_publisher_is_shown_when_asked_for(product, folder):
    store_many(product, folder, ["mine"])
    publisher = product.run("list")["models"][0]["publisher"]
    assert product.listed("--publisher", publisher) == ["mine@1"]
    assert product.listed("--publisher", "0x" + "11" * 20) == []
    assert product.fail(2, "list", "--publisher", "0x1234").result["error"]["message"]


@pytest.mark.parametrize("limit", ["0", "0x5", "1001", "-1", "many"])
def test_a_limit_that_cannot_be_is_refused(product, limit):
    product.fail(2, "list", "--limit", limit)


def test_a_cursor_that_nobody_gave_is_refused(product, folder):
    store_many(product, folder, ["m"])
    product.fail(2, "list", "--after", "@@@")


def test_list_does_not_need_the_blocks(product, tree):
    product.store(tree, "tree")
    shutil.rmtree(product.blocks)
    (entry,) = product.run("list")["models"]
    assert entry["isLocal"] is False
    assert entry["name"] == "tree" and entry["totalSize"] > 0


def test_info_shows_the_versions_newest_first(product, folder):
    path = folder / "file"
    stored = []
    for content in (b"one", b"two"):
        path.write_bytes(content)
        stored.append(product.store(path, "m"))
    product.run("deactivate", "m@1", "--reason", "worse")
    info = product.run("info", "m")
    assert set(ENTRY) <= set(info)
    assert info["version"] == 2 and info["fileCount"] == 1
    assert info["storedName"] == "file" and info["chunker"] == "size-1048576"
    assert [version["version"] for version in info["versions"]] == [2, 1]
    assert [version["manifestCID"] for version in info["versions"]] == [stored[1]["manifestCID"], stored[0]["manifestCID"]]
    assert [(version["status"], version["reason"]) for version in info["versions"]] == [("active", None), ("inactive", "worse")]


def test_info_for_people_ends_with_the_line_to_paste(product, tree):
    first = product.store(tree, "org/tree", "--digest", "--description", "for tests")
    (tree / "config.json").write_text("{}")
    stored = product.store(tree, "org/tree")
    product.run("deactivate", "org/tree@1", "--reason", "worse")
    lines = product.call("info", "org/tree").stdout.decode().splitlines()
    fields = {line[2:15].strip(): line[15:] for line in lines[1:-1] if line.startswith("  ")}
    assert lines[0] == "org/tree@2"
    assert fields["here"] == "yes" and fields["status"] == "active" and fields["description"] == "for tests"
    assert fields["size"] == "2.9 MiB (%d bytes)" % stored["totalSize"]
    assert fields["content"] == "4 files, %d chunks" % stored["chunkCount"]
    assert fields["root"] == stored["rootCID"] and fields["chunk root"] == stored["chunkRoot"]
    versions = [line.split() for line in lines if line.lstrip().startswith(("versions", "@1"))]
    assert [words[-1] for words in versions] == [stored["manifestCID"], "worse"]
    assert versions[1][0] == "@1" and versions[1][-3:] == ["inactive", first["manifestCID"], "worse"]
    assert lines[-1] == f"{stored['publisher']}/org/tree@2 {stored['manifestCID']}"
    product.run("remove", "org/tree")
    assert "  here         no" in product.call("info", "org/tree").stdout.decode().splitlines()


def test_files_and_chunks_for_people_stand_in_columns(product, tree):
    product.store(tree, "tree", "--digest")
    info = product.run("info", "tree", "--files", "--chunks")
    lines = [line.split() for line in product.call("info", "tree", "--files", "--chunks").stdout.decode().splitlines()]
    files = lines[1 : 1 + len(info["files"])]
    assert lines[0] == "BYTES CHUNKS CID FILE".split()
    assert files == [
        [str(file["size"]), str(file["chunkCount"]), file["cid"], file["path"], "sha256", file["sha256"]] for file in info["files"]
    ]
    chunks = lines[2 + len(files) : 2 + len(files) + len(info["chunks"])]
    assert lines[1 + len(files)] == "CHUNK OFFSET BYTES CID FILE".split()
    assert chunks == [[str(chunk["index"]), str(chunk["offset"]), str(chunk["size"]), chunk["cid"], chunk["path"]] for chunk in info["chunks"]]


def test_files_are_listed_in_walk_order_with_their_digests(product, tree):
    product.store(tree, "tree", "--digest")
    info = product.run("info", "tree", "--files")
    paths = [file["path"] for file in info["files"]]
    assert paths == ["config.json", "sub/deep/weights.bin", "sub/empty", "weights.bin"]
    for file in info["files"]:
        content = (tree / file["path"]).read_bytes()
        assert file["size"] == len(content)
        assert file["sha256"] == "0x" + hashlib.sha256(content).hexdigest()
    assert sum(file["chunkCount"] for file in info["files"]) == info["chunkCount"]
    assert info["fileCount"] == 4


def test_digests_that_were_not_recorded_are_null(product, tree):
    product.store(tree, "tree")
    assert {file["sha256"] for file in product.run("info", "tree", "--files")["files"]} == {None}


def test_chunks_cover_every_byte_of_every_file(product, tree):
    product.store(tree, "tree")
    info = product.run("info", "tree", "--chunks")
    chunks = info["chunks"]
    assert [chunk["index"] for chunk in chunks] == list(range(info["chunkCount"]))
    ends = {}
    for chunk in chunks:
        assert chunk["offset"] == ends.get(chunk["path"], 0)
        ends[chunk["path"]] = chunk["offset"] + chunk["size"]
        content = (tree / chunk["path"]).read_bytes()[chunk["offset"] : chunk["offset"] + chunk["size"]]
        assert chunk["sha256"] == "0x" + hashlib.sha256(content).hexdigest()
    assert ends == {path: (tree / path).stat().st_size for path in ends} and len(ends) == 4


def test_a_range_of_chunks_is_the_part_of_the_whole(product, tree):
    product.store(tree, "tree")
    every = product.run("info", "tree", "--chunks")["chunks"]
    assert len(every) > 4
    for first, last in ((0, 0), (1, 3), (2, len(every) - 1), (len(every) - 1, len(every) + 5)):
        part = product.run("info", "tree", "--chunks", "--range", f"{first}-{last}")["chunks"]
        assert part == every[first : last + 1]
    product.fail(2, "info", "tree", "--range", "0-1")
    product.fail(2, "info", "tree", "--chunks", "--range", "3-1")


def test_a_range_reads_only_the_nodes_on_its_way(product, folder):
    """The nodes of all other chunks may be gone, and their number says how many blocks were read."""
    path = folder / "weights.bin"
    path.write_bytes(b"".join(number.to_bytes(4096, "big") for number in range(3 * 1024 + 5)))
    product.store(path, "m", "--set", "storage.chunkSize=4096")
    every = product.run("info", "m", "--chunks")["chunks"]
    assert [chunk["offset"] for chunk in every] == [4096 * index for index in range(3 * 1024 + 5)]
    contents = {block: block.read_bytes() for block in product.block_files()}

    def node_of(index):
        (node,) = [block for block, content in contents.items() if bytes.fromhex(every[index]["sha256"][2:]) in content]
        return node

    nodes = [node_of(index) for index in (0, 1024, 2048, 3072)]
    assert len(set(nodes)) == 4
    for node in nodes[:2] + nodes[3:]:
        node.unlink()
    for first, last in ((2048, 2048), (2050, 3000), (3071, 3071)):
        assert product.run("info", "m", "--chunks", "--range", f"{first}-{last}")["chunks"] == every[first : last + 1]
    for first, last in ((2047, 2048), (0, 0), (3071, 3072), (3076, 3076)):
        assert product.fail(4, "info", "m", "--chunks", "--range", f"{first}-{last}").reason == "block_missing"
    assert product.run("info", "m", "--chunks", "--range", "3077-4000")["chunks"] == []


def test_a_single_file_is_listed_under_its_stored_name(product, folder):
    path = folder / "weights.bin"
    path.write_bytes(b"w" * 3000000)
    product.store(path, "single", "--name", "Another name")
    info = product.run("info", "single", "--files", "--chunks")
    assert [file["path"] for file in info["files"]] == ["weights.bin"]
    assert {chunk["path"] for chunk in info["chunks"]} == {"weights.bin"}
    assert info["fileCount"] == 1 and len(info["chunks"]) == 3


def test_every_spelling_of_a_name_means_the_same_version(product, tree):
    stored = product.store(tree, "org/tree")
    publisher, manifest = stored["publisher"], stored["manifestCID"]
    for ref in ("org/tree", "org/tree@1", f"{publisher}/org/tree", f"{publisher}/org/tree@1", manifest, f"ipfs://{manifest}"):
        info = product.run("info", ref)
        assert (info["modelId"], info["version"], info["manifestCID"]) == ("org/tree", 1, manifest), ref


def test_a_plain_cid_is_shown_as_far_as_it_is_known(product, tree):
    stored = product.store(tree, "tree")
    info = product.run("info", stored["rootCID"], "--files")
    assert info["modelId"] is None and info["version"] is None and info["manifestCID"] is None
    assert info["rootCID"] == stored["rootCID"] and info["fileCount"] == 4
    assert len(info["files"]) == 4
    assert (info["isActive"], info["status"], info["recordState"]) == (False, None, "none")


def test_a_cid_of_which_nothing_is_here_is_not_found(product, tree):
    product.store(tree, "tree")
    for codec in ("bafkrei", "bafybei", "bafyrei"):
        ended = product.fail(5, "info", codec + "gh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy")
        assert ended.result["status"] is None and ended.result["isLocal"] is False, codec


def test_a_name_that_is_not_known_offers_the_nearest_one(product, tree):
    product.store(tree, "org/llama")
    ended = product.fail(5, "info", "org/lama")
    assert ended.reason == "model_unknown"
    assert "org/llama" in ended.result["error"]["hint"]
    assert product.fail(5, "info", "org/llama@2").reason == "version_unknown"


@pytest.mark.parametrize("ref", ["", "a:b", "a@0", "a@x", "/a", "a//b", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD/a", "ipfs://nothing"])
def test_a_name_that_cannot_be_is_a_usage_error(product, ref):
    product.fail(2, "info", ref)


def test_a_missing_folder_node_leaves_the_number_of_files_open(product, tree):
    stored = product.store(tree, "tree")
    root = [path for path in product.block_files() if b"config.json" in path.read_bytes()]
    assert len(root) == 1
    root[0].unlink()
    info = product.run("info", "tree")
    assert info["fileCount"] is None
    assert any("number of files" in warning for warning in info["warnings"])
    assert info["rootCID"] == stored["rootCID"]
    ended = product.fail(4, "info", "tree", "--files")
    assert ended.reason == "block_missing" and ended.result["files"] == []
    assert ended.result["error"]["cid"] == stored["rootCID"]
    assert "repair" in ended.result["error"]["hint"]
    assert product.fail(4, "retrieve", "tree", str(tree) + "-copy").reason == "block_missing"


def test_a_model_whose_blocks_are_gone_is_not_here(product, tree):
    product.store(tree, "tree")
    product.run("remove", "tree")
    shutil.rmtree(product.blocks)
    assert product.run("info", "tree")["isLocal"] is False
    assert product.fail(5, "info", "tree", "--files").reason == "not_here"
    assert product.fail(5, "retrieve", "tree", str(tree) + "-copy").reason == "not_here"


def test_info_only_reads(product, tree):
    product.store(tree, "tree", "--digest")
    before = tree_digest(product.home)
    product.run("info", "tree", "--files", "--chunks")
    product.run("list")
    assert tree_digest(product.home) == before


def test_either_word_of_the_last_line_names_the_version(product, folder, tree):
    shown = product.call("store", tree, "m").stdout.decode().splitlines()[-1]
    assert product.call("info", "m").stdout.decode().splitlines()[-1] == shown
    name, cid = shown.split()
    for ref in (name, cid):
        assert product.run("info", ref)["manifestCID"] == cid
    for command in (("info", name, cid), ("verify", name, cid, "x"), ("retrieve", name, cid, folder / "out")):
        ended = product.fail(2, *command)
        assert ended.reason == "operands" and "give one" in ended.error["hint"]
    assert not (folder / "out").exists()
