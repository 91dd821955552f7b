"""Become another program that is told when its parent dies: `python launch.py PARENT_PID SIGNAL COMMAND ...`.

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
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background job starts with it ignored, and exec keeps that
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(sys.argv[2]))
        if os.getppid() != int(sys.argv[1]):  # the parent died before the call above
            sys.exit(1)
    os.execvp(sys.argv[3], sys.argv[3:])
