"""What is measured. Each section measures, says which promises are kept, and returns what the page shows."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time

import measuring
import page
import plot
from measuring import in_turns, median, ratios
from place import GIB, MIB
from shared import shared

IN_USE_TARGET = 1.75  # times OpenSSL as it is, by what this machine chooses
WITHOUT_SHA_TARGETS = {"avx512": 6.0, "avx2": 3.0}  # times OpenSSL without its SHA instructions
# In OpenSSL's own words: leaf 7, EBX bit 29, the SHA instructions of the processor.
WITHOUT_SHA_INSTRUCTIONS = {"OPENSSL_ia32cap": ":~0x20000000"}
COPY = 'cp "$1" "$2"; sync'
COPY_FOLDER = 'cp -r "$1" "$2"; sync'


def sha_turns(place, turns, names, environment=None):
    out = subprocess.run(
        [place.program("bench/bench_sha256"), str(turns), *names],
        stdout=subprocess.PIPE, universal_newlines=True, env={**os.environ, **(environment or {})}, check=True,
    ).stdout
    return [json.loads(line) for line in out.splitlines()]


def hash_rate(place):
    """Bytes a second of the path in use, on one core."""
    return median([turn["ours"] for turn in sha_turns(place, 3, [sha_path(place)])])


def sha_path(place):
    return sha_turns(place, 1, [])[0]["name"]


def sha256(place):
    rows, promises, raw = [], [], []
    turns = place.turns(15)
    in_use = sha_path(place)
    for masked in (False, True):
        by_name = {}
        for turn in sha_turns(place, turns, [], WITHOUT_SHA_INSTRUCTIONS if masked else None):
            by_name.setdefault(turn["name"], []).append(turn)
        theirs = "OpenSSL without SHA instructions" if masked else "OpenSSL"
        for name, several in by_name.items():
            times = median([turn["ours"] / turn["openssl"] for turn in several])
            ours, openssl = (median([turn[key] for turn in several]) / 1e9 for key in ("ours", "openssl"))
            rows.append([name, several[0]["lanes"], f"{ours:.2f}", theirs, f"{openssl:.2f}", f"{times:.2f}"])
            place.say(f"{name} against {theirs}: {times:.2f} times")
            least = WITHOUT_SHA_TARGETS.get(name) if masked else IN_USE_TARGET if name == in_use else None
            if least:
                promises.append(page.promise(f"SHA-256 by {name} against {theirs}, one core", f"at least {least:g} times",
                                             f"{times:.2f} times", times >= least))
            raw += [[name, theirs, f"{turn['ours'] / 1e9:.3f}", f"{turn['openssl'] / 1e9:.3f}"] for turn in several]
    return {
        "title": "SHA-256 of 1 MiB chunks",
        "promises": promises,
        "parts": [
            {"text": "Many chunks side by side on one core, against OpenSSL's one-shot call (`EVP_Digest`) for the same chunks "
                     "on the same core; GB/s of the core's own time.\n"},
            {"columns": ["path", "lanes", "GB/s", "against", "GB/s", "times"], "rows": rows},
        ],
        "raw_columns": ["path", "against", "GB/s", "GB/s of it"],
        "raw": raw,
    }


def store(place):
    size = place.size(2 * GIB)
    source = place.file("model.bin", size)
    measuring.read_pages(source)
    last = {}

    def copied():
        return place.shell(COPY, source, place.path(place.fresh("copy")))

    def dd():
        out = place.path(place.fresh("dd"))
        return measuring.run(["dd", f"if={source}", f"of={out}", "bs=1M", "oflag=direct", "conv=fsync"])

    def stored():
        last["home"] = place.fresh("home")
        return place.model_storage(last["home"], "store", source, "model")

    def retrieved():
        last["out"] = place.path(place.fresh("out"))
        return place.model_storage(last["home"], "retrieve", "model", last["out"])

    runs = in_turns(place.turns(5), {"cp + sync": copied, "dd direct + fsync": dd, "store": stored, "retrieve": retrieved}, place.say)
    measuring.run(["cmp", source, last["out"]])
    place.remove_fresh()
    promises, rows = [], []
    for name in ("store", "retrieve"):
        slower = [max(one.wall, other.wall) for one, other in zip(runs["cp + sync"], runs["dd direct + fsync"])]
        times = median([mine.wall / other for mine, other in zip(runs[name], slower)])
        promises.append(page.promise(f"{name} of {size // MIB} MiB against the slower of cp + sync and dd", "at most 1.25 times",
                                     f"{times:.2f} times", times <= 1.25))
    for name, several in runs.items():
        ratio = None if name in ("store", "retrieve") else median(ratios(runs["store"], several))
        rows.append(page.cost_row(name, several, size, ratio))
    return {
        "title": f"Store and retrieve one file of {size // MIB} MiB",
        "promises": promises,
        "parts": [
            {"text": "The file is in the page cache when it is stored. \"ours / it\": store over the copy.\n"},
            {"columns": page.COST_COLUMNS, "rows": rows},
        ],
        "raw": page.raw_rows(runs),
    }


DISK_READ = "direct read of all block files, 8 threads"


def again(place):
    size = place.size(2 * GIB)
    source = place.file("model.bin", size)
    place.remove("home")
    place.model_storage("home", "store", source, "model")
    blocks = place.path("home") / "blocks"

    def cold():
        measuring.forget_pages(blocks)
        return place.model_storage("home", "verify", "model")

    def disk():
        measuring.forget_pages(blocks)
        return place.shell('find "$1" -name "*.data" -print0 | xargs -0 -n 64 -P 4 cat >/dev/null', blocks)

    def warm():
        measuring.read_pages(blocks)
        return place.model_storage("home", "verify", "model")

    def stored_again():
        measuring.read_pages(source)
        return place.model_storage("home", "store", source, "model")

    runs = in_turns(place.turns(5), {"verify, cold": cold, "read of all block files, cold": disk}, place.say)
    runs.update(in_turns(place.turns(5), {
        "verify, warm": warm,
        "store again": stored_again,
        DISK_READ: lambda: measuring.run([sys.executable, place.root / "bench/read_direct.py", blocks, "8"]),
    }, place.say))
    disk_rate = size / median([run.wall for run in runs[DISK_READ]])
    of_disk = median([1 / ratio for ratio in ratios(runs["store again"], runs[DISK_READ])])
    place.say(f"store again: {of_disk:.2f} of the disk's read rate, {disk_rate / 1e9:.2f} GB/s")
    most = hash_rate(place) * place.cores
    promises = []
    for name in ("store again", "verify, warm"):
        part = size / median([run.wall for run in runs[name]]) / most
        promises.append(page.promise(f"{name}: part of hash rate x cores", "at least 70 %", f"{100 * part:.0f} %", part >= 0.7))
    written = max(run.written for run in runs["store again"])
    promises.append(page.promise("store again writes no byte of the model", f"less than {MIB} bytes", f"{written} bytes", written < MIB))
    times = median(ratios(runs["verify, cold"], runs["read of all block files, cold"]))
    promises.append(page.promise("verify, cold, against reading the block files", "at most 1.1 times", f"{times:.2f} times", times <= 1.1))
    place.remove("home")
    return {
        "title": f"Store again and verify, {size // MIB} MiB",
        "promises": promises,
        "parts": [
            {"text": f"Hash rate x cores here: {most / 1e9:.2f} GB/s ({sha_path(place)}, {place.cores} cores). Store again reads what "
                     f"stands there from the disk itself: it goes at {of_disk:.2f} times the read rate of the disk, which is "
                     f"{disk_rate / 1e9:.2f} GB/s ({DISK_READ}), {100 * disk_rate / most:.0f} % of hash rate x cores.\n"},
            {"columns": page.COST_COLUMNS, "rows": [page.cost_row(name, several, size) for name, several in runs.items()]},
        ],
        "raw": page.raw_rows(runs),
    }


def files(place):
    count = place.size(10000 * 16) // 16
    source = place.small_files("many", count, 4096, 10)
    size = count * 4096

    last = {}

    def copied():
        return place.shell(COPY_FOLDER, source, place.path(place.fresh("copy")))

    def stored():
        last["home"] = place.fresh("home")
        return place.model_storage(last["home"], "store", source, "many")

    def retrieved():
        return place.model_storage(last["home"], "retrieve", "many", place.path(place.fresh("out")))

    runs = in_turns(place.turns(5), {"cp -r + sync": copied, "store": stored, "retrieve": retrieved}, place.say)
    promises = []
    for name in ("store", "retrieve"):
        times = median(ratios(runs[name], runs["cp -r + sync"]))
        promises.append(page.promise(f"{name} of {count} files of 4 KiB against cp -r + sync", "at most 2 times",
                                     f"{times:.2f} times", times <= 2))
    place.remove("many")
    most = place.size(100000 * 16) // 16
    source = place.small_files("most", most, 4096, 50)
    large = in_turns(1, {
        f"cp -r + sync, {most} files": lambda: place.shell(COPY_FOLDER, source, place.path("most-copy")),
        f"store, {most} files": lambda: place.model_storage("most-home", "store", source, "most"),
        f"verify, {most} files": lambda: place.model_storage("most-home", "verify", "most"),
        f"retrieve, {most} files": lambda: place.model_storage("most-home", "retrieve", "most", place.path("most-out")),
    }, place.say)
    measuring.run(["diff", "-r", source, place.path("most-out")])
    promises.append(page.promise(f"{most} files in one model: stored, verified, retrieved, compared", "works", "works", True))
    peak = max(several[0].peak for name, several in large.items() if "cp" not in name)
    allowed = memory_allowed(place.cores) + 300 * most
    promises.append(page.promise(f"peak memory with {most} files", f"at most {allowed / MIB:.0f} MiB", f"{peak / MIB:.1f} MiB", peak <= allowed))
    place.remove("most-copy", "most-home", "most-out", "most")
    place.remove_fresh()
    rows = [page.cost_row(name, several, size) for name, several in runs.items()]
    rows += [page.cost_row(name, several, most * 4096) for name, several in large.items()]
    return {
        "title": "Many small files",
        "promises": promises,
        "parts": [{"columns": page.COST_COLUMNS, "rows": rows}],
        "raw": page.raw_rows({**runs, **large}),
    }


def kubo(place):
    """The program ipfs, which is made first where it is not there yet; None where that does not work."""
    made = subprocess.run([place.root / "tools" / "kubo"], stdout=subprocess.PIPE, universal_newlines=True)
    return made.stdout.strip().splitlines()[-1] if made.returncode == 0 else None


def peer_commands(place, source, ipfs):
    """{name: (program, what makes its repository, what stores source, what brings it back)}; each durable at its end."""
    repository = {name: place.path(place.fresh(name)) for name in ("rsync", "restic", "borg", "casync", "ipfs")}
    out = {name: place.path(place.fresh(name + "-out")) for name in repository}
    os.environ.update(RESTIC_PASSWORD="bench", RESTIC_CACHE_DIR=str(place.path(place.fresh("restic-cache"))), IPFS_TELEMETRY="off",
                      BORG_BASE_DIR=str(place.path(place.fresh("borg-base"))), BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK="yes",
                      IPFS_PATH=str(repository["ipfs"]))
    name = source.name

    def command(text, *words):
        return lambda: place.shell(text, *words)

    return {
        "sha256sum (reads only)": ("sha256sum", None, command('sha256sum "$1"', source), None),
        "openssl dgst -sha256 (reads only)": ("openssl", None, command('openssl dgst -sha256 "$1"', source), None),
        "rsync": ("rsync", None, command('rsync "$1" "$2"; sync', source, repository["rsync"]),
                  command('rsync "$1" "$2"; sync', repository["rsync"], out["rsync"])),
        "restic": ("restic", command('restic -q -r "$1" init', repository["restic"]),
                   command('cd "$3"; restic -q -r "$1" backup "$2"; sync', repository["restic"], name, source.parent),
                   command('restic -q -r "$1" restore latest --target "$2"; sync', repository["restic"], out["restic"])),
        "borg": ("borg", command('borg init -e none "$1"', repository["borg"]),
                 command('cd "$3"; borg create "$1::one" "$2"; sync', repository["borg"], name, source.parent),
                 command('mkdir "$2"; cd "$2"; borg extract "$1::one"; sync', repository["borg"], out["borg"])),
        "casync": ("casync", None,
                   command('mkdir "$1"; casync make --store="$1/store" "$1/one.caibx" "$2" >&2; sync', repository["casync"], source),
                   command('casync extract --store="$1/store" "$1/one.caibx" "$2" >&2; sync', repository["casync"], out["casync"])),
        "ipfs add (Kubo)": (ipfs or "ipfs", command('"$1" init --profile=test,unixfs-v1-2025', ipfs),
                            command('"$1" --offline add -Q --pin=false "$2" >"$3.cid"; sync', ipfs, source, out["ipfs"]),
                            command('"$1" --offline get -o "$2" "$(cat "$2.cid")"; sync; rm "$2.cid"', ipfs, out["ipfs"])),
    }


def beside_peer(place, source, make, put, get):
    """{what: (its Run, ours right before it)}, in a new repository and a new home."""
    home = place.fresh("home")
    steps = {"store": (put, lambda: place.model_storage(home, "store", source, "model")),
             "retrieve": (get, lambda: place.model_storage(home, "retrieve", "model", place.path(place.fresh("out"))))}
    if make:
        make()
    pairs = {}
    for what, (theirs, ours) in steps.items():
        if theirs is not None:
            os.sync()
            mine = ours()
            os.sync()
            pairs[what] = (theirs(), mine)
    return pairs


PEER_TURNS = 3
PEER_SECONDS_MAX = 8  # of a peer's run, for more than one turn


def peers(place):
    size = place.size(2 * GIB)
    source = place.file("model.bin", size)
    measuring.read_pages(source)
    ipfs = kubo(place)
    found, skipped = {}, {}
    for turn in range(place.turns(PEER_TURNS)):
        for name, (program, make, put, get) in peer_commands(place, source, ipfs).items():
            if name in skipped or any(theirs[0].wall > PEER_SECONDS_MAX for (_, one), (theirs, _) in found.items() if one == name):
                continue
            if shutil.which(program) is None:
                skipped[name] = "not installed"
                continue
            try:
                for what, (other, mine) in beside_peer(place, source, make, put, get).items():
                    place.say(f"{turn + 1} {what} {name}: {other.wall:.2f} s, cpu {other.cpu:.2f} s; "
                              f"ours {mine.wall:.2f} s, cpu {mine.cpu:.2f} s")
                    theirs, ours = found.setdefault((what, name), ([], []))
                    theirs.append(other)
                    ours.append(mine)
            except (measuring.Failed, OSError) as failure:
                skipped[name] = str(failure).splitlines()[0]
                place.say(f"{name} did not run: {failure}")
        place.remove_fresh()  # all that a turn made takes some 40 GiB
    runs, rows, faster = {}, {"store": [], "retrieve": []}, []
    for (what, name), (theirs, ours) in found.items():
        ratio = median(ratios(ours, theirs))
        runs[f"{what}: {name}"], runs[f"{what}: model-storage beside {name}"] = theirs, ours
        rows[what] += [page.cost_row(name, theirs, size, ratio), page.cost_row("model-storage beside it", ours, size)]
        if ratio > 1:
            faster.append(f"{name} ({what})")
    said = "Faster than us in wall time: " + (", ".join(faster) or "none of them") + ".\n"
    if skipped:
        said += "\nDid not run: " + "; ".join(f"{name}: {why}" for name, why in skipped.items()) + ".\n"
    return {
        "title": f"Beside other tools, one file of {size // MIB} MiB",
        "promises": [],
        "parts": [
            {"text": f"{place.turns(PEER_TURNS)} runs each, one where it takes more than {PEER_SECONDS_MAX} s, each right after one of "
                     "ours; defaults of each tool (restic encrypts, borg and casync compress); `sync` at the end of what does not do "
                     "it. " + said},
            {"text": "\nStore:\n"},
            {"columns": page.COST_COLUMNS, "rows": rows["store"]},
            {"text": "\nBring back:\n"},
            {"columns": page.COST_COLUMNS, "rows": rows["retrieve"]},
        ],
        "raw": page.raw_rows(runs),
    }


def memory_allowed(jobs):
    return (24 + 20 * jobs) * MIB


def grown(place, source, jobs, chunk, series):
    """{command: Run} of one size in one way; the seconds that all of it took, with what is removed before."""
    started = time.monotonic()
    settings = [f"storage.chunkSize={chunk}"]
    place.remove("home", "out.bin")
    steps = {
        "store": lambda: place.model_storage("home", "store", source, "model", jobs=jobs, settings=settings),
        "verify": lambda: place.model_storage("home", "verify", "model", jobs=jobs),
        "retrieve": lambda: place.model_storage("home", "retrieve", "model", place.path("out.bin"), jobs=jobs),
    }
    runs = in_turns(1, steps, lambda text: place.say(f"{source.stat().st_size // MIB} MiB, {series}: {text}"))
    return {name: run for name, (run,) in runs.items()}, time.monotonic() - started


def growth(place):
    sizes = [place.size(number * GIB) for number in (1, 4, 16)]
    rows, raw, promises, left_out = [], {}, [], []
    seconds, peaks, took = {}, {}, {}
    for size in sizes:
        source = place.file("growth.bin", size, seed=3)
        measuring.read_pages(source)
        for chunk, jobs in ((MIB, 1), (MIB, 2), (64 * 1024, 2), (64 * 1024, 1)):
            series = f"{jobs} worker{'s' if jobs > 1 else ''}, {chunk // 1024} KiB"
            if chunk < MIB and size == sizes[-1] and 1.5 * size / sizes[-2] * took[series] > place.seconds_left():
                left_out.append(f"{size // MIB} MiB with {series}")
                continue
            one, took[series] = grown(place, source, jobs, chunk, series)
            for name, run in one.items():
                rows.append([size // MIB, series, name, f"{run.wall:.2f}",
                             f"{size / run.wall / GIB:.2f}", f"{run.cpu / (size / GIB):.2f}", f"{run.peak / MIB:.1f}"])
                raw[f"{name}, {size // MIB} MiB, {series}"] = [run]
                seconds.setdefault(f"{name}, {series}", []).append((size / GIB, run.wall))
                peaks.setdefault((name, jobs, chunk), {})[size] = run.peak
    place.remove("home", "out.bin", "growth.bin")
    for jobs in (1, 2):
        peak = max(max(found.values()) for (_, one, _), found in peaks.items() if one == jobs)
        promises.append(page.promise(f"peak memory with {jobs} worker(s), up to {sizes[-1] // MIB} MiB",
                                     f"at most {memory_allowed(jobs) // MIB} MiB", f"{peak / MIB:.1f} MiB", peak <= memory_allowed(jobs)))
    worst = max(found[max(found)] / found[sizes[0]] for found in peaks.values())
    promises.append(page.promise(f"peak memory at {sizes[-1] // MIB} MiB over that at {sizes[0] // MIB} MiB", "at most 1.05 times",
                                 f"{worst:.3f} times", worst <= 1.05))
    drawings = {
        f"benchmarks-{name}.svg": plot.lines(f"{name}: seconds against GiB", "GiB", "seconds",
                                             {key.split(", ", 1)[1]: points for key, points in seconds.items() if key.startswith(name)})
        for name in ("store", "retrieve", "verify")
    }
    return {
        "title": "Growth",
        "promises": promises,
        "parts": [
            {"text": "".join(f"![{name}]({name})\n" for name in drawings)
                     + (f"\nLeft out for want of time: {', '.join(left_out)}.\n" if left_out else "")},
            {"columns": ["MiB", "with", "command", "wall s", "GiB/s", "CPU s / GiB", "peak MiB"], "rows": rows},
        ],
        "drawings": drawings,
        "raw": page.raw_rows(raw),
    }


def count_in_json(stream, key):
    """Counted by another process: the size of this one is the least that the peak of a command can be."""
    counting = "import json, sys; print(len(json.load(sys.stdin)[sys.argv[1]]))"
    done = subprocess.run([sys.executable, "-c", counting, key], stdin=stream, stdout=subprocess.PIPE, check=True)
    return int(done.stdout)


def chunks(place):
    count = place.size(1 << 20)
    size = count * 4096
    folder = place.memory_folder(2 * size)
    home = folder / "chunks-home"  # an absolute path: joined to the work folder it stays what it is
    source = place.file("chunks.bin", size, seed=5)
    with open(place.path("chunks.json"), "wb") as listing:
        steps = {
            "store": lambda: place.model_storage(home, "store", source, "model", jobs=2, settings=["storage.chunkSize=4096"]),
            "verify": lambda: place.model_storage(home, "verify", "model", jobs=2),
            "info --chunks --json": lambda: place.model_storage(home, "info", "model", "--chunks", "--json", jobs=2, stdout=listing),
            "retrieve": lambda: place.model_storage(home, "retrieve", "model", place.path("chunks.out"), jobs=2),
        }
        runs = in_turns(1, steps, place.say)
    with open(place.path("chunks.json"), "rb") as listing:
        listed = count_in_json(listing, "chunks")
    measuring.run(["cmp", source, place.path("chunks.out")])
    measuring.run(["rm", "-rf", home])
    place.remove("chunks.out", "chunks.bin", "chunks.json")
    peak = max(several[0].peak for several in runs.values())
    return {
        "title": f"A model of {count} chunks",
        "promises": [
            page.promise(f"peak memory of a model of {count} chunks, 2 workers", f"at most {memory_allowed(2) // MIB} MiB",
                         f"{peak / MIB:.1f} MiB", peak <= memory_allowed(2)),
            page.promise("info --chunks --json lists every chunk", f"{count}", f"{listed}", listed >= count),
        ],
        "parts": [
            {"text": f"One file in chunks of 4 KiB; about memory, not about disks: the home is in {folder}.\n"},
            {"columns": page.COST_COLUMNS, "rows": [page.cost_row(name, several, size) for name, several in runs.items()]},
        ],
        "raw": page.raw_rows(runs),
    }


def startup(place):
    place.remove("home")
    source = place.file("little.bin", MIB, seed=9)
    place.model_storage("home", "store", source, "model")
    turns = place.turns(50)
    commands = {"--version": ["--version"], "list": ["list"], "config": ["config"], "info": ["info", "model"]}
    runs = in_turns(turns, {name: lambda words=words: place.model_storage("home", *words) for name, words in commands.items()})
    models = 10000 if not place.small else 1000
    making = place.memory_folder(GIB) / "many-home-made"
    measuring.run([place.program("bench/bench_many_models"), making, place.root / "LICENSE", str(models)])
    measuring.run(["cp", "-r", making, place.path("many-home")])
    measuring.run(["rm", "-rf", making])
    runs.update(in_turns(turns, {f"list, 100 of {models} models": lambda: place.model_storage("many-home", "list", "--limit", "100")}))
    place.remove("home", "many-home")
    promises = []
    for name, several in runs.items():
        most = 50 if name.startswith("list,") else 10
        wall = 1000 * median([run.wall for run in several])
        place.say(f"{name}: {wall:.1f} ms")
        promises.append(page.promise(f"`{name}`", f"at most {most} ms", f"{wall:.1f} ms", wall <= most))
    rows = [[name, f"{1000 * median([run.wall for run in several]):.1f}", f"{1000 * median([run.cpu for run in several]):.1f}",
             f"{max(run.peak for run in several) / MIB:.1f}"] for name, several in runs.items()]
    return {
        "title": "Start-up",
        "promises": promises,
        "parts": [
            {"text": "Whole processes, from starting to reaping.\n"},
            {"columns": ["command", "wall ms", "CPU ms", "peak MiB"], "rows": rows},
        ],
        "raw": page.raw_rows({name: several[:5] for name, several in runs.items()}),
    }


class DiskWatch:
    """The most space that the files below a folder take at any time, each inode once."""

    def __init__(self, folder):
        self.folder = folder
        self.most = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def used(self):
        found = {}
        for place, _, names in os.walk(self.folder):
            for name in names:
                try:
                    status = os.lstat(os.path.join(place, name))
                except OSError:
                    continue
                found[status.st_ino] = status.st_blocks * 512
        return sum(found.values())

    def watch(self):
        while not self.ended.wait(0.005):
            self.most = max(self.most, self.used())

    def __enter__(self):
        self.before = self.used()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def update(place):
    each = place.size(256 * MIB)
    place.remove("versions", "outputs", "home")
    for number in range(10):
        place.file(f"versions/part-{number}.safetensors", each, seed=20 + number)
    place.model_storage("home", "store", place.path("versions"), "model")
    (place.path("versions") / "part-3.safetensors").unlink()
    place.file("versions/part-3.safetensors", each, seed=99)
    second = {"store of version 2": [place.model_storage("home", "store", place.path("versions"), "model")]}
    place.path("outputs").mkdir()
    out = place.path("outputs") / "model"
    runs, extra = {"retrieve version 1": [], "retrieve --force version 2": []}, []
    for turn in range(place.turns(3)):
        measuring.run(["rm", "-rf", out])
        runs["retrieve version 1"].append(place.model_storage("home", "retrieve", "model@1", out))
        with DiskWatch(place.path("outputs")) as watch:
            runs["retrieve --force version 2"].append(place.model_storage("home", "retrieve", "model@2", out, "--force"))
        extra.append(watch.most - watch.before)
        measuring.run(["diff", "-r", place.path("versions"), out])
        place.say(f"{turn + 1}: {runs['retrieve --force version 2'][-1].wall:.2f} s, {extra[-1] / MIB:.0f} MiB more disk")
    place.remove("versions", "outputs", "home")
    runs.update(second)
    forced = runs["retrieve --force version 2"]
    read, written = median([run.read for run in forced]), median([run.written for run in forced])
    return {
        "title": "Version 2 with 1 of 10 files changed",
        "promises": [
            page.promise("extra disk of retrieve --force", f"at most {(each + 64 * MIB) // MIB} MiB", f"{max(extra) / MIB:.0f} MiB",
                         max(extra) <= each + 64 * MIB),
            page.promise("only the changed file is written", f"at most {each / MIB:.0f} MiB and 1 MiB", f"{written / MIB:.0f} MiB",
                         written <= each + MIB),
            page.promise("unchanged files are read once (the old and the new bytes of the changed one, and the old ones once more for "
                         "chunks to keep)", f"at most {12 * each / MIB:.0f} MiB and 16 MiB", f"{read / MIB:.0f} MiB",
                         read <= 12 * each + 16 * MIB),
        ],
        "parts": [{"columns": page.COST_COLUMNS, "rows": [page.cost_row(name, several, 10 * each) for name, several in runs.items()]}],
        "raw": page.raw_rows(runs),
    }


IN_ORDER = [sha256, store, again, files, startup, update, shared, peers, chunks, growth]
