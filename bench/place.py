"""The folder the benchmarks work in, the data they work on, and the programs they call."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import measuring

MIB = 1 << 20
GIB = 1 << 30


MEMORY = Path("/dev/shm")  # a file system in memory, where there is one


class Place:
    """work is a folder of the benchmarks alone: what an earlier run left in it is removed."""

    def __init__(self, root, build, work, small, seconds, say):
        self.root = root
        self.build = build
        self.work = work
        self.small = small
        self.say = say
        self.cores = len(os.sched_getaffinity(0))
        self.made = []
        self.in_memory = MEMORY / f"model-storage-bench-{os.getuid()}"
        self.deadline = time.monotonic() + seconds
        self.clear()
        work.mkdir(parents=True)

    def clear(self):
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.rmtree(self.in_memory, ignore_errors=True)

    def seconds_left(self):
        """Until the benchmarks should be at their end: what is optional is left out where it would take longer."""
        return self.deadline - time.monotonic()

    def memory_folder(self, size):
        """A folder in memory where there is room for size bytes, else the work folder."""
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        status = os.statvfs(MEMORY) if MEMORY.is_dir() else None
        if status is None or status.f_bavail * status.f_frsize < size or free < size + 2 * GIB:
            return self.work
        self.in_memory.mkdir(mode=0o700, exist_ok=True)
        return self.in_memory

    def size(self, full):
        """A size of the full run, or a 16th of it."""
        return full // 16 if self.small else full

    def turns(self, full):
        return min(full, 2) if self.small else full

    def path(self, name):
        return self.work / name

    def program(self, name):
        return self.build / name

    def remove(self, *names):
        for name in names:
            path = self.path(name)
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.exists() or path.is_symlink():
                path.unlink()

    def fresh(self, kind):
        """A name that no earlier run had. What was deleted a moment ago makes ext4 slow to make new files, so that homes of
        a section are deleted together, by remove_fresh."""
        self.made.append(f"{kind}-{len(self.made)}")
        return self.made[-1]

    def remove_fresh(self):
        self.remove(*self.made)

    def file(self, name, size, seed=1):
        """A file of size bytes of which no two chunks are the same, on disk and in the page cache; made once."""
        path = self.path(name)
        if path.exists() and path.stat().st_size == size:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as stream:
            zeros = subprocess.Popen(["head", "-c", str(size), "/dev/zero"], stdout=subprocess.PIPE)
            made = subprocess.run(
                ["openssl", "enc", "-aes-128-ctr", "-K", f"{seed:032x}", "-iv", "0" * 32], stdin=zeros.stdout, stdout=stream
            )
            zeros.stdout.close()
            if zeros.wait() != 0 or made.returncode != 0:
                raise measuring.Failed(f"could not make {path}")
        os.sync()
        return path

    def small_files(self, name, count, size, folders):
        """A folder of count distinct files of size bytes."""
        path = self.path(name)
        if path.is_dir():
            return path
        making = self.path(name + ".making")
        self.remove(making.name)
        source = self.file("many.bytes", count * size, seed=7)
        with open(source, "rb") as stream:
            for folder in range(folders):
                (making / f"layer{folder:03d}").mkdir(parents=True)
            for number in range(count):
                target = making / f"layer{number % folders:03d}" / f"part-{number:06d}.bin"
                with open(target, "wb", buffering=0) as out:
                    out.write(stream.read(size))
        source.unlink()
        making.rename(path)
        os.sync()
        return path

    def model_storage(self, home, *words, jobs=None, settings=(), environment=None, stdout=None, expect=(0,)):
        command = [self.program("model-storage"), "--home", self.path(home), "--quiet"]
        if jobs is not None:
            command += ["--jobs", str(jobs)]
        for setting in settings:
            command += ["--set", setting]
        return measuring.run([*command, *words], environment=environment, stdout=stdout, expect=expect)

    def shell(self, text, *words):
        """sh -c text, with words as $1, $2 and so on."""
        return measuring.run(["sh", "-ec", text, "sh", *words])
