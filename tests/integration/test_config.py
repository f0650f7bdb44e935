"""config: the effective configuration and where each value comes from."""

import json
import stat

import pytest

from product import ROOT


def values(product, *arguments):
    return product.run("config", *arguments)["values"]


def write_config(product, content, mode=0o600):
    product.home.mkdir(mode=0o700, exist_ok=True)
    path = product.home / "config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    path.chmod(mode)
    return path


def test_without_a_file_everything_is_a_default_and_nothing_is_made(product):
    result = product.run("config")
    assert result["home"] == str(product.home) and result["configPath"] is None
    assert result["values"]["storage.chunkSize"]["value"] == 1048576
    assert {value["origin"] for value in result["values"].values()} <= {"default", "flag"}
    assert not product.home.exists()


def test_flag_wins_over_environment_and_file(product):
    write_config(product, {"storage": {"chunkSize": 65536, "parallel": 3}})
    product.environment["CHAIN_ID"] = "7"
    shown = values(product, "--set", "storage.chunkSize=131072")
    assert shown["storage.chunkSize"]["value"] == 131072 and shown["storage.chunkSize"]["origin"] == "flag"
    assert shown["storage.parallel"]["value"] == 3
    assert shown["storage.parallel"]["origin"].startswith("file ") and "config.json:" in shown["storage.parallel"]["origin"]
    assert shown["blockchain.chainId"]["value"] == 7
    assert shown["blockchain.chainId"]["origin"] == "environment CHAIN_ID"


def test_a_value_has_an_effect(product, tree):
    write_config(product, {"storage": {"chunkSize": 4096}})
    product.store(tree, "m")
    assert product.run("info", "m")["chunker"] == "size-4096"


def test_a_file_is_named_by_flag_or_environment(product, folder):
    path = folder / "other.json"
    path.write_text('{"storage": {"chunkSize": 8192}}')
    path.chmod(0o600)
    shown = product.run("config", "--config", str(path))
    assert shown["configPath"] == str(path)
    product.environment["CONFIG_PATH"] = str(path)
    assert values(product)["storage.chunkSize"]["value"] == 8192


def test_no_file_of_the_working_folder_is_read(product, folder):
    (folder / "config.json").write_text('{"storage": {"chunkSize": 8192}}')
    product.folder = str(folder)
    assert values(product)["storage.chunkSize"]["origin"] == "default"


def test_secrets_are_masked(product):
    write_config(product, {"blockchain": {"privateKey": "11" * 32}, "ipfs": {"authorization": "Bearer abc-secret"}})
    ended = product.attempt("config", "--verbose")
    assert ended.code == 0
    shown = json.dumps(ended.result) + ended.notices
    assert "11" * 32 not in shown and "abc-secret" not in shown
    assert ended.result["values"]["blockchain.privateKey"]["value"] == "***"


def test_a_secret_on_the_command_line_is_refused(product):
    ended = product.fail(2, "config", "--set", "blockchain.privateKey=" + "11" * 32)
    assert "11" * 32 not in json.dumps(ended.result) + ended.notices


@pytest.mark.parametrize("value", ["", "YOUR_PRIVATE_KEY", "env:MY_KEY", "file:my-key", "no\x01text"])
def test_a_setting_of_a_secret_is_refused_whatever_it_says(product, value):
    assert product.fail(2, "config", "--set", "blockchain.privateKey=" + value).reason == "secret_setting"


def test_the_configuration_for_people_is_a_line_a_value(product):
    path = write_config(product, {"storage": {"chunkSize": 4096}})
    shown = product.run("config")
    lines = product.call("config").stdout.decode().splitlines()
    assert lines[0].split() == ["home", str(product.home)] and lines[1].split() == ["file", str(path)]
    rows = {line.split()[0]: line.split(maxsplit=2) for line in lines[2:]}
    assert set(rows) == set(shown["values"])
    assert rows["storage.chunkSize"][1:] == ["4096", f"file {path}:3"]
    assert rows["storage.parallel"][1:] == ["0", "default"]
    path.unlink()
    assert product.call("config").stdout.decode().splitlines()[1].split() == ["file", "(none)"]
    assert product.call("config", "init").stdout.decode() == f"Wrote {path}\n"


def test_a_file_with_a_key_is_tightened(product):
    path = write_config(product, {"blockchain": {"privateKey": "11" * 32}}, mode=0o644)
    result = product.run("config")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert any("config.json" in warning for warning in result["warnings"])


def test_an_unknown_key_is_a_warning_with_the_nearest_one(product):
    write_config(product, {"storage": {"chunkSiez": 4096}})
    result = product.run("config")
    assert any("chunkSiez" in warning and "chunkSize" in warning for warning in result["warnings"])


def test_what_is_wrong_with_a_flag_names_it(product):
    ended = product.fail(12, "list", "--set", "storage.tempDir=" + "x" * 5000)
    assert "storage.tempDir (flag) is longer than 4096 bytes" in ended.error["message"]
    for key in ("storage", "storag", "Storage"):
        ended = product.fail(2, "list", "--set", key + "=1")
        assert ended.reason == "config_key" and "storage is a section" in ended.error["hint"]


@pytest.mark.parametrize(
    "content, line",
    [('{\n  "storage": {\n    "chunkSize": "many"\n  }\n}', "3"), ('{\n  "storage": [\n}', "3"), ('{\n"storage": 5\n}', "2")],
)
def test_a_wrong_file_is_named_with_its_line(product, content, line):
    path = write_config(product, content)
    ended = product.fail(11, "config")
    error = ended.result["error"]
    assert error["path"] == str(path)
    assert line in error["message"]


def test_config_works_where_nothing_else_would(product, tree, folder):
    write_config(product, {"ipfs": {"host": "node.example", "port": 5002}})
    assert values(product)["ipfs.port"]["value"] == 5002
    assert product.fail(2, "store", str(tree), "m").reason == "network_not_built"
    assert product.fail(2, "list").reason == "network_not_built"
    (product.home / "config.json").unlink()
    missing = folder / "missing.json"
    assert product.run("config", "--config", str(missing))["values"]
    assert product.fail(2, "list", "--config", str(missing)).reason == "config_missing"


def test_init_writes_a_template_that_works(product, tree):
    result = product.run("config", "init")
    path = product.home / "config.json"
    assert result["writtenPath"] == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(product.home.stat().st_mode) == 0o700
    content = json.loads(path.read_text())
    assert "ipfs" not in content and "blockchain" not in content
    assert product.run("config")["warnings"] == []
    product.store(tree, "m")


def test_the_template_of_the_project_is_what_init_writes_and_works_as_it_is(product, tree):
    path = product.home / "config.json"
    template = (ROOT / "config.template.json").read_text()
    product.run("config", "init")
    assert path.read_text() == template
    write_config(product, template, mode=0o644)
    shown = product.run("config")
    assert shown["warnings"] == [] and shown["configPath"] == str(path)
    for key, value in json.loads(template)["storage"].items():
        assert shown["values"][f"storage.{key}"]["value"] == value, key
    stored = product.store(tree, "m")
    (listed,) = product.run("list")["models"]
    assert listed["manifestCID"] == stored["manifestCID"] and listed["isLocal"] is True
    assert product.run("info", "m")["chunker"] == "size-%d" % json.loads(template)["storage"]["chunkSize"]
    assert product.run("verify", "m")["isValid"] is True


def test_init_never_overwrites(product):
    path = write_config(product, '{"storage": {"chunkSize": 4096}}')
    before = path.read_text()
    assert product.fail(2, "config", "init").reason == "config_exists"
    assert path.read_text() == before


def test_init_writes_where_it_is_told(product, folder):
    path = folder / "new" / "mine.json"
    assert product.run("config", "init", "--config", str(path))["writtenPath"] == str(path)
    assert path.exists() and not (product.home / "config.json").exists()


def test_another_word_is_a_usage_error(product):
    product.fail(2, "config", "inti")
