"""Many processes on one home, some of them killed at a moment of chance: nothing acknowledged is lost, nothing waits for ever."""

import subprocess
import threading
import time
from collections import Counter

from product import LONG, trees

WORKERS = 8
OPERATIONS = 1000 if LONG else 25
KILLED_OF_A_HUNDRED = 10
LATEST_KILL_SECONDS = 0.05
PROGRESS_SECONDS_MAX = 60
CONTENTS = 12

# Exit codes that are right when others change the same home at the same time.
ALLOWED = {
    "store": {0},
    "retrieve": {0, 5},
    "verify": {0, 5},
    "info": {0, 5},
    "list": {0},
    "remove": {0, 5},
    "prune": {0, 8},
    "check": {0},
    "repair": {0, 4, 5},  # 4: of a model that is removed, from a copy of another
}
WEIGHTS = {
    "store": 30,
    "retrieve": 15,
    "verify": 15,
    "info": 6,
    "list": 6,
    "remove": 8,
    "prune": 10,
    "check": 4,
    "repair": 6,
}


class Worker:
    """One of many that use a home: only it stores and removes its models, anyone reads them."""

    def __init__(self, number, product, contents, folder, chance):
        self.number = number
        self.product = product
        self.contents = contents
        self.folder = folder
        self.chance = chance
        self.newest = {}  # model id -> the contents that its newest version may have
        self.is_gone = {}  # model id -> whether its bytes may be gone from here: a set of both answers
        self.counts = Counter()
        self.surprises = []
        self.moved_at = time.monotonic()

    def model(self):
        return f"w{self.number}/m{self.chance.randrange(4)}"

    def any_model(self):
        return f"w{self.chance.randrange(WORKERS)}/m{self.chance.randrange(4)}"

    def run(self):
        for _ in range(OPERATIONS):
            name = self.chance.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
            self.step(name)
            self.moved_at = time.monotonic()

    def step(self, name):
        model = self.model() if name in ("store", "remove", "repair") else self.any_model()
        content = self.chance.choice(self.contents)
        output = self.folder / f"out-{self.number}"
        arguments = {
            "store": ["store", content, model],
            "retrieve": ["retrieve", model, output, "--force"],
            "verify": ["verify", model],
            "info": ["info", model],
            "list": ["list", "--all"],
            "remove": ["remove", model],
            "prune": ["prune"],
            "check": ["check"],
            "repair": ["repair", model, "--from", content],
        }[name]
        running = self.product.popen("--quiet", *arguments)
        killed = False
        if self.chance.randrange(100) < KILLED_OF_A_HUNDRED:
            try:
                running.wait(self.chance.random() * LATEST_KILL_SECONDS)
            except subprocess.TimeoutExpired:
                running.kill()
                killed = True
        _, notices = running.communicate()
        killed = killed and running.returncode == -9
        self.counts["killed" if killed else f"{name} {running.returncode}"] += 1
        self.remember(name, model, content, killed, running.returncode == 0)
        if not killed and running.returncode not in ALLOWED[name]:
            self.surprises.append((arguments, running.returncode, notices.decode(errors="replace")))


    def remember(self, name, model, content, killed, succeeded):
        """What may be true of a model now; a killed process may have done its work or not."""
        if not (killed or succeeded) or name not in ("store", "remove", "repair"):
            return
        before = self.is_gone.get(model, {True})
        after = {True, False} if name == "remove" else {False}  # what is removed stays until a prune
        self.is_gone[model] = before | after if killed else after
        if name == "store":
            self.newest[model] = self.newest.get(model, set()) | {content} if killed else {content}


def watch(threads, workers):
    """Until all are done; fails when one of them does not move for a minute."""
    while any(thread.is_alive() for thread in threads):
        for thread in threads:
            thread.join(0.2)
        for worker, thread in zip(workers, threads):
            assert not thread.is_alive() or time.monotonic() - worker.moved_at < PROGRESS_SECONDS_MAX, "no progress"


def bytes_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def prove(worker, product, folder):
    """Each model is what its worker may have left, and is here unless it may be gone."""
    for model, contents in sorted(worker.newest.items()):
        output = folder / "proof"
        ended = product.attempt("retrieve", model, output, "--force")
        is_gone = ended.code == 5
        assert is_gone in worker.is_gone[model], (model, worker.is_gone, ended)
        assert is_gone or bytes_of(output) in [bytes_of(content) for content in contents], model


def test_processes_share_a_home(product, folder, chance, figures):
    contents = []
    for number in range(CONTENTS):
        contents.append(folder / f"content-{number}")
        trees.sharing_model(contents[-1], number, shared=1)
    product.store(contents[0], "seed")
    workers = [
        Worker(number, product, contents, folder, type(chance)(chance.random())) for number in range(WORKERS)
    ]
    threads = [threading.Thread(target=worker.run, daemon=True) for worker in workers]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    watch(threads, workers)
    counts = sum((worker.counts for worker in workers), Counter())
    figures(f"many processes: {sum(counts.values())} operations in {time.monotonic() - started:.0f} s: {dict(counts)}")
    surprises = [surprise for worker in workers for surprise in worker.surprises]
    assert not surprises, surprises[:5]
    assert counts["killed"] > 0 and sum(counts.values()) == WORKERS * OPERATIONS
    for worker in workers:
        prove(worker, product, folder)
    checked = product.run("check", "--read-data")
    assert (checked["badBlocks"], checked["missingBlocks"], checked["ledgerErrors"]) == ([], [], [])
    product.run("prune")
    assert not [path for path in (product.home / "tmp").rglob("*") if path.is_file()], "a dead session is still there"
