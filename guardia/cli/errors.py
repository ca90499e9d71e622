"""Why a command cannot do what was asked."""


class UsageError(Exception):
    """Usage or configuration is wrong; the message says what, and what to do."""
