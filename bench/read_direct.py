#!/usr/bin/env python3
"""Read all files below a folder from the disk itself, around the page cache, by several threads: the pace of the disk.

    read_direct.py FOLDER THREADS
"""

import concurrent.futures
import mmap
import os
import sys
import threading

SIZE = 1 << 20
own = threading.local()


def read(path):
    if not hasattr(own, "buffer"):
        own.buffer = mmap.mmap(-1, SIZE)  # of whole pages, as direct reads want it
    handle = os.open(path, os.O_RDONLY | os.O_DIRECT)
    try:
        offset = 0
        while (got := os.preadv(handle, [own.buffer], offset)) == SIZE:
            offset += got
    finally:
        os.close(handle)


paths = [os.path.join(place, name) for place, _, names in os.walk(sys.argv[1]) for name in names]
with concurrent.futures.ThreadPoolExecutor(int(sys.argv[2])) as pool:
    list(pool.map(read, paths))
