#!/usr/bin/env python3
"""Runs the Autobahn suite against our WebSocket server or client and judges the report.

    run.py server --echo target/release/examples/echo [--json S.json]
    run.py client --driver target/release/examples/autobahn_client [--json C.json]
    run.py summary --server S.json --client C.json --write docs/conformance.md [--check]

Exit status: 0 when every case asked for is as it must be, 1 when one is not, 2 when the suite could not be run.
README.md says what is judged and why.
"""

import argparse
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
AGENT = "parlor"
BEGIN, END = "<!-- autobahn:begin -->", "<!-- autobahn:end -->"

# ---------------------------------------------------------------- what the suite holds

# How many cases each subgroup has: 517 in all. Being our own list, it also shows a suite that holds others.
SUBGROUPS = {
    "1.1": 8, "1.2": 8, "2": 11, "3": 7, "4.1": 5, "4.2": 5, "5": 20,
    "6.1": 3, "6.2": 4, "6.3": 2, "6.4": 4, "6.5": 5, "6.6": 11, "6.7": 4, "6.8": 2, "6.9": 4, "6.10": 3,
    "6.11": 5, "6.12": 8, "6.13": 5, "6.14": 10, "6.15": 1, "6.16": 3, "6.17": 5, "6.18": 5, "6.19": 5,
    "6.20": 7, "6.21": 8, "6.22": 34, "6.23": 7,
    "7.1": 6, "7.3": 6, "7.5": 1, "7.7": 13, "7.9": 9, "7.13": 2,
    "9.1": 6, "9.2": 6, "9.3": 9, "9.4": 9, "9.5": 6, "9.6": 6, "9.7": 6, "9.8": 6, "10.1": 1,
    "12.1": 18, "12.2": 18, "12.3": 18, "12.4": 18, "12.5": 18,
    "13.1": 18, "13.2": 18, "13.3": 18, "13.4": 18, "13.5": 18, "13.6": 18, "13.7": 18,
}  # fmt: skip
ALL = [f"{group}.{i}" for group, count in SUBGROUPS.items() for i in range(1, count + 1)]

# Octets in a message of 12.*.N and 13.*.N (1000 messages each; from 11 on also cut into frames).
DEFLATE_SIZES = [16, 64, 256, 1 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10,
                 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10, 128 << 10, 128 << 10, 128 << 10]  # fmt: skip


def key(case):
    return tuple(int(part) for part in case.split("."))


def group(case):
    return key(case)[0]


def deflate_size(case):
    """The message size of a compression case, None for any other."""
    return DEFLATE_SIZES[key(case)[2] - 1] if group(case) in (12, 13) else None


def expand(ranges):
    """{"3.1-7": 1002} -> {"3.1": 1002, ..., "3.7": 1002}"""
    table = {}
    for span, code in ranges.items():
        prefix, _, last = span.rpartition(".")
        first, _, final = last.partition("-")
        for i in range(int(first), int(final or first) + 1):
            table[f"{prefix}.{i}"] = code
    return table


# Where the suite sends what must fail the connection, the code our close frame must have (RFC 6455 7.1.7 and 7.4.1):
# 1002 for a breach of the framing, 1007 for text that is not UTF-8. The suite is content with no close frame at all.
FAIL_CODES = expand({
    "2.5": 1002,        # ping of 126 octets
    "3.1-7": 1002,      # RSV bits without an extension
    "4.1.1-5": 1002,    # reserved data opcodes
    "4.2.1-5": 1002,    # reserved control opcodes
    "5.1-2": 1002,      # fragmented ping, pong
    "5.9-18": 1002,     # continuation of nothing, new message inside a message
    "6.3.1-2": 1007, "6.4.1-4": 1007, "6.6.1": 1007, "6.6.3-4": 1007, "6.6.6": 1007, "6.6.8": 1007, "6.6.10": 1007,
    "6.8.1-2": 1007, "6.10.1-3": 1007, "6.11.5": 1007, "6.12.1-8": 1007, "6.13.1-5": 1007, "6.14.1-10": 1007,
    "6.15.1": 1007, "6.16.1-3": 1007, "6.17.1-5": 1007, "6.18.1-5": 1007, "6.19.1-5": 1007, "6.20.1-7": 1007,
    "6.21.1-8": 1007,
})  # fmt: skip
assert [list(FAIL_CODES.values()).count(code) for code in (1007, 1002)] == [75, 30]

# The same where what is wrong is the suite's own close frame: our answer must not echo its code.
FAIL_CODES |= expand({
    "7.3.2": 1002,      # close payload of one octet
    "7.3.6": 1002,      # close payload of 126 octets
    "7.5.1": 1007,      # close reason that is not UTF-8
    "7.9.1-9": 1002,    # close codes that may not be sent
})  # fmt: skip
assert len(FAIL_CODES) == 117

# What the suite itself only informs about.
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}

SETS = {
    "core": lambda case: group(case) not in (9, 12, 13),
    "9": lambda case: group(case) == 9,
    "quick": lambda case: (deflate_size(case) or 0) <= 8 << 10,
    "all": lambda case: True,
}


def select(words):
    """The cases that `--cases` names: sets, case ids and patterns such as 6.4.*, with commas between them."""
    chosen = set()
    for word in words.split(","):
        if word in SETS:
            found = {case for case in ALL if SETS[word](case)}
        else:
            pattern = re.compile(re.escape(word).replace(r"\*", ".*"))
            found = {case for case in ALL if pattern.fullmatch(case)}
        if not found:
            raise Trouble(f"--cases: '{word}' is no set ({', '.join(SETS)}) and matches no case.")
        chosen |= found
    return sorted(chosen, key=key)


# ---------------------------------------------------------------- judging


def judge(case, result):
    """What is wrong with the result of a case: sentences, none when it is as it must be."""
    if result is None:
        return ["missing from the report"]
    wrong = []
    allowed = {"OK", "INFORMATIONAL"} if case in INFORMATIONAL else {"OK"}
    if result["behavior"] not in allowed:
        wrong.append("verdict")
    if result["behaviorClose"] not in allowed:
        wrong.append("close verdict")
    if not code_right(case, result):
        wrong.append(f"close code must be {FAIL_CODES[case]}")
    return wrong


def code_right(case, result):
    return case not in FAIL_CODES or (result is not None and result["remoteCloseCode"] == FAIL_CODES[case])


def code_text(result):
    return "none" if result["remoteCloseCode"] is None else str(result["remoteCloseCode"])


# ---------------------------------------------------------------- processes


class Trouble(Exception):
    """The suite could not be run."""


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
LISTENING = re.compile(r"\blistening on ws://127\.0\.0\.1:(\d+)/?\s*\n")


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
    raise Trouble(f"{process.name} has not printed `listening on ws://127.0.0.1:PORT` in {limit:.0f} s:{process.tail()}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_echo(path, out, stack):
    """Our echo server: port 0 first, then (should it refuse that, or lose a race for a port) ports that are free."""
    for attempt in range(5):
        port = free_port() if attempt else 0
        process = Process("the echo server", [path, f"127.0.0.1:{port}"], out / "echo.log")
        stack.callback(process.stop)
        if port := wait_listening(process):
            return process, port
        process.child.wait()
    raise Trouble(f"the echo server {process.status_text()} five times before it listened:{process.tail()}")


# ---------------------------------------------------------------- the suite


def install(runner):
    """The runner that is there and the directory of its environment."""
    done = subprocess.run([HERE / "install", runner], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Trouble("the suite is not installed (see above).")
    name, directory = done.stdout.strip().splitlines()[-1].split(" ", 1)
    return name, Path(directory)


def seconds(case):
    """About how long a case takes, most of it pauses of the suite; only used to share the cases out."""
    if size := deflate_size(case):
        return 0.7 + size / 12000
    if group(case) == 6 and key(case)[1] == 4:
        return 2.0
    if case in ("5.19", "5.20"):
        return 1.0
    if group(case) == 9:
        return 0.6 if case in ("9.3.1", "9.4.1") else 0.35 if key(case)[2] >= 6 and key(case)[1] < 3 else 0.15
    return 0.015


def share_out(cases, jobs):
    """Split the cases so that all parts take about the same time."""
    parts = [[0.0, []] for _ in range(min(jobs, len(cases)))]
    for case in sorted(cases, key=seconds, reverse=True):
        part = min(parts, key=lambda part: part[0])
        part[0] += seconds(case)
        part[1].append(case)
    return [sorted(part, key=key) for _, part in parts]


class Suite:
    """One process of the suite with its share of the cases."""

    def __init__(self, runner, directory, mode, cases, out, number, jobs=1, url=None):
        self.cases, self.mode = cases, mode
        self.reports = out / f"reports-{number}"
        log = out / f"suite-{number}.log"
        if runner == "wstest":
            spec = {
                "outdir": str(self.reports), "cases": cases, "exclude-cases": [], "exclude-agent-cases": {},
                "servers": [{"agent": AGENT, "url": url}], "url": "ws://127.0.0.1:9001",
            }  # fmt: skip
            spec_file = out / f"spec-{number}.json"
            spec_file.write_text(json.dumps(spec))
            command = [directory / "bin/python", "-u", HERE / "suite.py", mode, spec_file]
        else:
            command = [directory / "bin/kosoku", "-m", mode, "-p", str(jobs), "-o", self.reports]
            command += [word for case in cases for word in ("-i", case)]
            command.append(url.removeprefix("ws://") if url else "127.0.0.1:0")
        self.process = Process("the suite", command, log, {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"})

    def results(self):
        """Case id -> verdicts, of what has been reported."""
        try:
            agents = json.loads((self.reports / "index.json").read_text())
        except (OSError, ValueError):
            return {}
        found = {}
        for cases in agents.values():
            for case, entry in cases.items():
                found[case] = {name: entry.get(name) for name in ("behavior", "behaviorClose", "remoteCloseCode")}
                with contextlib.suppress(OSError, ValueError, KeyError):
                    detail = json.loads((self.reports / entry["reportfile"]).read_text())
                    found[case]["result"] = detail.get("result")
                    found[case]["resultClose"] = detail.get("resultClose")
        return found

    def running(self):
        """The case begun last (wstest says it)."""
        begun = re.findall(r"^Running test case ID (\S+)", self.process.output(), re.MULTILINE)
        return begun[-1] if begun else None


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


def run(args):
    cases = select(args.cases)
    program = args.echo if args.command == "server" else args.driver
    if not os.access(program, os.X_OK) or not Path(program).is_file():
        raise Trouble(f"{program} is not there or cannot be run; build it first (see README.md).")
    program = Path(program).resolve()
    deflate = any(map(deflate_size, cases))
    big = any((deflate_size(case) or 0) > 8 << 10 for case in cases)
    limit = args.timeout or (3600 if big else 900 if deflate else 420)

    runner, directory = install(args.runner)
    # wstest's own limits for one case: 100 s in 9, 480 s in 12 and 13. kosoku does not say where it is.
    stall = None if runner == "kosoku" else 500 if deflate else 120

    out = (args.out or ROOT / "target/autobahn" / args.command).resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    notes, results = [], {}
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context(open(f"{out}.lock", "w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Trouble(f"another run writes to {out}; give --out another directory.") from error
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        if args.command == "server":
            suites = run_server(args, program, runner, directory, cases, out, limit, stall, notes, stack)
        else:
            suites = run_client(args, program, runner, directory, cases, out, limit, stall, notes, stack)
        for suite in suites:
            part = suite.results()
            results |= part
            if missing := [case for case in suite.cases if case not in part]:
                last = suite.running()
                notes.append(
                    f"{len(missing)} of {len(suite.cases)} cases of {suite.process.log.name} are missing"
                    + (f"; begun last: {last}" if last else "")
                )
    took = time.monotonic() - began

    unasked = sorted(set(results) - set(cases), key=key)
    if unasked:
        notes.append(f"reported but not asked for: {', '.join(unasked)}")
    failures = {case: wrong for case in cases if (wrong := judge(case, results.get(case)))}
    ok = not failures and not notes
    if args.json:
        data = {
            "mode": args.command, "runner": runner, "asked": args.cases, "cases": cases, "ok": ok, "notes": notes,
            "seconds": round(took, 1), "results": {case: results[case] for case in cases if case in results},
        }  # fmt: skip
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(data, indent=1) + "\n")

    report(args.command, runner, cases, results, failures, notes, took, out)
    return 0 if ok else 1


def run_server(args, program, runner, directory, cases, out, limit, stall, notes, stack):
    echo, port = start_echo(program, out, stack)
    parts = [cases] if runner == "kosoku" else share_out(cases, args.jobs)
    suites = []
    for number, part in enumerate(parts, 1):
        url = f"ws://127.0.0.1:{port}"
        suites.append(Suite(runner, directory, "fuzzingclient", part, out, number, args.jobs, url))
        stack.callback(suites[-1].process.stop)
    processes = [suite.process for suite in suites]
    wait_for(processes, processes, limit, stall, notes)
    if echo.status() is not None:
        notes.append(f"the echo server {echo.status_text()} during the run:{echo.tail()}")
    for suite in suites:
        # kosoku's status is 1 when a case fails; wstest's is 0 unless it breaks down itself.
        if runner == "wstest" and suite.process.child.returncode != 0:
            notes.append(f"the suite {suite.process.status_text()}:{suite.process.tail()}")
    return suites


def run_client(args, program, runner, directory, cases, out, limit, stall, notes, stack):
    suites, drivers = [], []
    for number, part in enumerate(share_out(cases, args.jobs), 1):
        suite = Suite(runner, directory, "fuzzingserver", part, out, number)
        stack.callback(suite.process.stop)
        suites.append(suite)
    for number, suite in enumerate(suites, 1):
        port = wait_listening(suite.process)
        if port is None:
            raise Trouble(f"the suite's server {suite.process.status_text()}:{suite.process.tail()}")
        command = [program, f"ws://127.0.0.1:{port}", AGENT]
        drivers.append(Process(f"driver {number}", command, out / f"driver-{number}.log"))
        stack.callback(drivers[-1].stop)
    wait_for(drivers, [suite.process for suite in suites], limit, stall, notes)
    for suite, driver in zip(suites, drivers):
        if driver.child.returncode != 0:
            notes.append(f"{driver.name} {driver.status_text()}:{driver.tail()}")
        if suite.process.status() is not None:
            notes.append(f"the suite's server {suite.process.status_text()}:{suite.process.tail()}")
        # suite.py writes the report when it is told to stop, whether or not the driver asked for it.
        suite.process.stop()
    return suites


def report(mode, runner, cases, results, failures, notes, took, out):
    print(f"Autobahn, our {mode}: {len(cases)} cases by {runner} in {took:.1f} s (reports in {out})")
    for case, wrong in failures.items():
        result = results.get(case)
        if result is None:
            continue
        print(
            f"  {case:8} verdict {result['behavior']}, close {result['behaviorClose']}, "
            f"code {code_text(result)}: {'; '.join(wrong)}"
        )
        for word, name, verdict in (("verdict", "result", "behavior"), ("close verdict", "resultClose", "behaviorClose")):
            if word in wrong and result[verdict] != "NON-STRICT" and result.get(name):
                print(f"           {' '.join(result[name].split())[:160]}")
    missing = [case for case in failures if case not in results]
    if missing:
        print(f"  missing from the report: {', '.join(missing[:40])}{' ...' if len(missing) > 40 else ''}")
    for note in notes:
        print(f"  {note}")
    counts = count(cases, results)
    print(
        f"  {counts['ok']} OK, {counts['non-strict']} NON-STRICT, {counts['informational']} INFORMATIONAL, "
        f"{counts['failed']} FAILED; {counts['close']} close verdicts not OK; "
        f"{counts['codes']} of {counts['codes-asked']} close codes right"
    )
    verdict = "passed" if not failures and not notes else f"FAILED ({len(failures)} cases)"
    print(f"Autobahn, our {mode}: {verdict}", flush=True)


# ---------------------------------------------------------------- the summary


def count(cases, results):
    """How many of the cases ended how. What is missing or not implemented has failed."""
    entries = [(case, results.get(case)) for case in cases]
    verdicts = [result["behavior"] if result else None for _, result in entries]
    closes = [(case, result["behaviorClose"] if result else None) for case, result in entries]
    known = {"ok": "OK", "non-strict": "NON-STRICT", "informational": "INFORMATIONAL"}
    counts = {name: verdicts.count(verdict) for name, verdict in known.items()}
    counts["cases"] = len(entries)
    counts["failed"] = len(entries) - sum(verdicts.count(verdict) for verdict in known.values())
    counts["close"] = sum(
        close != "OK" and not (close == "INFORMATIONAL" and case in INFORMATIONAL) for case, close in closes
    )
    counts["codes-asked"] = sum(case in FAIL_CODES for case, _ in entries)
    counts["codes"] = sum(case in FAIL_CODES and code_right(case, result) for case, result in entries)
    return counts


GROUPS = {
    1: "1 Framing", 2: "2 Pings and pongs", 3: "3 Reserved bits", 4: "4 Opcodes", 5: "5 Fragmentation", 6: "6 UTF-8",
    7: "7 Closing", 9: "9 Limits", 10: "10 Auto-fragmentation", 12: "12 Compression: payloads",
    13: "13 Compression: parameters",
}  # fmt: skip


def summary_table(sides):
    """One row a group and one of totals; for each side the cases, the verdicts and the close codes."""
    heads = ["cases", "OK", "NON-STRICT", "INFORMATIONAL", "FAILED", "close not OK", "codes right"]
    rows = [["Cases"] + [f"{name}: {head}" if i == 0 else head for name, _ in sides for i, head in enumerate(heads)]]
    rows.append([":---"] + ["---:"] * (len(sides) * len(heads)))
    ran = [number for number in GROUPS if any(group(case) == number for _, data in sides for case in data["cases"])]
    for number in [*ran, None]:
        row = ["**All**" if number is None else GROUPS[number]]
        for _, data in sides:
            cases = [case for case in data["cases"] if number in (None, group(case))]
            if not cases:
                row += ["-"] * len(heads)
                continue
            counts = count(cases, data["results"])
            row += [str(counts[name]) for name in ("cases", "ok", "non-strict", "informational", "failed", "close")]
            row.append(f"{counts['codes']} of {counts['codes-asked']}" if counts["codes-asked"] else "-")
        rows.append(row)
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def summary(args):
    sides = []
    for name, path in (("Server", args.server), ("Client", args.client)):
        try:
            data = json.loads(path.read_text())
            if data["mode"] != name.lower():
                raise Trouble(f"{path} is the result of a {data['mode']} run, not of a {name.lower()} run.")
        except (OSError, ValueError, KeyError) as error:
            raise Trouble(f"{path} cannot be read as a result of this script: {error!r}.") from error
        sides.append((name, data))
    table = summary_table(sides)
    sys.stdout.write(table)
    if not args.write:
        return 0

    try:
        text = args.write.read_text()
    except OSError as error:
        raise Trouble(f"{args.write} cannot be read: {error.strerror}.") from error
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise Trouble(f"{args.write} must have the lines `{BEGIN}` and `{END}` once each, in this order.")
    before, rest = text.split(BEGIN)
    written, after = rest.split(END)
    wanted = f"\n\n{table}\n"
    if args.check:
        if written != wanted:
            print(f"{args.write}: the table differs from the result; run this without --check and commit the file.")
            return 1
        print(f"{args.write}: the table is that of the result.")
        return 0
    if written != wanted:
        args.write.write_text(f"{before}{BEGIN}{wanted}{END}{after}")
    return 0


# ---------------------------------------------------------------- the command line


def positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, option, text in (
        ("server", "--echo", "echo server, called as `PATH 127.0.0.1:PORT`"),
        ("client", "--driver", "client driver, called as `PATH ws://127.0.0.1:PORT AGENT`"),
    ):
        command = commands.add_parser(name, help=f"judge our {name}")
        command.add_argument(option, required=True, type=Path, metavar="PATH", help=text)
        command.add_argument(
            "--cases", default="core,9",
            help=f"sets ({', '.join(SETS)}), case ids or patterns, with commas between (default: core,9)",
        )  # fmt: skip
        command.add_argument("--runner", choices=["auto", "wstest", "kosoku"], default="auto")
        command.add_argument("--jobs", type=positive, default=2, help="suites side by side (default: 2)")
        command.add_argument("--timeout", type=positive, help="end the run after so many seconds")
        command.add_argument("--json", type=Path, metavar="OUT", help="write the result here")
        command.add_argument("--out", type=Path, help="directory of logs and reports (default: target/autobahn)")
    command = commands.add_parser("summary", help="make the table of two results")
    command.add_argument("--server", required=True, type=Path, metavar="S.json")
    command.add_argument("--client", required=True, type=Path, metavar="C.json")
    command.add_argument("--write", type=Path, metavar="FILE.md", help="put the table between the file's marker lines")
    command.add_argument("--check", action="store_true", help="only compare: fail when the file's table differs")
    args = parser.parse_args()
    if args.command == "summary" and args.check and not args.write:
        parser.error("--check needs --write")
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    try:
        return summary(args) if args.command == "summary" else run(args)
    except Trouble as trouble:
        print(f"autobahn: {trouble}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 2


if __name__ == "__main__":
    sys.exit(main())
