"""A CIFAR-10 of a few random images, in every form the real one comes in, and a server for it."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import struct
import sys
import tarfile
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

from fpl_lib.cifar10 import fetch, npm
from fpl_lib.cifar10 import files as layouts
from fpl_lib.cifar10.load import load_cifar10

fetch_cifar10 = partial(load_cifar10, source="download")
PER_FILE = 20  # two images a class in each of the six files


class FakeCIFAR10:
    """Six files of random images, and what the kit must believe their checksums to be."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.images = rng.integers(0, 256, (6, PER_FILE, 3072), dtype=np.uint8)
        self.labels = np.stack([rng.permutation(np.arange(PER_FILE) % 10) for _ in range(6)])
        pairs = list(zip(self.images, self.labels, strict=True))
        self.bin = dict(zip(layouts.BIN.files, (_records(*pair) for pair in pairs), strict=True))
        self.py = dict(zip(layouts.PY.files, (_pickle(*pair) for pair in pairs), strict=True))
        self.meta = pickle.dumps({"label_names": list(layouts.CLASSES)}, protocol=2)
        self.archive = tarball(
            {
                f"{layouts.PY.folder}/{name}": data
                for name, data in {**self.py, "batches.meta": self.meta, "readme.html": b""}.items()
            }
        )

    def patch(self, monkeypatch) -> None:
        """Let the kit take these files for the official ones, and nothing outside this machine."""
        for layout, files in ((layouts.BIN, self.bin), (layouts.PY, self.py)):
            for name, data in files.items():
                monkeypatch.setitem(layout.md5, name, md5(data))
        monkeypatch.setattr(fetch, "META_MD5", md5(self.meta))
        monkeypatch.setattr(fetch, "ARCHIVE_MD5", md5(self.archive))
        monkeypatch.setattr(fetch, "ARCHIVE_BYTES", len(self.archive))
        monkeypatch.setattr(fetch, "SPACE", 1_000_000)
        monkeypatch.setattr(fetch, "MIRRORS", ())
        monkeypatch.setattr(npm, "IMAGES_PER_FILE", PER_FILE)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def write(self, root: Path, layout: layouts.Layout) -> Path:
        """Put the files into `root` in `layout`; the folder."""
        folder = root / layout.folder
        folder.mkdir(parents=True)
        for name, data in (self.py if layout is layouts.PY else self.bin).items():
            (folder / name).write_bytes(data)
        return folder

    def package(self) -> dict[str, bytes]:
        """The members of the npm package."""
        pictures = (
            np.stack(np.split(images.reshape(PER_FILE, 3, 1024), 3, axis=1), axis=-1)[:, 0]
            for images in self.images
        )
        members = dict(zip(npm._MEMBERS.values(), map(_png, pictures), strict=True))
        members[npm._LABELS["train"]] = json.dumps(self.labels[:5].ravel().tolist()).encode()
        members[npm._LABELS["test"]] = json.dumps(self.labels[5].tolist()).encode()
        return members

    def check(self, data) -> None:
        """Assert that `data` holds these images and labels in the official order."""
        train, test = self.images[:5].reshape(-1, 3, 32, 32), self.images[5].reshape(-1, 3, 32, 32)
        np.testing.assert_array_equal(data.train_images.numpy(), train)
        np.testing.assert_array_equal(data.test_images.numpy(), test)
        np.testing.assert_array_equal(data.train_labels.numpy(), self.labels[:5].ravel())
        np.testing.assert_array_equal(data.test_labels.numpy(), self.labels[5])


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def tarball(members: dict[str, bytes]) -> bytes:
    """A .tar.gz with these members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _records(images: np.ndarray, labels: np.ndarray) -> bytes:
    return b"".join(
        bytes([label]) + image.tobytes() for image, label in zip(images, labels, strict=True)
    )


def _pickle(images: np.ndarray, labels: np.ndarray) -> bytes:
    """A batch as Python 2 pickled it in 2009: protocol 2, byte strings, flags as 0 and 1."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value

    def number(value: int) -> bytes:
        return b"J" + struct.pack("<i", value)

    array = b"".join(
        [
            b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n",
            number(0) + b"\x85" + text(b"b") + b"tR",  # _reconstruct(ndarray, (0,), "b")
            b"(" + number(1) + b"(" + number(len(images)) + number(3072) + b"t",
            b"cnumpy\ndtype\n(" + text(b"u1") + number(0) + number(1) + b"tR",
            b"(" + number(3) + text(b"|") + b"NNN" + number(-1) + number(-1) + number(0) + b"tb",
            b"\x89" + b"T" + struct.pack("<i", images.size) + images.tobytes() + b"tb",
        ]
    )
    items = b"".join(
        [
            text(b"batch_label") + text(b"training batch"),
            text(b"labels") + b"](" + b"".join(number(int(label)) for label in labels) + b"e",
            text(b"data") + array,
            text(b"filenames") + b"](" + text(b"a_s_000001.png") * len(labels) + b"e",
        ]
    )
    return b"\x80\x02}(" + items + b"u."


def install_npm(monkeypatch, folder: Path, body: str) -> None:
    """Put an `npm` first and alone on the PATH: a Python script with `body`."""
    folder.mkdir()
    script = folder / "npm"
    script.write_text(f"#!{sys.executable}\nimport sys, time\nfrom pathlib import Path\n{body}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


class FakeServer:
    """Serves `body` on localhost; `script` lists how the next requests are answered.

    Ways: "range" (the default: as a good server), "whole" (ignores Range), "cut" (a third of
    what it announces), "nothing" (no byte of it), "404", "html", "longer" (without a length),
    "nameless" (ignores Range, without a length), "other" (another file),
    "flipped" (one byte differs), "silent", "shifted" (a range nobody asked for).
    """

    def __init__(self, body: bytes) -> None:
        self.body, self.script, self.ranges = body, [], []
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.httpd.server_port}/cifar-10-python.tar.gz"
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.released.set()
        self.httpd.shutdown()
        self.httpd.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        way = self.script.pop(0) if self.script else "range"
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        body, begin, status, headers = self.body, 0, 200, {}
        if way == "silent":
            self.released.wait(30)
            return
        if way == "404":
            status, body = 404, b"no such file"
        elif way == "html":
            body, headers = b"<html>please log in</html>", {"Content-Type": "text/html"}
        elif way == "other":
            body = b"another file"
        elif way == "flipped":
            body = bytes([body[0] ^ 1]) + body[1:]
        elif way == "longer":
            body += b"more"
        if asked and way not in ("whole", "404", "html", "nameless"):
            begin = int(asked.removeprefix("bytes=").removesuffix("-"))
            if begin >= len(body):
                status, body, begin = 416, b"", 0
            else:
                if way == "shifted":
                    begin -= 1
                status = 206
                headers["Content-Range"] = f"bytes {begin}-{len(body) - 1}/{len(body)}"
        sent = body[begin:]
        request.send_response(status)
        if way not in ("longer", "nameless"):
            headers["Content-Length"] = str(len(sent))
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        share = {"cut": len(sent) // 3, "nothing": 0}.get(way, len(sent))
        request.wfile.write(sent[:share])


def names_in(root: Path) -> set[str]:
    """What a download has left in its folder, the lock aside."""
    return {path.name for path in root.iterdir()} - {"fetch.lock"}
