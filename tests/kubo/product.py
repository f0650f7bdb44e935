"""The built command line, with a home of its own."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def binary() -> str:
    return os.environ.get("MODEL_STORAGE_BIN") or str(ROOT / "build" / "model-storage")


class Product:
    def __init__(self, home: Path):
        self.home = Path(home)
        self.blocks = self.home / "blocks"

    def start(self, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen(
            [binary(), "--json", "--home", str(self.home), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def attempt(self, *arguments: str) -> tuple:
        """The exit code and the result object, whatever they say."""
        running = self.start(*arguments)
        output, notices = running.communicate(timeout=600)
        try:
            return running.returncode, json.loads(output)
        except ValueError as error:
            raise AssertionError(
                f"{arguments} ended with {running.returncode} and printed no JSON: {output!r} {notices!r}"
            ) from error

    def run(self, *arguments: str) -> dict:
        code, result = self.attempt(*arguments)
        assert code == 0 and result["success"], (arguments, code, result)
        return result

    def store(self, path: Path, model_id: str, *options: str) -> dict:
        return self.run("store", *options, str(path), model_id)
