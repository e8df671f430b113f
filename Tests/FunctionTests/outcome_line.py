"""The line that the agent writes on the serial console."""

import zlib

BOOT = "0e4f1d5c-1c2b-4a39-8877-665544332211"
LATER_BOOT = "7b1d2c3e-9a8b-4c7d-8e6f-001122334455"


def line(instance, volumes, outcome, exit_code=0, reason=None, boot=BOOT):
    """As it is written: it begins a line, and ends it."""
    reason = reason or ("terminate" if outcome == "released" else "-")
    text = (
        f"autoheal-outcome/1 version=0.1.0 instance={instance} boot={boot}"
        f" volumes={','.join(sorted(volumes)) or '-'} outcome={outcome} exit={exit_code} reason={reason}"
    )
    return f"\n{text} crc={zlib.crc32(text.encode()):08x}\n"
