"""The commands of `gateproof`: each module has NAME, HELP, add_arguments(parser) and execute(arguments)."""

from gateproof.verdicts import Exit


class CommandError(Exception):
    """A command cannot go on: one message for the user, and the exit status."""

    def __init__(self, message: str, status: int = Exit.USAGE) -> None:
        """Keep the status beside the message."""
        super().__init__(message)
        self.status = status
