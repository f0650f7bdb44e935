"""The built command line, with a home of its own."""

import base64
import hashlib
import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 600

# What the caller's own environment must not decide.
SETTINGS = (
    "CONFIG_PATH ETH_NODE_URL PRIVATE_KEY CONTRACT_ADDRESS CHAIN_ID IPFS_API IPFS_GATEWAY MODEL_STORAGE_HOME DEBUG"
).split()


def binary() -> str:
    return os.environ.get("MODEL_STORAGE_BIN") or str(ROOT / "build" / "model-storage")


def tree_digest(root: Path) -> str:
    """Of every name, mode, link and content below root: two digests are equal when nothing changed."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        digest.update(f"{path.relative_to(root)}\0{status.st_mode:o}\0{status.st_size}\0".encode("utf-8", "surrogateescape"))
        if path.is_symlink():
            digest.update(os.readlink(path).encode("utf-8", "surrogateescape"))
        elif path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


class Ended:
    """How a run ended: its exit code, its result object and the lines on stderr."""

    def __init__(self, code: int, result: dict, notices: str):
        self.code = code
        self.result = result
        self.notices = notices

    @property
    def reason(self) -> str:
        return self.result.get("error", {}).get("reason", "")


class Product:
    def __init__(self, home: Path):
        self.home = Path(home)
        self.blocks = self.home / "blocks"
        self.environment = {key: value for key, value in os.environ.items() if key not in SETTINGS}
        self.folder = None  # where it is started; None = where the tests are

    def start(self, *arguments: str, stdin=subprocess.DEVNULL, **options) -> subprocess.Popen:
        return subprocess.Popen(
            [binary(), "--json", "--home", str(self.home), *map(str, arguments)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            cwd=self.folder,
            **options,
        )

    def attempt(self, *arguments: str, **options) -> Ended:
        """Whatever it says."""
        running = self.start(*arguments, **options)
        output, notices = running.communicate(timeout=SECONDS_MAX)
        told = notices.decode("utf-8", "replace")
        try:
            result = json.loads(output)
        except ValueError as error:
            raise AssertionError(f"{arguments} ended with {running.returncode} without JSON: {output!r} {told}") from error
        assert result["success"] == (running.returncode == 0), (arguments, running.returncode, result)
        assert isinstance(result["warnings"], list)
        if running.returncode != 0:
            assert result["error"]["exitCode"] == running.returncode, (arguments, result)
            assert result["error"]["message"], (arguments, result)
        return Ended(running.returncode, result, told)

    def run(self, *arguments: str, **options) -> dict:
        ended = self.attempt(*arguments, **options)
        assert ended.code == 0, (arguments, ended.code, ended.result, ended.notices)
        return ended.result

    def fail(self, code: int, *arguments: str, **options) -> Ended:
        ended = self.attempt(*arguments, **options)
        assert ended.code == code, (arguments, ended.code, ended.result, ended.notices)
        return ended

    def store(self, path: Path, model_id: str, *options: str) -> dict:
        return self.run("store", *options, str(path), model_id)

    def listed(self, *options: str) -> list:
        """Names of all that list shows, over all pages."""
        names, page = [], self.run("list", *options)
        while True:
            names += [f"{model['modelId']}@{model['version']}" for model in page["models"]]
            if page["next"] is None:
                return names
            page = self.run("list", *options, "--after", page["next"])

    def block_files(self) -> list:
        return sorted(self.blocks.glob("*/*.data"))

    def block(self, cid: str) -> Path:
        """The file of a block, by its CID in base32."""
        body = cid[1:].upper()
        key = base64.b32encode(base64.b32decode(body + "=" * (-len(body) % 8))[2:]).decode().rstrip("=")
        return self.blocks / key[-3:-1] / (key + ".data")

    def damage(self, cid: str) -> None:
        path = self.block(cid)
        path.chmod(0o644)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
