"""Links that somebody planted where a command writes or reads: never followed, nothing around the target changes, no hang."""

import os
import random
import shutil
import socket
import tarfile
import threading
from pathlib import Path

import pytest

from product import LONG, tree_digest

PARTIAL = ".{}.model-storage-partial"
CODES = (0, 2, 4, 5, 8, 9, 11, 12)


@pytest.fixture
def stored(product, yard):
    """A model of two folders in the store; its source is inside the target."""
    source = yard.target / "source"
    (source / "sub" / "deep").mkdir(parents=True)
    (source / "file").write_bytes(random.Random(1).randbytes(300000))
    (source / "sub" / "file").write_bytes(random.Random(2).randbytes(200000))
    (source / "sub" / "deep" / "x").write_text("x")
    product.store(source, "m")
    return source


def plant_link(place: Path, to: Path) -> None:
    place.symlink_to(to)


def plant_dangling(place: Path, to: Path) -> None:
    place.symlink_to(to.with_name("nothing"))


def plant_relative(place: Path, to: Path) -> None:
    place.symlink_to(os.path.relpath(to, place.parent))


def plant_loop(place: Path, to: Path) -> None:
    place.symlink_to(place.name)


def plant_proc(place: Path, to: Path) -> None:
    place.symlink_to("/proc/self/cwd")


def plant_fifo(place: Path, to: Path) -> None:
    os.mkfifo(place)


def plant_socket(place: Path, to: Path) -> None:
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"/proc/self/fd/{folder}/{place.name}")  # names of sockets are short
    finally:
        os.close(folder)


def plant_hard_link(place: Path, to: Path) -> None:
    os.link(to if to.is_file() else to / "file", place)


PLANTS = [plant_link, plant_dangling, plant_relative, plant_loop, plant_proc, plant_fifo, plant_socket, plant_hard_link]
PLACES = ["file", "sub", "sub/file", "sub/deep", "sub/deep/x"]
every_plant = pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__[6:])


def clear(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    elif os.path.lexists(place):
        place.unlink()


def put_in_place(plant, spot: Path, file: Path, folder: Path) -> None:
    """Plant something where a file or folder of a model stands."""
    to = folder if spot.is_dir() else file
    clear(spot)
    plant(spot, to)


def is_whole(out: Path, source: Path) -> bool:
    """Plain files and folders only, and the same ones as in source."""
    for place in [out, *out.rglob("*")]:
        if place.is_symlink() or not (place.is_dir() or place.is_file()):
            return False
    names = sorted(str(place.relative_to(out)) for place in out.rglob("*"))
    wanted = sorted(str(place.relative_to(source)) for place in source.rglob("*"))
    same = all((out / name).read_bytes() == (source / name).read_bytes() for name in wanted if (source / name).is_file())
    return names == wanted and same


class Strangers:
    """A file and a folder that links lead to, and what may become of them."""

    def __init__(self, yard, plant):
        self.yard = yard
        self.folder = yard.strangers[2]
        self.file = self.folder / "file"
        self.counts_links = plant is plant_hard_link

    def planted(self) -> None:
        """A hard link more or less is a change that the test makes itself."""
        if self.counts_links:
            self.yard.before = self.yard.look_around()

    def assert_untouched(self, *about) -> None:
        assert self.file.read_text() == "untouched", about
        if not self.counts_links:
            self.yard.assert_untouched(about)


@every_plant
def test_an_output_with_planted_names_is_replaced_or_refused(product, stored, yard, plant):
    """Links in an output that stands: told as a difference, and with --force the whole output is a new one."""
    strangers = Strangers(yard, plant)
    for number, place in enumerate(PLACES):
        out = yard.target / f"out{number}"
        shutil.copytree(stored, out)
        put_in_place(plant, out / place, strangers.file, strangers.folder)
        strangers.planted()
        told = product.attempt("retrieve", "m", out)
        assert told.code in CODES and told.code != 0, (place, told)
        strangers.assert_untouched(place)
        told = product.attempt("retrieve", "--force", "m", out)
        assert told.code in CODES, (place, told)
        strangers.assert_untouched(place, "--force")
        assert told.code != 0 or is_whole(out, stored), (place, told)


@every_plant
@pytest.mark.parametrize("output", ["out", "out.tar"])
def test_the_output_itself_is_not_followed(product, stored, yard, plant, output):
    strangers = Strangers(yard, plant)
    for to in (strangers.file, strangers.folder):
        plant(yard.target / output, to)
        strangers.planted()
        for options in ((), ("--force",), ("--extract",), ("--extract", "--force")):
            told = product.attempt("retrieve", *options, "m", yard.target / output)
            assert told.code in CODES, told
            strangers.assert_untouched(to, options)
        for left in list(yard.target.iterdir()):
            if left.name.startswith("out"):
                clear(left)
        strangers.planted()


def half_done(product, yard, stored, output: str) -> str:
    """A retrieve that a missing chunk ended: what it finished is kept for the next one, of a folder. The name of that content."""
    chunk = product.run("info", "--chunks", "m")["chunks"][-1]["cid"]
    kept = product.block(chunk).read_bytes()
    product.lose(chunk)
    product.fail(4, "retrieve", "m", yard.target / output)
    product.plant(kept)
    return next((path.name for path in (yard.target / PARTIAL.format(output)).glob("content-*")), "")


@every_plant
@pytest.mark.parametrize("output", ["out", "out.tar"])
def test_names_planted_among_unfinished_files_are_not_followed(product, stored, yard, plant, output):
    """Whoever may write to the folder of the output can make our unfinished files before we do, or exchange those of a run that was
    ended."""
    strangers = Strangers(yard, plant)
    partial = yard.target / PARTIAL.format(output)
    content = half_done(product, yard, stored, output)
    assert (content != "") == (output == "out")
    # Another name of a stranger's file can only be made by who may write to our folder, which is refused by itself.
    inside = [content, *(f"{content}/{place}" for place in PLACES)] if content and plant is not plant_hard_link else []
    for place in ["", "lock", "replaced", *inside]:
        clear(partial)
        half_done(product, yard, stored, output)
        partial.mkdir(mode=0o700, exist_ok=True)
        spot = partial / place if place else partial
        is_folder = place in ("", content) or place.endswith(("sub", "deep"))
        clear(spot)
        plant(spot, strangers.folder if is_folder else strangers.file)
        strangers.planted()
        told = product.attempt("retrieve", "m", yard.target / output)
        assert told.code in CODES, (place, told)
        strangers.assert_untouched(place)
        if told.code == 0 and output == "out":
            assert is_whole(yard.target / "out", stored), place
        clear(partial)
        clear(yard.target / output)
        strangers.planted()


@pytest.mark.parametrize("output", ["out", "out.tar"])
def test_unfinished_files_that_others_may_exchange_are_not_used(product, stored, yard, output):
    """Between the check of a byte and its final name nobody else may write."""
    partial = yard.target / PARTIAL.format(output)
    partial.mkdir()
    for mode in (0o777, 0o775, 0o722):
        partial.chmod(mode)
        told = product.fail(9, "retrieve", "m", yard.target / output)
        assert told.reason == "partial_foreign" and partial.name in told.error["message"], told
    partial.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(partial, 12345, 12345)
        assert product.fail(9, "retrieve", "m", yard.target / output).reason == "partial_foreign"
        os.chown(partial, 0, 0)
    product.run("retrieve", "m", yard.target / output)


def with_content(place: Path) -> Path:
    """CONTENT stands for the name that the content of this output has today."""
    if "CONTENT" not in place.parts:
        return place
    partial = Path(*place.parts[: place.parts.index("CONTENT")])
    name = next((path.name for path in partial.glob("content-*")), "CONTENT")
    return Path(*(name if part == "CONTENT" else part for part in place.parts))


def swap(place: Path, aside: Path, to: Path, ends: threading.Event) -> None:
    """Exchange a folder and a link to strangers, again and again."""
    link = aside.with_name(aside.name + "-link")
    wanted = place
    while not ends.is_set():
        try:
            place = with_content(wanted)
            link.symlink_to(to)
            place.rename(aside)
            link.rename(place)
            place.unlink()
            aside.rename(place)
        except OSError:
            try:
                if os.path.lexists(link):
                    link.unlink()
                if os.path.lexists(aside) and not os.path.lexists(place):
                    aside.rename(place)
            except OSError:
                pass


@pytest.mark.parametrize("below", ["", "CONTENT", "CONTENT/sub"])
@pytest.mark.parametrize("output", ["out", "out.tar"])
def test_folders_swapped_for_links_while_writing_lead_nowhere(product, stored, yard, output, below):
    """The folder of the unfinished files, or one inside it, turns into a link and back as fast as can be. One at a time: two would
    lead each other astray."""
    source = yard.target / "many"
    for number in range(60):
        (source / "sub" / f"d{number}").mkdir(parents=True)
        (source / "sub" / f"d{number}" / "f").write_bytes(b"%d" % number * 500)
    with tarfile.open(yard.target / "many.tar", "w") as archive:
        archive.add(source, "many")
    product.store(source, "many")
    product.store(yard.target / "many.tar", "packed")
    partial = yard.target / PARTIAL.format(output)
    ends = threading.Event()
    swapper = threading.Thread(target=swap, args=(partial / below, yard.target / "aside", yard.strangers[2], ends), daemon=True)
    swapper.start()
    try:
        for turn in range(40 if LONG else 4):
            packed = output == "out.tar" and turn % 2 == 1
            options = ("--force", "--extract") if packed else ("--force",)
            told = product.attempt("retrieve", *options, "packed" if packed else "many", yard.target / output)
            assert told.code in CODES, told
            # Whoever swaps in the last instant has put a link of their own under the final name: never with success, and as OUTPUT of
            # the next turn it would be a folder that its user chose.
            if (yard.target / output).is_symlink():
                assert told.code != 0, told
                (yard.target / output).unlink()
    finally:
        ends.set()
        swapper.join()
    yard.assert_untouched()


@pytest.mark.parametrize("plant", PLANTS if LONG else [plant_link, plant_loop, plant_fifo], ids=lambda plant: plant.__name__[6:])
def test_hostile_copies_are_read_without_following_and_without_waiting(product, stored, yard, plant):
    """Folders given to --seed, --from and verify: with links, fifos and sockets in place of every file."""
    strangers = Strangers(yard, plant)
    for place in PLACES:
        copy = yard.target / "copy"
        shutil.copytree(stored, copy)
        put_in_place(plant, copy / place, strangers.file, strangers.folder)
        strangers.planted()
        for command, code in (
            (("retrieve", "--seed", copy, "m", yard.target / "out"), 0),
            (("verify", "m", copy), 4),
            (("repair", "--from", copy, "m"), 0),
        ):
            told = product.attempt(*command)
            assert told.code == code, (place, command, told)
            strangers.assert_untouched(place, command)
        assert is_whole(yard.target / "out", stored)
        clear(yard.target / "out")
        clear(copy)
        strangers.planted()


def test_right_bytes_behind_a_link_are_not_part_of_a_copy(product, stored, yard):
    """A link is not the file it leads to: such a copy is not whole, even where the bytes would be right."""
    for place in PLACES:
        copy = yard.target / "copy"
        shutil.copytree(stored, copy)
        clear(copy / place)
        (copy / place).symlink_to(stored / place)
        told = product.fail(4, "verify", "m", copy)
        assert told.result["isValid"] is False, place
        assert product.attempt("retrieve", "m", copy).code == 2, place
        clear(copy)


@pytest.mark.parametrize("plant", PLANTS[:7], ids=lambda plant: plant.__name__[6:])
def test_a_folder_with_what_is_no_file_is_not_stored(product, stored, yard, plant):
    """A link to a file is stored as that file; everything else is named, with a way to leave it out."""
    for number, to in enumerate((yard.strangers[2] / "file", yard.strangers[2])):
        plant(stored / "sub" / "planted", to)
        told = product.attempt("store", stored, f"n{number}")
        (stored / "sub" / "planted").unlink()
        if not (plant in (plant_link, plant_relative) and to.is_file()):
            assert told.code == 2 and "--exclude" in told.error["hint"] and told.error["path"] == "sub/planted", told
        yard.assert_untouched()


def test_an_input_that_is_no_file_ends_at_once(product, yard):
    product.run("key", "new")
    for plant in (plant_fifo, plant_socket, plant_loop, plant_dangling):
        plant(yard.target / "in", yard.strangers[2] / "file")
        for command in (
            ("store", yard.target / "in", "m"),
            ("key", "import", yard.target / "in"),
            ("list", "--config", yard.target / "in"),
            ("key", "new", "--password-file", yard.target / "in"),
        ):
            told = product.attempt(*command)
            assert told.code in (2, 4, 5, 9, 10, 11), (plant.__name__, command, told)
        (yard.target / "in").unlink()
    yard.assert_untouched()


# What leads to the home, seen from the folder that holds it.
HOME_OUTPUTS = [
    "home", "home/", "./home/../home", "home/blocks", "home/ledger.db", "home/keystore/new", "home/new/deeper", "home/tmp/",
    "../{}", "link/home", "link", "link/home/blocks/x.tar",
]  # fmt: skip


@pytest.mark.parametrize("output", HOME_OUTPUTS)
@pytest.mark.parametrize("cwd", ["above", "inside"])
def test_the_home_is_no_output(product, folder, output, cwd):
    (folder / "model").mkdir()
    (folder / "model/file").write_text("x")
    (folder / "home.tar").write_bytes(b"")
    product.store(folder / "model", "m")
    (folder / "link").symlink_to(folder)
    before = tree_digest(folder)
    product.folder = folder if cwd == "above" else product.home
    if cwd == "inside":
        output = f"../{output}"
    for options in ((), ("--force",), ("--dry-run",)):
        failed = product.fail(2, "retrieve", "m", output.format(folder.name), *options)
        assert failed.reason in ("output_home", "output_kind"), failed
        assert failed.reason == "output_home" or output.endswith("link")
    assert tree_digest(folder) == before


def test_the_home_is_not_extracted_over(product, folder):
    with tarfile.open(folder / "home.tar", "w") as archive:
        archive.add(__file__, "file")
    product.store(folder / "home.tar", "m")
    before = tree_digest(product.home)
    failed = product.fail(2, "retrieve", "m", folder / "home.tar", "--force", "-x")
    assert failed.reason == "output_home"
    assert tree_digest(product.home) == before


def test_a_folder_that_takes_no_files_is_no_lock(product, folder):
    (folder / "file").write_text("x")
    product.store(folder / "file", "m")
    assert product.fail(9, "retrieve", "m", "/proc/output").reason == "output_folder"
    (folder / "gone").mkdir()
    product.folder = f"/proc/self/fd/{os.open(folder / 'gone', os.O_RDONLY)}"
    (folder / "gone").rmdir()
    failed = product.fail(9, "retrieve", "m", "output", pass_fds=(int(product.folder.rsplit("/", 1)[1]),))
    assert failed.reason == "output_folder"
