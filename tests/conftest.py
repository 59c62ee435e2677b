"""What every tier needs before its first test."""

import signal

# A shell that starts the suite in the background has it ignore Ctrl-C, and so would each command that a test
# interrupts: programs inherit what is ignored.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["databases"]
