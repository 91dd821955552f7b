"""Become another program that dies when its parent does: `python launch.py PARENT_PID COMMAND ...`.

Run as a script by `processes.start`, since a `preexec_fn` is unsafe in a process with threads (subprocess docs).
PR_SET_PDEATHSIG survives exec (prctl(2)). Linux only; elsewhere the command simply runs.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(sys.argv[1]):  # the parent died before the call above
            sys.exit(1)
    os.execvp(sys.argv[2], sys.argv[2:])
