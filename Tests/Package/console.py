"""The lines on a machine's console that programs read from outside, read as they read them."""

import re
import zlib

LINE = re.compile(
    r"autoheal-outcome/1 version=(?P<version>[a-z0-9.-]+) instance=(?P<instance>i-[0-9a-f]+)"
    r" boot=(?P<boot>[0-9a-f-]{36}) volumes=(?P<volumes>-|vol-[0-9a-f]+(?:,vol-[0-9a-f]+)*)"
    r" outcome=(?P<outcome>[a-z-]+) exit=(?P<exit>[0-9]+) reason=(?P<reason>[a-z0-9-]+) crc=(?P<crc>[0-9a-f]{8})"
)


def outcomes(text):
    """Those that begin a line, are nothing but that, and have their sum."""
    found = []
    for line in re.split(r"[\r\n]+", text):
        match = LINE.fullmatch(line)
        if match and int(match["crc"], 16) == zlib.crc32(line[: match.start("crc") - len(" crc=")].encode()):
            found.append(match.groupdict())
    return found


def crc(text):
    return f"{text} crc={zlib.crc32(text.encode()):08x}"
