"""Processes that are always ended: their output in files, their ports, and waiting for them with limits."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import time

from cases import Trouble


class Process:
    """A process in a group of its own, its output in a file."""

    def __init__(self, name, command, log, env=None):
        self.name, self.log = name, log
        try:
            with open(log, "wb") as output:
                self.child = subprocess.Popen(
                    [str(word) for word in command],
                    stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                    start_new_session=True, env={**os.environ, **(env or {})},
                )  # fmt: skip
        except OSError as error:
            raise Trouble(f"{name}: {command[0]} cannot be run: {error.strerror}.") from error

    def status(self):
        return self.child.poll()

    def status_text(self):
        status = self.child.returncode
        return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"exited with status {status}"

    def output(self):
        return self.log.read_text(errors="replace")

    def tail(self):
        lines = self.output().strip().splitlines()[-5:]
        return "".join(f"\n    {line[:200]}" for line in lines) or " (it printed nothing)"

    def stop(self, patience=5.0):
        """End it, and whatever it started: first by request, then by force."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            # Not yet waited for, so the process id, which is the group's too, is still its own.
            if self.child.poll() is not None:
                return
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.child.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(patience)


# The whole line, so that a port is not read half (kosoku has a word before it).
LISTENING = re.compile(r"\blistening on wss?://127\.0\.0\.1:(\d+)/?\s*\n")


def wait_listening(process, limit=20.0):
    """The port a process says it listens on; None when it ended before."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        ended = process.status() is not None
        if found := LISTENING.search(process.output()):
            if not ended:
                return int(found[1])
        if ended:
            return None
        time.sleep(0.02)
    line = "listening on ws://127.0.0.1:PORT"
    raise Trouble(f"{process.name} has not printed `{line}` in {limit:.0f} s:{process.tail()}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(processes, watched, limit, stall, notes):
    """Wait until all have ended; end them when `limit` seconds pass, or `stall` without a word in a watched log."""
    start = time.monotonic()
    heard, sizes = start, None
    while any(process.status() is None for process in processes):
        now = time.monotonic()
        if (latest := [process.log.stat().st_size for process in watched]) != sizes:
            heard, sizes = now, latest
        if now - start > limit:
            notes.append(f"ended after the time limit of {limit:.0f} s")
        elif stall and now - heard > stall:
            notes.append(f"ended after {stall:.0f} s without a new case")
        else:
            time.sleep(0.05)
            continue
        for process in processes:
            process.stop()
