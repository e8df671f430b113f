"""Reads what was published as an instance does: over HTTP, without credentials, and not without end."""

import http.client
import time
import urllib.error
import urllib.request

from stores import digest

# Seconds: until something comes, and for all of it, as long as the curl of an instance waits.
SILENCE, LONGEST = 30.0, 300
PIECE = 1 << 16


def problem(url: str, content: bytes) -> str | None:
    """How this address answers, if not with this content."""
    try:
        # One more tells that there is more.
        found = _read(url, len(content) + 1)
    except urllib.error.HTTPError as error:
        return f"HTTP {error.code}"
    except http.client.HTTPException as error:
        return f"no whole answer of HTTP ({type(error).__name__}: {_printable(error)})"
    # Of an address that cannot be, as in a redirection, it is a ValueError.
    except (OSError, ValueError) as error:
        return _printable(error)
    return _difference(found, content)


def _difference(found: bytes, content: bytes) -> str | None:
    if found == content:
        return None
    if content.startswith(found):
        return f"it ended after {len(found)} of {len(content)} bytes"
    if len(found) > len(content):
        return f"another content, of more than {len(content)} bytes"
    return f"another content, with SHA-256 {digest(found)}, not {digest(content)}"


def _read(url: str, most: int) -> bytes:
    end = time.monotonic() + LONGEST
    found = bytearray()
    with urllib.request.urlopen(url, timeout=SILENCE) as answer:
        while len(found) < most and (piece := answer.read(min(PIECE, most - len(found)))):
            found += piece
            if time.monotonic() > end:
                raise TimeoutError(f"it took more than {LONGEST} seconds")
    return bytes(found)


def _printable(error: Exception) -> str:
    """What a stranger has sent goes to a terminal."""
    text = "".join(each if each.isprintable() else "?" for each in str(error).strip())
    return text[:200] or type(error).__name__
