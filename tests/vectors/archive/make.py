#!/usr/bin/env python3
"""Make the vectors beside this file: one tree in every archive format that is read.

They are made by Python's tarfile, zipfile, gzip, lzma and bz2 and by the zstd program, so by no code of
this project. Licence: as the project; the content was written for it.
"""
import bz2
import gzip
import io
import lzma
import pathlib
import subprocess
import tarfile
import zipfile

here = pathlib.Path(__file__).parent
long_name = "model/" + "n" * 120 + ".bin"
tree = [("model", None), ("model/config.json", b'{"layers": 2}\n'), ("model/empty", b""),
        ("model/empty-folder", None), ("model/grüße.txt", "grüße\n".encode()),
        (long_name, bytes(range(256)) * 3)]


def tar(form):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in tree:
            info = tarfile.TarInfo(name)
            info.mtime, info.uname, info.uid = 1700000000, "somebody", 1000
            if content is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(info)
            else:
                info.size, info.mode = len(content), 0o755
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def zstd(data):
    return subprocess.run(["zstd", "-qc", "--check"], input=data, stdout=subprocess.PIPE, check=True).stdout


def zip_bytes():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in tree:
            info = zipfile.ZipInfo(name + ("/" if content is None else ""), (2023, 11, 14, 22, 13, 20))
            info.external_attr = (0o40755 if content is None else 0o100755) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content or b"")
    return out.getvalue()


pax = tar(tarfile.PAX_FORMAT)
half = len(pax) // 2
vectors = {
    "small.tar": pax,
    "gnu.tar": tar(tarfile.GNU_FORMAT),
    "small.tar.gz": gzip.compress(pax, mtime=0),
    "members.tar.gz": gzip.compress(pax[:half], mtime=0) + gzip.compress(pax[half:], mtime=0) + bytes(100),
    "small.tar.zst": zstd(pax),
    # A skippable frame stands between the two.
    "frames.tar.zst": zstd(pax[:half]) + b"\x50\x2a\x4d\x18\x04\0\0\0skip" + zstd(pax[half:]),
    "small.tar.xz": lzma.compress(pax),
    "small.tar.bz2": bz2.compress(pax),
    "small.zip": zip_bytes(),
}
for name, data in vectors.items():
    (here / name).write_bytes(data)
