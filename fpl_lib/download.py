"""One large file over HTTP, taken up again where it broke off."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3
from tqdm.auto import tqdm

TIMEOUT = (10.0, 30.0)  # seconds without an answer: to connect, to send the next bytes
ATTEMPTS = 5  # in a row without a byte, once a server has begun to deliver
PAUSE = 1.0  # seconds before such an attempt
BLOCK = 1 << 16


class Refused(Exception):
    """A server did not deliver the file; the message names the server and what it did instead."""


def download(url: str, part: Path, size: int, *, progress: bool = True) -> None:
    """Bring the file `part` to `size` bytes from `url`, keeping the bytes it already has.

    The bytes are only counted here; whoever knows their checksum must compare it. A transfer that
    breaks off goes on with a Range request; a server without ranges starts again from nothing.

    Raises Refused if the server cannot be reached, answers with an error or a web page, has a file
    of another size, or keeps breaking off; what has come until then stays in `part` for the next
    call. OSError if `part` cannot be written.
    """
    host = urlsplit(url).netloc
    delivered, idle = False, 0
    bar = tqdm(total=size, unit="B", unit_scale=True, desc=host, disable=not progress)
    with bar, requests.Session() as session:
        # Compressed transfer would make lengths and ranges meaningless.
        session.headers["Accept-Encoding"] = "identity"
        while (have := _length(part)) != size:
            bar.update(have - bar.n)
            try:
                _transfer(session, url, part, have, size, bar)
                trouble = "closed the connection early"
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                trouble = _in_words(error)
            if _length(part) > have:
                delivered, idle = True, 0
            else:
                idle += 1
            if idle == (ATTEMPTS if delivered else 1):
                raise Refused(f"{host} {trouble}")
            if idle:
                time.sleep(PAUSE)
        bar.update(size - bar.n)


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _transfer(
    session: requests.Session, url: str, part: Path, have: int, size: int, bar: tqdm
) -> None:
    """One request: append to `part` what follows its `have` bytes, or write it anew."""
    wanted = {"Range": f"bytes={have}-"} if have else {}
    with session.get(url, headers=wanted, stream=True, timeout=TIMEOUT) as answer:
        host = urlsplit(url).netloc
        continues = answer.status_code == 206 and _starts_at(answer, have)
        if answer.status_code == 416 or (answer.status_code == 206 and not continues):
            # What lies in `part` is no beginning of this server's file.
            part.unlink(missing_ok=True)
            if not have:
                raise Refused(f"{host} sent a range nobody asked for")
            return _transfer(session, url, part, 0, size, bar)
        if not answer.ok:
            raise Refused(f"{host} answered {answer.status_code} {answer.reason}")
        if "html" in answer.headers.get("Content-Type", ""):
            raise Refused(f"{host} sent a web page instead of the file (a log-in page?)")
        length = answer.headers.get("Content-Length", "")
        begin = have if continues else 0
        if length.isdigit() and begin + int(length) != size:
            raise Refused(f"{host} has a file of {begin + int(length):,} bytes, not of {size:,}")
        bar.update(begin - bar.n)
        with open(part, "ab" if continues else "wb") as file:
            for block in answer.raw.stream(BLOCK, decode_content=False):
                file.write(block)
                bar.update(len(block))
                if file.tell() > size:
                    break
    if _length(part) > size:
        part.unlink()
        raise Refused(f"{host} sent more than {size:,} bytes")


def _starts_at(answer: requests.Response, have: int) -> bool:
    return answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")


def _in_words(error: Exception) -> str:
    """What happened, without the pools, retries and object addresses of the exception's text."""
    for kind, words in (
        (requests.exceptions.ProxyError, "is behind a proxy that refused"),
        (requests.exceptions.SSLError, "has no certificate this machine accepts"),
        (requests.exceptions.ConnectTimeout, f"did not answer within {TIMEOUT[0]:g} s"),
        (requests.exceptions.ReadTimeout, f"was silent for {TIMEOUT[1]:g} s"),
        (urllib3.exceptions.ReadTimeoutError, f"was silent for {TIMEOUT[1]:g} s"),
        (requests.exceptions.ConnectionError, "cannot be reached"),
        (urllib3.exceptions.HTTPError, "broke off the connection"),
    ):
        if isinstance(error, kind):
            return words
    return f"could not be asked ({type(error).__name__})"
