"""The file of -o: where it may be, what stands in it after each run, and that nothing else is touched."""

import json
import os
import shutil
import signal
import subprocess

import pytest

from product import Product, tree_digest, wait_for


@pytest.fixture
def kept(product, folder):
    """A home with one model of one file, and a folder beside it in which the commands run."""
    work = folder / "work"
    (work / "llama").mkdir(parents=True)
    (work / "llama" / "a").write_bytes(b"a" * 3000)
    (work / "model.gguf").write_bytes(b"m" * 3000)
    (work / "old").mkdir()
    product.store(work / "model.gguf", "m")
    product.environment["HOME"] = str(folder)
    product.folder = work
    return product


def refused(product, *arguments, code=2, reason="output_conflict"):
    """It fails, and nothing below the working folder or in the home is another than before."""
    before = tree_digest(product.folder), tree_digest(product.home)
    ended = product.fail(code, *arguments)
    assert ended.reason == reason, ended
    assert (tree_digest(product.folder), tree_digest(product.home)) == before
    return ended


OPERANDS = [
    ("store", "model.gguf", "m", "-o", "model.gguf"),
    ("store", "model.gguf", "m", "-o", "./llama/../model.gguf"),
    ("store", "model.gguf", "m", "-o", "link"),
    ("store", "model.gguf", "m", "-o", "hard"),
    ("store", "link", "m", "-o", "model.gguf"),
    ("store", "llama", "n", "-o", "llama/a"),
    ("store", "llama", "n", "-o", "llama/result.json"),
    ("store", ".", "n", "-o", "result.json"),
    ("retrieve", "m", "out.bin", "-o", "out.bin"),
    ("retrieve", "m", "out.bin", "-o", "./out.bin"),
    ("retrieve", "m", "new/out.bin", "-o", "new"),
    ("retrieve", "m", "out.bin", "--seed", "model.gguf", "-o", "model.gguf"),
    ("verify", "m", "model.gguf", "-o", "model.gguf"),
    ("repair", "m", "--from", "model.gguf", "-o", "model.gguf"),
    ("key", "import", "key", "-o", "key"),
    ("key", "export", "copy", "-o", "copy"),
    ("key", "new", "--password-file", "key", "-o", "key"),
    ("list", "--config", "config.json", "-o", "config.json"),
]


@pytest.mark.parametrize("arguments", OPERANDS, ids=" ".join)
def test_what_a_command_works_on_is_never_replaced(kept, arguments):
    (kept.folder / "link").symlink_to("model.gguf")
    os.link(kept.folder / "model.gguf", kept.folder / "hard")
    (kept.folder / "key").write_text("%064x" % 1)
    (kept.folder / "key").chmod(0o600)
    (kept.folder / "config.json").write_text("{}")
    refused(kept, *arguments)


def test_the_home_is_never_written_to(kept, folder):
    key = next((kept.home / "keystore").glob("UTC*"))
    (folder / "way").symlink_to(kept.home)
    for path in (
        kept.home / "ledger.db",
        kept.home / "config.json",
        kept.home / "new",
        kept.home / "blocks" / "new",
        key,
        folder / "way" / "ledger.db",
    ):
        refused(kept, "list", "-o", path)
        # Nor when the command line or the configuration cannot be read.
        refused(kept, "list", "--bogus", "-o", path, reason="unknown_option")
        refused(kept, "lits", "-o", path, reason="unknown_command")
        refused(kept, "list", "--set", "bogus=1", "-o", path, reason="config_key")


def test_another_home_is_not_written_to_either(kept, folder):
    other = Product(folder / "other")
    other.run("key", "new")
    before = tree_digest(other.home)
    refused(kept, "list", "-o", other.home / "keystore" / "default")
    assert tree_digest(other.home) == before


def test_the_file_of_the_standard_input_or_output_is_not_replaced(kept):
    for command, stream in ((("store", "-", "x"), "stdin"), (("list",), "stdout"), (("list",), "stderr")):
        path = kept.folder / "model.gguf"
        with open(path, "rb" if stream == "stdin" else "ab") as opened:
            running = kept.popen(*command, "-o", path, **{stream: opened})
            told = running.communicate(timeout=60)
        assert running.returncode == 2, told
        assert path.read_bytes().startswith(b"m" * 3000)


def test_what_was_retrieved_is_not_replaced(kept):
    """Under its stored name, which nobody knows before."""
    ended = kept.call("retrieve", "m", "old/", "-o", "old/model.gguf")
    assert ended.returncode == 9 and b"old/model.gguf" in ended.stderr, ended
    assert (kept.folder / "old" / "model.gguf").read_bytes() == b"m" * 3000
    assert os.listdir(kept.folder / "old") == ["model.gguf"]
    kept.run("retrieve", "m", "old/", "-o", "old/result.json")
    assert json.loads((kept.folder / "old" / "result.json").read_text())["success"] is True


def test_a_result_is_not_stored_and_no_trace_is_left_before_it(kept):
    """A run that is killed while it works has made nothing."""
    running = kept.popen("store", "-", "x", "-o", "result.json", stdin=subprocess.PIPE)
    running.stdin.write(b"x" * 100)
    running.stdin.flush()
    # The home has a folder for the work once the place of the result was found.
    wait_for(lambda: any(path.is_dir() for path in (kept.home / "tmp").glob("*")))
    assert sorted(os.listdir(kept.folder)) == ["llama", "model.gguf", "old"]
    running.kill()
    running.communicate()
    assert sorted(os.listdir(kept.folder)) == ["llama", "model.gguf", "old"]


@pytest.mark.parametrize(
    "arguments, code",
    [
        (("list", "--bogus", "-o", "FILE"), 2),
        (("list", "-o", "FILE", "--bogus"), 2),
        (("lits", "-o", "FILE"), 2),
        (("info", "-o", "FILE"), 2),
        (("info", "m", "x", "-o", "FILE"), 2),
        (("info", "m", "--range", "0-1", "-o", "FILE"), 2),
        (("retrieve", "m", "out", "--format", "tar", "-o", "FILE"), 2),
        (("deactivate", "m", "--revoke", "-o", "FILE"), 2),
        (("key", "bogus", "-o", "FILE"), 2),
        (("key", "new", "--password-file", "none", "-o", "FILE"), 10),
        (("list", "--set", "bogus=1", "-o", "FILE"), 2),
        (("list", "--config", "llama/a", "-o", "FILE"), 11),
        (("info", "none", "-o", "FILE"), 5),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else None,
)
def test_an_older_result_does_not_stay_for_that_of_a_run_that_failed(kept, arguments, code):
    path = kept.folder / "result.json"
    kept.run("list", "-o", path)
    assert json.loads(path.read_text())["success"] is True
    told = kept.fail(code, *(str(path) if part == "FILE" else part for part in arguments))
    result = json.loads(path.read_text())
    assert result["success"] is False and result["error"] == told.error


@pytest.mark.parametrize("name", ["", "-"])
def test_what_names_no_file_is_refused_before_the_work(kept, name):
    refused(kept, "store", "llama", "n", "-o", name, reason="option_value")
    refused(kept, "list", "--bogus", "-o", name, reason="unknown_option")


@pytest.mark.parametrize("name", ["none/result.json", "old", "old/", "new/", "model.gguf/x", "dangling"])
def test_a_place_that_cannot_be_written_is_known_before_the_work(kept, name):
    (kept.folder / "dangling").symlink_to("nowhere")
    refused(kept, "store", "llama", "n", "-o", name, code=9, reason="output_file")


def test_a_link_leads_to_the_file_that_is_written(kept):
    (kept.folder / "old" / "result.json").write_text("old")
    (kept.folder / "link").symlink_to("old/result.json")
    kept.run("list", "-o", "link")
    assert (kept.folder / "link").is_symlink()
    assert json.loads((kept.folder / "old" / "result.json").read_text())["success"] is True
    assert os.listdir(kept.folder / "old") == ["result.json"]


def test_the_reader_of_a_pipe_gets_the_result_of_every_run(kept):
    os.mkfifo(kept.folder / "pipe")
    reading = os.open(kept.folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    for command, code in ((("list",), 0), (("list", "--bogus"), 2)):
        assert kept.call(*command, "-o", "pipe").returncode == code
        assert json.loads(os.read(reading, 65536))["success"] is (code == 0)
    os.close(reading)


def test_who_waits_for_the_reader_of_a_pipe_can_be_interrupted(kept):
    os.mkfifo(kept.folder / "pipe")
    running = kept.popen("list", "-o", "pipe")
    # It sleeps in open(2), which needs its handlers to be there.
    wait_for(lambda: "wait_for_partner" in wait_channel(running.pid) or sleeps(running.pid))
    running.send_signal(signal.SIGINT)
    told = running.communicate(timeout=60)
    assert running.returncode == 130, told


def wait_channel(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/wchan") as channel:
            return channel.read()
    except OSError:
        return ""


def sleeps(pid: int) -> bool:
    """In a system call that opens, while it has no other thread."""
    try:
        with open(f"/proc/{pid}/syscall") as call:
            return call.read().split()[0] in ("257", "56", "2")
    except (OSError, IndexError):
        return False


def test_a_result_of_a_copy_that_is_checked_may_lie_in_it(kept):
    kept.store(kept.folder / "llama", "n")
    shutil.copytree(kept.folder / "llama", kept.folder / "copy")
    kept.run("verify", "n", "copy", "-o", "copy/result.json")
    assert json.loads((kept.folder / "copy" / "result.json").read_text())["isValid"] is True
