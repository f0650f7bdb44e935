"""Running one command and saying what it cost: wall time, CPU seconds, peak memory, bytes written."""

import dataclasses
import os
import statistics
import subprocess
import tempfile
import time


@dataclasses.dataclass
class Run:
    wall: float  # seconds
    user: float
    system: float
    peak: int  # bytes of the largest single process
    read: int  # bytes that its calls read, from the cache or the disk
    written: int  # bytes that its calls wrote

    @property
    def cpu(self):
        return self.user + self.system

    def as_dict(self):
        return dataclasses.asdict(self)


class Failed(Exception):
    pass


def transfers(pid):
    """Bytes read and written by calls of a process that has ended and is not reaped; (0, 0) where the kernel does not tell."""
    try:
        with open(f"/proc/{pid}/io") as stream:
            fields = dict(line.split(": ") for line in stream.read().splitlines())
    except OSError:
        return 0, 0
    return int(fields["rchar"]), int(fields["wchar"])


def run(command, *, environment=None, cwd=None, expect=(0,), stdout=None):
    """Run to the end; the costs are those of the command and all of its children."""
    with tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=stdout if stdout is not None else subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, **(environment or {})},
            cwd=cwd,
        )
        try:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        except BaseException:  # the benchmarks end; what they started must not go on
            process.kill()
            process.wait()
            raise
        wall = time.monotonic() - started
        read, written = transfers(process.pid)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in expect:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()[-5:]
            raise Failed(f"{' '.join(str(part) for part in command)}: exit {process.returncode}\n" + "\n".join(said))
    return Run(wall, used.ru_utime, used.ru_stime, used.ru_maxrss * 1024, read, written)


def median(values):
    return statistics.median(values)


def ratios(ours, theirs):
    """Wall time of each run of ours over the adjacent one of theirs."""
    return [mine.wall / other.wall for mine, other in zip(ours, theirs)]


def in_turns(count, steps, say=None):
    """Run each step of {name: callable -> Run} once, in order, count times over: {name: [Run]}."""
    runs = {name: [] for name in steps}
    for turn in range(count):
        for name, step in steps.items():
            os.sync()
            runs[name].append(step())
            if say:
                say(f"{turn + 1}/{count} {name}: {runs[name][-1].wall:.2f} s, cpu {runs[name][-1].cpu:.2f} s")
    return runs


def forget_pages(folder):
    """Let the page cache forget all files below folder (or the one file), without being root."""
    paths = [folder] if os.path.isfile(folder) else (
        os.path.join(place, name) for place, _, names in os.walk(folder) for name in names
    )
    os.sync()
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def read_pages(folder):
    """Have all files below folder (or the one file) in the page cache."""
    paths = [folder] if os.path.isfile(folder) else [
        os.path.join(place, name) for place, _, names in os.walk(folder) for name in names
    ]
    buffer = bytearray(1 << 20)
    for path in paths:
        with open(path, "rb", buffering=0) as stream:
            while stream.readinto(buffer):
                pass
