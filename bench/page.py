"""docs/benchmarks.md, made from what the sections measured."""

import json
import os
import platform
import subprocess
from pathlib import Path

from measuring import median

GIB = 1 << 30
MIB = 1 << 20

HEAD = """# Benchmarks

Written by `make bench`; no figure here is typed by hand. Every time is that of a whole process, with what it needed to be
durable. Runs that are compared were made in turns (A B A B), a ratio is the median of the ratios of adjacent runs, and other
figures are medians; the raw runs are at the end of each section. CPU is user + system seconds of all threads. Peak is the
largest resident size of a process, or the some 20 MiB of the process that measures where that is more.

"""


def machine(folder):
    """Rows that say where it was measured."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    found = subprocess.run(["df", "--output=fstype,source,target", folder], stdout=subprocess.PIPE, universal_newlines=True)
    filesystem = " ".join(found.stdout.splitlines()[-1].split()) if found.returncode == 0 else "unknown"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "CPU": f"{model}, {len(os.sched_getaffinity(0))} processors",
        "memory": f"{memory / GIB:.0f} GiB",
        "file system": filesystem,
        "kernel": f"{platform.system()} {platform.release()}",
    }


def commit(root):
    """The commit that is measured, and whether the tree has changes to what is built."""
    def git(*words):
        return subprocess.run(["git", "-C", str(root), *words], stdout=subprocess.PIPE, universal_newlines=True).stdout.strip()

    changed = git("status", "--porcelain", "--", "src", "cli", "include", "bench", "meson.build")
    return git("rev-parse", "--short=12", "HEAD") + (" with changes" if changed else "")


def table(columns, rows):
    lines = ["| " + " | ".join(columns) + " |", "|" + "|".join(" --- " for _ in columns) + "|"]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def cost_row(name, runs, size, ratio=None):
    """One row about some runs over size bytes."""
    wall = median([run.wall for run in runs])
    walls = [run.wall for run in runs]
    return [
        name,
        f"{wall:.2f} ({min(walls):.2f}–{max(walls):.2f})",
        f"{size / wall / GIB:.2f}",
        f"{median([run.cpu for run in runs]) / (size / GIB):.2f}",
        f"{max(run.peak for run in runs) / MIB:.0f}",
        "" if ratio is None else f"{ratio:.2f}",
    ]


COST_COLUMNS = ["command", "wall s (min–max)", "GiB/s", "CPU s / GiB", "peak MiB", "ours / it"]


def raw_rows(runs):
    return [
        [name, turn + 1, f"{one.wall:.3f}", f"{one.user:.3f}", f"{one.system:.3f}", f"{one.peak / MIB:.1f}", one.read, one.written]
        for name, several in runs.items()
        for turn, one in enumerate(several)
    ]


RAW_COLUMNS = ["command", "run", "wall s", "user s", "sys s", "peak MiB", "bytes read", "bytes written"]


def promise(text, target, figure, is_kept):
    return {"text": text, "target": target, "figure": figure, "state": "kept" if is_kept else "short"}


def render(results):
    """The whole page; results are section dicts in the order of the page."""
    text = HEAD + "## Promises\n\n"
    text += table(
        ["promise", "target", "measured", "state"],
        [[one["text"], one["target"], one["figure"], one["state"]] for section in results for one in section["promises"]],
    )
    for section in results:
        text += f"\n## {section['title']}\n\n"
        where = ", ".join(f"{key} {value}" for key, value in section["machine"].items())
        text += f"Commit {section['commit']}, {section['date']}; {where}; load before {section['load']}.\n"
        if section.get("failure"):
            text += f"\n**This section did not end:** {section['failure']}\n"
        for part in section["parts"]:
            text += "\n" + (part["text"] if "text" in part else table(part["columns"], part["rows"]))
        if section["raw"]:
            text += "\n<details><summary>Raw runs</summary>\n\n"
            text += table(section.get("raw_columns", RAW_COLUMNS), section["raw"])
            text += "\n</details>\n"
    return text


def write(root, folder, order):
    results = [json.loads((folder / f"{name}.json").read_text()) for name in order if (folder / f"{name}.json").exists()]
    page = root / "docs" / "benchmarks.md"
    temporary = page.with_suffix(".new")
    temporary.write_text(render(results))
    temporary.replace(page)
    for section in results:
        for name, drawing in section.get("drawings", {}).items():
            (root / "docs" / name).write_text(drawing)
