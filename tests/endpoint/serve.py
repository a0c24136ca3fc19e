"""Runs a server, the program in the first argument, until standard input is closed: it does not outlive who started it."""

import os
import signal
import sys
import threading

# The server and what it starts get an empty standard input instead.
owner = os.dup(0)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def watch():
    while os.read(owner, 1024):
        pass
    if hasattr(os, "killpg"):
        # Everything that the server started is in its process group.
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


threading.Thread(target=watch, daemon=True).start()
program = sys.argv.pop(1)
exec(compile(program, "server", "exec"), {"__name__": "__main__"})
