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


def download(url: str, part: Path, size: int) -> None:
    """Bring the file `part` to `size` bytes from `url`, keeping the bytes it already has.

    The bytes are only counted here; whoever knows their checksum must compare it. A transfer that
    breaks off goes on with a Range request; a server without ranges starts again from nothing.

    Raises Refused if the server cannot be reached, answers with an error or a web page, has a file
    of another size, or keeps breaking off; what has come until then stays in `part` for the next
    call. OSError if `part` cannot be written.
    """
    host = host_of(url)
    begun, idle, furthest = False, 0, 0
    bar = tqdm(total=size, unit="B", unit_scale=True, desc=host, disable=None, leave=False)
    with bar, requests.Session() as session:
        # Compressed transfer would make lengths and ranges meaningless.
        session.headers["Accept-Encoding"] = "identity"
        while (have := _length(part)) != size:
            trouble = "closed the connection early"
            try:
                answer, begin = _ask(session, url, have, size)
                with answer:
                    begun = True
                    _pour(answer, part, begin, size, bar)
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                trouble = _in_words(error)
            # Counted from the furthest point, or a server without ranges could go on for ever.
            reached = _length(part)
            idle = 0 if reached > furthest else idle + 1
            furthest = max(furthest, reached)
            if not begun or idle == ATTEMPTS:
                raise Refused(f"{host} {trouble}")
            if idle:
                time.sleep(PAUSE)
        bar.update(size - bar.n)


def host_of(url: str) -> str:
    """The host that messages name, with its port; never a user's name and password."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _ask(
    session: requests.Session, url: str, have: int, size: int
) -> tuple[requests.Response, int]:
    """An answer that brings the file, and the position its first byte has in it: `have` or 0."""
    host = host_of(url)
    wanted = {"Range": f"bytes={have}-"} if 0 < have < size else {}
    answer = session.get(url, headers=wanted, stream=True, timeout=TIMEOUT)
    continues = bool(wanted) and _starts_at(answer, have)
    if answer.status_code == 416 or (answer.status_code == 206 and not continues):
        # What we have is no beginning of this server's file, or it misunderstood the range.
        answer.close()
        if wanted:
            return _ask(session, url, 0, size)
        raise Refused(f"{host} sent a part of the file where the whole was asked for")
    begin = have if continues else 0
    length = answer.headers.get("Content-Length", "")
    if not answer.ok:
        trouble = f"answered {answer.status_code} {answer.reason}"
    elif "html" in answer.headers.get("Content-Type", ""):
        trouble = "sent a web page instead of the file (a log-in page?)"
    elif length.isdigit() and begin + int(length) != size:
        trouble = f"has a file of {begin + int(length):,} bytes, not of {size:,}"
    else:
        return answer, begin
    answer.close()
    raise Refused(f"{host} {trouble}")


def _starts_at(answer: requests.Response, position: int) -> bool:
    return answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(
        f"bytes {position}-"
    )


def _pour(answer: requests.Response, part: Path, begin: int, size: int, bar: tqdm) -> None:
    """Write what `answer` brings to `part`: after its `begin` bytes, or from its start if 0."""
    bar.update(begin - bar.n)
    with open(part, "ab" if begin else "wb") as file:
        written = begin
        for block in answer.raw.stream(BLOCK, decode_content=False):
            file.write(block)
            written += len(block)
            bar.update(len(block))
            if written > size:
                break
    if written > size:
        part.unlink()
        raise Refused(f"{host_of(answer.url)} sent more than {size:,} bytes")


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
