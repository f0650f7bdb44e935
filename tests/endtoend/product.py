"""The built command line, with a home of its own, and what tests look at on disk."""

import base64
import hashlib
import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def binary() -> str:
    return os.environ.get("MODEL_STORAGE_BIN") or str(ROOT / "build" / "model-storage")


def clean_environment() -> dict:
    names = ("CONFIG_PATH", "PRIVATE_KEY", "CONTRACT_ADDRESS", "CHAIN_ID", "ETH_NODE_URL", "IPFS_API", "IPFS_GATEWAY", "DEBUG")
    return {name: value for name, value in os.environ.items() if name not in names}


class Product:
    def __init__(self, home: Path):
        self.home = Path(home)
        self.blocks = self.home / "blocks"

    def call(self, *arguments, stdin: bytes = b"", cwd=None, environment=None) -> subprocess.CompletedProcess:
        return subprocess.run(
            [binary(), "--home", str(self.home), *(str(argument) for argument in arguments)],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**clean_environment(), **(environment or {})},
            timeout=300,
        )

    def attempt(self, *arguments, **options) -> tuple:
        """The exit code and the result object, whatever they say."""
        ended = self.call("--json", *arguments, **options)
        try:
            return ended.returncode, json.loads(ended.stdout)
        except ValueError as error:
            raise AssertionError(f"{arguments}: {ended.returncode}, no JSON: {ended.stdout!r} {ended.stderr!r}") from error

    def run(self, *arguments, **options) -> dict:
        code, result = self.attempt(*arguments, **options)
        assert code == 0 and result["success"], (arguments, code, result)
        return result

    def fail(self, code: int, *arguments, **options) -> dict:
        """The error of a run that must end with code."""
        found, result = self.attempt(*arguments, **options)
        assert found == code and not result["success"], (arguments, found, result)
        assert result["error"]["exitCode"] == code
        return result["error"]

    def block(self, cid: str) -> Path:
        body = cid[1:].upper()
        key = base64.b32encode(base64.b32decode(body + "=" * (-len(body) % 8))[2:]).decode().rstrip("=")
        return self.blocks / key[-3:-1] / (key + ".data")

    def damage(self, cid: str, at: int = 0) -> None:
        path = self.block(cid)
        path.chmod(0o644)
        content = bytearray(path.read_bytes())
        content[at] ^= 1
        path.write_bytes(content)


def tree_of(path: Path) -> dict:
    """Every path below with its bytes or kind."""
    return {
        str(entry.relative_to(path)): entry.read_bytes() if entry.is_file() else "folder"
        for entry in sorted(path.rglob("*"))
    }


def digest_of(path: Path) -> str:
    state = hashlib.sha256()
    for entry in sorted(path.rglob("*")):
        state.update(str(entry.relative_to(path)).encode() + b"\0")
        if entry.is_file():
            state.update(entry.read_bytes())
    return state.hexdigest()
