"""The one error that is shown to the user without a traceback."""


class BenchError(Exception):
    """Says in a complete sentence what went wrong."""
