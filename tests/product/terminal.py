"""A person at a terminal: a run whose terminal the test holds, with an answer for each question."""

import fcntl
import os
import select
import subprocess
import termios
import time
from typing import NamedTuple

SECONDS_MAX = 120
PROMPTS = (b"[y/N] ", b": ")


class Conversation(NamedTuple):
    code: int
    shown: str  # all that stood on the terminal, what was typed too where it was echoed


def converse(product, *arguments, answers=()) -> Conversation:
    """Type the answers, one at each question, in their order."""
    master, terminal = os.openpty()
    running = product.popen(
        *arguments,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(terminal)
    try:
        return _talk(running, master, list(answers))
    finally:
        running.kill()
        running.wait()
        os.close(master)


def _talk(running: subprocess.Popen, master: int, answers: list) -> Conversation:
    shown = b""
    until = time.monotonic() + SECONDS_MAX
    while True:
        assert time.monotonic() < until, shown
        if not select.select([master], [], [], 1)[0]:
            continue
        try:
            more = os.read(master, 65536)
        except OSError:  # nobody has the terminal open any more
            more = b""
        if not more:
            break
        shown += more
        if shown.endswith(PROMPTS) and answers:
            os.write(master, answers.pop(0).encode() + b"\n")
    code = running.wait(timeout=SECONDS_MAX)
    assert not answers, (answers, shown)
    return Conversation(code, shown.decode("utf-8", "replace"))
