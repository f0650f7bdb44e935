"""File systems in files, mounted through loop devices: a disk whose content at an instant can be copied, and one that runs full
below its file system. Needs root; whoever has not is told so and the test counts as one that did not run."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

MIB = 1 << 20


def call(*arguments) -> None:
    subprocess.run([str(part) for part in arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def make_image(path: Path, size: int, *formatter: str) -> None:
    with open(path, "wb") as image:
        image.truncate(size)
    call(*formatter, path)


class Mount:
    """A mounted file system; `with` unmounts it."""

    def __init__(self, source, at: Path, *options: str):
        at.mkdir(exist_ok=True)
        self.at = at
        call("mount", *options, source, at)

    def __enter__(self) -> Path:
        return self.at

    def __exit__(self, *_) -> None:
        call("umount", self.at)


XFS = ("mkfs.xfs", "-q", "-m", "reflink=1")


class CopyableDisk:
    """ext4 in an image on an XFS that shares extents: a copy of the image is what the disk held at that instant. Without
    auto_da_alloc, which would hide a missing sync of a file that is renamed over another."""

    IMAGE_MIB = 192
    MAKE = ("mkfs.ext4", "-q")
    OPTIONS = "loop,noauto_da_alloc"

    def __init__(self, work: Path):
        self.work = work
        make_image(work / "outer.img", 8 * self.IMAGE_MIB * MIB, *XFS)
        self.outer = Mount(work / "outer.img", work / "outer", "-o", "loop")
        self.image = self.outer.at / "disk.img"
        try:
            make_image(self.image, self.IMAGE_MIB * MIB, *self.MAKE)
            self.inner = Mount(self.image, work / "disk", "-o", self.OPTIONS)
        except subprocess.CalledProcessError:
            self.close_outer()
            raise
        self.at = self.inner.at

    def cut(self) -> Mount:
        """The disk as it was found after the power went just now."""
        copy = self.outer.at / "cut.img"
        copy.unlink(missing_ok=True)
        call("cp", "--reflink=always", self.image, copy)
        return Mount(copy, self.work / "cut", "-o", self.OPTIONS)

    def close_outer(self) -> None:
        self.outer.__exit__()

    def __enter__(self) -> "CopyableDisk":
        return self

    def __exit__(self, *_) -> None:
        self.inner.__exit__()
        self.close_outer()


class CopyableSharingDisk(CopyableDisk):
    """The same with an XFS, whose files share extents. The copy is mounted beside it, with its UUID."""

    IMAGE_MIB = 320
    MAKE = XFS
    OPTIONS = "loop,nouuid"


class SharingDisk:
    """A file system whose files share extents."""

    MIB = 320
    MAKE = {"xfs": XFS, "btrfs": ("mkfs.btrfs", "-q")}

    def __init__(self, work: Path, kind: str):
        make_image(work / "disk.img", self.MIB * MIB, *self.MAKE[kind])
        self.mount = Mount(work / "disk.img", work / "disk", "-o", "loop")
        self.at = self.mount.at

    def used(self) -> int:
        call("sync", "--file-system", self.at)
        status = os.statvfs(self.at)
        return (status.f_blocks - status.f_bfree) * status.f_frsize

    def __enter__(self) -> "SharingDisk":
        return self

    def __exit__(self, *_) -> None:
        self.mount.__exit__()


class LyingDisk:
    """ext4 of 64 MiB in a sparse file on a memory file system that has room for less: writes are taken, and are lost when they
    should reach the disk. `grow` mends it."""

    def __init__(self, work: Path):
        self.work = work
        self.below = Mount("tmpfs", work / "below", "-t", "tmpfs", "-o", "size=12m")
        self.image = self.below.at / "disk.img"
        try:
            make_image(self.image, 64 * MIB, "mkfs.ext4", "-q", "-E", "lazy_itable_init=1")
            self.mount()
        except subprocess.CalledProcessError:
            self.below.__exit__()
            raise
        self.at = self.inner.at

    def mount(self) -> None:
        self.inner = Mount(self.image, self.work / "disk", "-o", "loop,errors=continue")

    def grow(self) -> None:
        """After a failed write of its journal a file system goes on only when it is mounted again."""
        self.inner.__exit__()
        call("mount", "-o", "remount,size=100m", self.below.at)
        self.mount()

    def __enter__(self) -> "LyingDisk":
        return self

    def __exit__(self, *_) -> None:
        self.inner.__exit__()
        self.below.__exit__()


def opened(kind):
    """A fixture's body: the disk, or a loud skip where nothing can be mounted."""
    with tempfile.TemporaryDirectory(prefix="ms-mount-") as work:
        try:
            disk = kind(Path(work))
        except (subprocess.CalledProcessError, OSError) as error:
            said = getattr(error, "stderr", None) or str(error).encode()
            pytest.skip(f"NO POWER CUTS ON A MOUNTED DISK: {said.decode(errors='replace').strip()}")
        with disk:
            yield disk
