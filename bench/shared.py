"""The section about extents that are shared: an XFS of its own, in an image behind a loop device."""

import contextlib
import os
import subprocess

import measuring
import page
from measuring import in_turns, median, ratios
from place import GIB, MIB

IMAGE_GIB = 24
TITLE = "Shared extents: store and retrieve on XFS"
CLONE = 'cp --reflink=always "$1" "$2"; sync -f "$2"'
COPY = 'cp --reflink=never "$1" "$2"; sync -f "$2"'


def call(*words):
    return subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout.strip()


@contextlib.contextmanager
def mounted(place):
    """A folder on the XFS. Direct I/O of the loop device: nothing is cached twice."""
    image, folder = place.path("xfs.img"), place.path("xfs")
    folder.mkdir()
    with open(image, "wb") as stream:
        stream.truncate(IMAGE_GIB * GIB)
    call("mkfs.xfs", "-q", "-m", "reflink=1", image)
    device = call("losetup", "--find", "--show", "--direct-io=on", image)
    try:
        call("mount", device, folder)
        try:
            yield folder
        finally:
            call("umount", folder)
    finally:
        call("losetup", "--detach", device)
        place.remove("xfs.img", "xfs")


def used(folder):
    """Bytes that are taken on the file system, once nothing is on its way any more."""
    call("sync", "--file-system", folder)
    status = os.statvfs(folder)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def shared(place):
    if os.geteuid() != 0:
        return {"title": TITLE, "promises": [], "parts": [{"text": "Not measured: this user may not mount.\n"}], "raw": []}
    with mounted(place) as folder:
        return measure(place, folder)


def measure(place, folder):
    size = place.size(2 * GIB)
    source = place.file("xfs/model.bin", size)
    last, grown = {}, {}

    def growing(name, cold, step):
        """The step, which reads below cold from the disk, and what it took there."""
        measuring.forget_pages(cold)
        before = used(folder)
        run = step()
        grown.setdefault(name, []).append(used(folder) - before)
        return run

    def stored():
        last["home"] = place.fresh("xfs/home")
        return place.model_storage(last["home"], "store", source, "model")

    def retrieved():
        last["out"] = place.path(place.fresh("xfs/out"))
        return place.model_storage(last["home"], "retrieve", "model", last["out"])

    def copied(how):
        return place.shell(how, source, place.path(place.fresh("xfs/copy")))

    clone, copy = "cp --reflink=always + sync", "cp --reflink=never + sync"
    runs = in_turns(place.turns(5), {
        clone: lambda: growing(clone, source, lambda: copied(CLONE)),
        copy: lambda: growing(copy, source, lambda: copied(COPY)),
        "store": lambda: growing("store", source, stored),
        "retrieve": lambda: growing("retrieve", place.path(last["home"]) / "blocks", retrieved),
    }, place.say)
    measuring.run(["cmp", source, last["out"]])
    promises, rows = [], []
    for name in ("store", "retrieve"):
        most = max(grown[name])
        promises.append(page.promise(f"{name} on XFS: more disk", f"at most a 64th of the model, {size // 64 // MIB} MiB",
                                     f"{most / MIB:.1f} MiB", most <= size // 64))
        times = median(ratios(runs[name], runs[copy]))
        promises.append(page.promise(f"{name} on XFS against {copy}", "at most 1.25 times", f"{times:.2f} times", times <= 1.25))
    for name, several in runs.items():
        ratio = None if name in ("store", "retrieve") else median(ratios(runs["store"], several))
        rows.append([*page.cost_row(name, several, size, ratio), f"{median(grown[name]) / MIB:.1f}"])
    return {
        "title": TITLE,
        "promises": promises,
        "parts": [
            {"text": f"One file of {size // MIB} MiB, not in the page cache, on an XFS in an image behind a loop device. A clone by cp reads "
                     "nothing; store and retrieve read and hash every byte, and write none. \"ours / it\": store over the copy.\n"},
            {"columns": [*page.COST_COLUMNS, "more disk MiB"], "rows": rows},
        ],
        "raw": page.raw_rows(runs),
    }
