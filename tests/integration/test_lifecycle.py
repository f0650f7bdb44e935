"""activate, deactivate, revoke and remove: what a name means afterwards, and what stays."""

import pytest

from product import converse


@pytest.fixture
def three(product, folder):
    """Model m with versions 1 to 3 of one file."""
    path = folder / "file"
    stored = []
    for content in (b"one", b"two", b"three"):
        path.write_bytes(content)
        stored.append(product.store(path, "m"))
    return stored


def retrieved(product, folder, ref):
    out = folder / "out"
    result = product.run("retrieve", ref, str(out), "--force")
    return result["version"], out.read_bytes()


def statuses(result):
    return {version["version"]: version["status"] for version in result["versions"]}


def test_a_name_means_the_newest_active_version(product, folder, three):
    assert retrieved(product, folder, "m") == (3, b"three")
    done = product.run("deactivate", "m@3", "--reason", "bad weights")
    assert done["modelId"] == "m" and statuses(done) == {3: "inactive"} and done["transactionHash"] is None
    ended = product.attempt("retrieve", "m", str(folder / "second"))
    assert ended.code == 0 and ended.result["version"] == 2
    assert "version 3 of m is inactive" in ended.notices
    assert statuses(product.run("activate", "m@3")) == {3: "active"}
    assert retrieved(product, folder, "m") == (3, b"three")


def test_an_inactive_version_can_be_named_and_warns(product, folder, three):
    product.run("deactivate", "m@3", "--reason", "bad weights")
    result = product.run("retrieve", "m@3", str(folder / "out"))
    assert result["version"] == 3
    assert any("inactive" in warning and "bad weights" in warning for warning in result["warnings"])


def test_a_model_that_is_inactive_as_a_whole_is_not_found(product, folder, three):
    done = product.run("deactivate", "m", "--reason", "recalled")
    assert statuses(done) == {1: "inactive", 2: "inactive", 3: "inactive"}
    ended = product.fail(5, "retrieve", "m", str(folder / "out"))
    assert ended.reason == "inactive" and "recalled" in ended.result["error"]["message"]
    assert not (folder / "out").exists()
    assert product.run("info", "m")["status"] == "inactive"
    assert product.listed() == [] and product.listed("--all") == ["m@3"]
    assert statuses(product.run("activate", "m")) == {1: "active", 2: "active", 3: "active"}


def test_the_stricter_status_counts(product, folder, three):
    product.run("deactivate", "m@2")
    product.run("deactivate", "m")
    assert statuses(product.run("activate", "m")) == {1: "active", 2: "inactive", 3: "active"}
    product.run("deactivate", "m")
    done = product.run("activate", "m@2")
    assert statuses(done) == {2: "inactive"}
    assert any("stays inactive" in warning for warning in done["warnings"])
    assert statuses(product.run("activate", "m")) == {1: "active", 2: "active", 3: "active"}


def test_a_model_without_an_active_version_is_told(product, three):
    for version in (1, 2, 3):
        product.run("deactivate", f"m@{version}")
    assert any("(activate m@3)" in warning for warning in product.run("activate", "m")["warnings"])
    product.run("deactivate", "m@3", "--revoke", "--yes")
    product.run("deactivate", "m")
    assert any("(activate m@2)" in warning for warning in product.run("activate", "m")["warnings"])
    for version in (1, 2):
        product.run("deactivate", f"m@{version}", "--revoke", "--yes")
    assert any("not revoked" in warning for warning in product.run("activate", "m")["warnings"])


def test_a_model_with_an_active_version_is_not_warned_of(product, three):
    product.run("deactivate", "m@3")
    product.run("deactivate", "m")
    assert product.run("activate", "m")["warnings"] == []


def test_a_store_tells_that_nobody_finds_what_it_stored(product, folder, three):
    path = folder / "file"

    def warned(*options):
        return product.store(path, "m", *options)["warnings"]

    product.run("deactivate", "m@3")
    assert [("inactive" in warning, "activate m@3" in warning) for warning in warned()] == [(True, True)]
    product.run("activate", "m@3")
    assert warned() == []
    product.run("deactivate", "m")
    assert any("as a whole" in warning and "(activate m)" in warning for warning in warned())
    path.write_bytes(b"four")
    assert any("as a whole" in warning for warning in warned())
    product.run("activate", "m")
    product.run("deactivate", "m@4", "--revoke", "--yes")
    assert any("revoked" in warning and "--new-version" in warning for warning in warned())
    assert warned("--new-version") == []
    assert retrieved(product, folder, "m") == (5, b"four")


def test_the_status_that_stands_already_is_success_without_a_row(product, three):
    rows = product.run("check")["ledgerEntries"]
    assert statuses(product.run("activate", "m@1")) == {1: "active"}
    assert product.run("check")["ledgerEntries"] == rows
    product.run("deactivate", "m@1")
    assert product.run("check")["ledgerEntries"] == rows + 1


def test_a_revoked_version_never_comes_back(product, folder, three):
    assert statuses(product.run("deactivate", "m@3", "--revoke", "--yes", "--reason", "poisoned")) == {3: "revoked"}
    for arguments in (["activate", "m@3"], ["deactivate", "m@3"]):
        ended = product.fail(4, *arguments)
        assert ended.reason == "revoked" and ended.result["error"]["hint"]
    for ref in ("m@3", three[2]["manifestCID"]):
        ended = product.fail(4, "retrieve", ref, str(folder / "out"))
        assert ended.reason == "revoked" and "poisoned" in ended.result["error"]["message"]
        assert not (folder / "out").exists()
        assert product.run("info", ref)["status"] == "revoked"
        assert product.run("verify", ref)["isValid"]
    assert retrieved(product, folder, "m") == (2, b"two")


def test_a_revoked_model_takes_no_version_and_no_status(product, folder, three):
    product.run("deactivate", "m", "--revoke", "--yes")
    for arguments in (["activate", "m"], ["activate", "m@1"], ["deactivate", "m"]):
        assert product.fail(4, *arguments).reason == "revoked", arguments
    (folder / "file").write_bytes(b"four")
    assert product.fail(4, "store", str(folder / "file"), "m").reason == "revoked"
    assert product.fail(4, "retrieve", "m", str(folder / "out")).reason == "revoked"
    assert statuses(product.run("info", "m")) == {1: "revoked", 2: "revoked", 3: "revoked"}


def test_revoking_asks_first(product, three):
    ended = product.fail(2, "deactivate", "m@3", "--revoke")
    assert "--yes" in ended.result["error"]["hint"] + ended.result["error"]["message"]
    assert product.run("info", "m@3")["status"] == "active"


def test_a_person_is_asked_before_a_revocation(product, three):
    for answer in ("", "n", "no", "yess", "Y e s"):
        ended = converse(product, "deactivate", "m@3", "--revoke", answers=[answer])
        assert ended.code == 2 and "Revoke m@3 for good? [y/N]" in ended.shown, answer
        assert product.run("info", "m@3")["status"] == "active", answer
    ended = converse(product, "deactivate", "m@3", "--revoke", answers=["yes"])
    assert ended.code == 0 and "m@3 is revoked" in ended.shown
    assert converse(product, "deactivate", "m@2", "--revoke", answers=["y"]).code == 0
    assert statuses(product.run("info", "m")) == {1: "active", 2: "revoked", 3: "revoked"}


def test_a_question_cannot_steer_the_terminal(product, three):
    ended = converse(product, "deactivate", "m\x1b[2J\u202e", "--revoke", answers=["n"])
    assert "\x1b" not in ended.shown and "\u202e" not in ended.shown
    assert "Revoke m\\x1b[2J\\u202e for good?" in ended.shown


def test_people_are_told_what_each_version_is_now(product, three):
    assert product.call("deactivate", "m@2").stdout.decode() == "m@2 is inactive\n"
    assert product.call("deactivate", "m").stdout.decode() == "m@3 is inactive\nm@2 is inactive\nm@1 is inactive\n"
    assert product.call("activate", "m").stdout.decode() == "m@3 is active\nm@2 is inactive\nm@1 is active\n"
    again = product.call("activate", "m@1")
    assert again.stdout.decode() == "m@1 is active\n"
    assert "m@1 was active already" in again.stderr.decode()


@pytest.mark.parametrize("reason, code", [("r" * 256, 0), ("r" * 257, 2), ("\u00e9" * 128, 0), ("\u00e9" * 129, 2)])
def test_a_reason_has_at_most_256_bytes(product, three, reason, code):
    assert product.attempt("deactivate", "m@1", "--reason", reason).code == code
    expected = reason if code == 0 else None
    assert product.run("info", "m")["versions"][2]["reason"] == expected


def test_what_is_not_there_has_no_status(product, three):
    assert product.fail(5, "deactivate", "other").reason == "model_unknown"
    assert product.fail(5, "deactivate", "m@9").reason == "version_unknown"
    assert product.fail(10, "deactivate", "0x" + "11" * 20 + "/m").reason == "publisher_foreign"
    assert product.fail(2, "deactivate", three[0]["manifestCID"]).reason == "name_needed"


def test_the_key_of_another_publisher_changes_nothing(product, three):
    mine = three[0]["publisher"]
    other = product.run("key", "new")["keys"][0]["address"]
    product.run("key", "default", other)
    ended = product.fail(10, "deactivate", "m@1")
    assert mine in ended.result["error"]["hint"]
    assert product.run("info", "m@1")["status"] == "active"
    product.run("key", "default", mine)
    product.run("deactivate", "m@1")


def test_remove_forgets_the_bytes_and_keeps_the_record(product, folder, three):
    done = product.run("remove", "m@2")
    assert (done["removedModels"], done["freedBlocks"], done["freedBytes"]) == (1, 0, 0)
    assert product.run("info", "m@2")["isLocal"] is False
    assert product.run("info", "m@3")["isLocal"] is True
    assert sorted(product.listed("--versions", "--local")) == ["m@1", "m@3"]
    assert sorted(product.listed("--versions")) == ["m@1", "m@2", "m@3"]
    assert product.fail(5, "remove", "m@2").reason == "not_here"


def test_remove_of_a_name_means_all_its_versions(product, three):
    assert product.run("remove", "m")["removedModels"] == 3
    assert product.listed("--local") == []
    assert product.fail(5, "remove", "m").reason == "not_here"


def test_what_is_gone_is_not_here_and_not_damaged(product, folder, three):
    product.store(folder / "file", "twin", "--meta", "other=manifest")  # with the same root
    product.run("remove", "m")
    product.run("prune", "--yes")
    assert product.fail(5, "verify", "m").reason == "not_here"
    product.run("verify", "m", folder / "file")
    for command in (["verify", "m@1"], ["verify", "m@1", folder / "file"], ["retrieve", "m@1", folder / "out"]):
        assert product.fail(5, *command).reason == "not_here", command
    product.fail(4, "repair", "m@1")
    assert product.run("info", "m@1")["isLocal"] is False
    here = {line.split()[0]: line.split()[4] for line in product.call("list").stdout.decode().splitlines()[1:]}
    assert here == {"m@3": "no", "twin@1": "yes"}
    product.run("repair", "m", "--from", folder / "file")
    product.run("verify", "m")


def test_removed_and_stored_again_is_here_again(product, folder, three):
    product.run("remove", "m")
    assert product.store(folder / "file", "m")["unchanged"] is True
    assert product.run("info", "m@3")["isLocal"] is True
    assert product.run("info", "m@2")["isLocal"] is False


def test_remove_works_on_revoked_and_inactive_versions(product, three):
    product.run("deactivate", "m@1")
    product.run("deactivate", "m@2", "--revoke", "--yes")
    assert product.run("remove", "m@1")["removedModels"] == 1
    assert product.run("remove", "m@2")["removedModels"] == 1


@pytest.fixture
def shared(product, folder):
    """Models a and b with one manifest."""
    path = folder / "same"
    path.write_bytes(b"the same")
    first, second = product.store(path, "a"), product.store(path, "b")
    assert first["manifestCID"] == second["manifestCID"]
    return first["manifestCID"]


def test_a_manifest_that_another_model_has_too_is_kept(product, folder, shared):
    done = product.run("remove", "a")
    assert done["removedModels"] == 0
    assert any("b@1" in warning and shared in warning for warning in done["warnings"])
    assert product.call("remove", "a").stdout == b"Removed nothing: other versions have the same manifest\n"
    product.run("prune", "--yes")
    assert retrieved(product, folder, "b") == (1, b"the same")


def test_the_manifest_itself_gives_up_what_several_models_hold(product, shared):
    assert product.run("remove", shared)["removedModels"] == 1
    assert product.run("info", "a")["isLocal"] is False and product.run("info", "b")["isLocal"] is False
    assert product.fail(5, "remove", shared).reason == "not_here"


def test_versions_of_one_model_with_one_manifest_go_together(product, folder):
    path = folder / "same"
    path.write_bytes(b"the same")
    assert product.store(path, "m")["manifestCID"] == product.store(path, "m", "--new-version")["manifestCID"]
    kept = product.run("remove", "m@1")
    assert kept["removedModels"] == 0 and any("m@2" in warning for warning in kept["warnings"])
    assert product.run("remove", "m")["removedModels"] == 1
    assert product.run("info", "m@1")["isLocal"] is False and product.run("info", "m@2")["isLocal"] is False


def test_remove_of_what_is_not_known_is_not_found(product, three):
    product.fail(5, "remove", "other")
    assert product.fail(5, "remove", "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy").reason == "not_here"
