"""The `rempart` command: a thin door; each sub-command's module is imported only when it is called."""

from rempart.cli.main import main

__all__ = ["main"]
