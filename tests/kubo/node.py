"""A real Kubo for tests: a repository of its own, no peers, ports of the system's choosing."""

import contextlib
import json
import os
import subprocess
from pathlib import Path

PROFILE = "unixfs-v1-2025"
DEFAULT_CHUNK_SIZE = 1 << 20


class Kubo:
    def __init__(self, binary: str, repository: Path):
        self.binary = binary
        self.repository = Path(repository)
        self.within = []  # A command that every command of Kubo is started by.
        self.environment = {**os.environ, "IPFS_PATH": str(repository), "IPFS_TELEMETRY": "off"}
        if not (self.repository / "config").exists():
            self.run("init", "--profile=test," + PROFILE)

    def start(self, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen(
            [*self.within, self.binary, "--offline", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *arguments: str) -> bytes:
        running = self.start(*arguments)
        output, notices = running.communicate(timeout=600)
        if running.returncode != 0:
            raise RuntimeError(f"ipfs {' '.join(arguments)}: {notices.decode(errors='replace')}")
        return output

    @staticmethod
    def add_command(path: Path, chunk_size: int = DEFAULT_CHUNK_SIZE, only_hash: bool = False) -> list:
        command = ["add", "-r", "-Q", "--hidden", "--pin=false"]
        command += ["--only-hash"] if only_hash else []
        command += [f"--chunker=size-{chunk_size}"] if chunk_size != DEFAULT_CHUNK_SIZE else []
        return [*command, str(path)]

    def add(self, path: Path, chunk_size: int = DEFAULT_CHUNK_SIZE, only_hash: bool = False) -> str:
        """The root CID of a file or folder, hidden names included; with `only_hash` nothing is kept."""
        return self.run(*self.add_command(path, chunk_size, only_hash)).decode().strip()

    def configure(self, change) -> None:
        """`change` receives the configuration as a dict and edits it."""
        path = self.repository / "config"
        configuration = json.loads(path.read_text())
        change(configuration)
        path.write_text(json.dumps(configuration))

    def mount(self, blocks: Path) -> None:
        """Make `blocks`, a folder in flatfs layout that others write to, the place of this repository's blocks."""

        def change(configuration: dict) -> None:
            configuration["Datastore"]["Spec"]["mounts"][0]["path"] = str(blocks)
            configuration["Datastore"]["BlockKeyCacheSize"] = 0

        self.configure(change)
        path = self.repository / "datastore_spec"
        spec = json.loads(path.read_text())
        spec["mounts"][0]["path"] = str(blocks)
        # Kubo compares this file with its own rendering as text, so spaces would be a difference.
        path.write_text(json.dumps(spec, separators=(",", ":"), ensure_ascii=False))

    def see_through(self, *mounts: str) -> bool:
        """From now on Kubo alone sees these mounts (arguments of mount); False where this system allows nobody that."""
        ways = (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"])
        script = "".join(f"mount {mount} || exit 111\n" for mount in mounts) + 'exec "$@"'
        for way in ways:
            within = [*way, "sh", "-c", script, "sh"]
            if subprocess.run([*within, "true"], stderr=subprocess.DEVNULL).returncode == 0:
                self.within = within
                return True
        return False

    @contextlib.contextmanager
    def daemon(self):
        """While this lasts, every command goes through one long-lived process."""
        running = self.start("daemon")
        # Its clients must not mount once more: two mounts of one upper layer are undefined.
        within, self.within = self.within, []
        try:
            for line in running.stdout:
                if line.startswith(b"Daemon is ready"):
                    break
            else:
                raise RuntimeError("the daemon did not start: " + running.stderr.read().decode(errors="replace"))
            yield
        finally:
            self.within = within
            running.terminate()
            running.communicate(timeout=60)
