"""The built command line with a home of its own: how tests run it, end it early and damage what it keeps."""

import hashlib
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from .blocks import block_name, cid_text

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 600

# What the caller's own environment must not decide.
SETTINGS = (
    "CONFIG_PATH ETH_NODE_URL PRIVATE_KEY CONTRACT_ADDRESS CHAIN_ID IPFS_API IPFS_GATEWAY MODEL_STORAGE_HOME DEBUG"
).split()


def build_folder() -> Path:
    return Path(os.environ.get("MODEL_STORAGE_BUILD") or ROOT / "build")


def binary() -> str:
    return os.environ.get("MODEL_STORAGE_BIN") or str(build_folder() / "model-storage")


def clean_environment() -> dict:
    return {name: value for name, value in os.environ.items() if name not in SETTINGS}


def kill(running: subprocess.Popen) -> tuple:
    """End a process as a power cut would; what it had printed until then."""
    running.kill()
    return running.communicate()


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "this never came"
        time.sleep(0.01)


class Ended(NamedTuple):
    """How a run ended: its exit code, its result object and the lines on stderr."""

    code: int
    result: dict
    notices: str

    @property
    def error(self) -> dict:
        return self.result.get("error", {})

    @property
    def reason(self) -> str:
        return self.error.get("reason", "")


class Product:
    """`environment` and `folder` (the working folder; None = that of the tests) may be changed between runs."""

    def __init__(self, home: Path):
        self.home = Path(home)
        self.blocks = self.home / "blocks"
        self.environment = clean_environment()
        self.folder: Optional[Path] = None

    # ---- runs

    def popen(self, *arguments, **options) -> subprocess.Popen:
        """As a user would start it: no --json, stdin closed unless the options say otherwise."""
        settings = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "env": self.environment,
            "cwd": self.folder,
            **options,
        }
        return subprocess.Popen([binary(), "--home", str(self.home), *map(str, arguments)], **settings)

    def start(self, *arguments, **options) -> subprocess.Popen:
        """In the background, with a result object at its end."""
        return self.popen("--json", *arguments, **options)

    def call(self, *arguments, stdin: bytes = b"", **options) -> subprocess.CompletedProcess:
        """To the end, with `stdin` as its input: exit code and both outputs as bytes."""
        with self.popen(*arguments, **{"stdin": subprocess.PIPE, **options}) as running:
            try:
                output, notices = running.communicate(stdin, timeout=SECONDS_MAX)
            except subprocess.TimeoutExpired:
                running.kill()
                raise
        return subprocess.CompletedProcess(running.args, running.returncode, output, notices)

    def attempt(self, *arguments, **options) -> Ended:
        """Whatever it says; that it says so as a result object which agrees with the exit code is asserted."""
        ended = self.call("--json", *arguments, **options)
        notices = ended.stderr.decode("utf-8", "replace")
        try:
            result = json.loads(ended.stdout)
        except ValueError as error:
            raise AssertionError(
                f"{arguments} ended with {ended.returncode} without JSON: {ended.stdout!r} {notices}"
            ) from error
        assert result["success"] == (ended.returncode == 0), (arguments, ended.returncode, result)
        assert isinstance(result["warnings"], list)
        if ended.returncode != 0:
            assert result["error"]["exitCode"] == ended.returncode, (arguments, result)
            assert result["error"]["message"], (arguments, result)
        return Ended(ended.returncode, result, notices)

    def run(self, *arguments, **options) -> dict:
        """The result object of a run that must succeed."""
        ended = self.attempt(*arguments, **options)
        assert ended.code == 0, (arguments, ended)
        return ended.result

    def fail(self, code: int, *arguments, **options) -> Ended:
        """A run that must end with `code`."""
        ended = self.attempt(*arguments, **options)
        assert ended.code == code, (arguments, ended)
        return ended

    def store(self, path: Path, model_id: str, *options: str) -> dict:
        return self.run("store", *options, path, model_id)

    def listed(self, *options: str) -> list:
        """Names of all that list shows, over all pages."""
        names, page = [], self.run("list", *options)
        while True:
            names += [f"{model['modelId']}@{model['version']}" for model in page["models"]]
            if page["next"] is None:
                return names
            page = self.run("list", *options, "--after", page["next"])

    # ---- block files

    def block_files(self) -> list:
        return sorted(self.blocks.glob("*/*.data"))

    def block(self, cid: str) -> Path:
        """The file of a block, whether it is there or not."""
        return self.blocks / block_name(cid)

    def damage(self, cid: str, at: Optional[int] = None) -> None:
        """Flip the lowest bit of one byte, of the middle one unless told."""
        path = self.block(cid)
        content = bytearray(path.read_bytes())
        content[len(content) // 2 if at is None else at] ^= 1
        self.overwrite(cid, bytes(content))

    def truncate(self, cid: str, size: int) -> None:
        path = self.block(cid)
        path.chmod(0o644)
        os.truncate(path, size)

    def overwrite(self, cid: str, content: bytes) -> None:
        path = self.block(cid)
        path.chmod(0o644)
        path.write_bytes(content)

    def lose(self, cid: str) -> None:
        self.block(cid).unlink()

    def plant(self, content: bytes, age_seconds: float = 0) -> Path:
        """A block that nobody refers to."""
        path = self.block(cid_text(b"\x01\x55\x12\x20" + hashlib.sha256(content).digest()))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o444)
        os.utime(path, (time.time() - age_seconds,) * 2)
        return path
