#!/usr/bin/env python3
"""Runs the Autobahn suite against our WebSocket server or client and judges the report.

    run.py server --echo target/release/examples/echo [--tls] [--json S.json]
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
import subprocess
import sys
import textwrap
import time
from pathlib import Path

sys.dont_write_bytecode = True  # no __pycache__ among the sources

from cases import SETS, Trouble, count, deflate_size, group, judge, key, select  # noqa: E402
from processes import Process, free_port, wait_for, wait_listening  # noqa: E402
from summary import summary  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
AGENT = "parlor"


def make_certificate(directory, out):
    """A certificate and its key, made with what wstest brings along."""
    files = [out / "chain.pem", out / "key.pem"]
    command = [directory / "bin/python", HERE / "certificate.py", *files]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Trouble(f"no certificate could be made: {done.stderr.strip()}")
    return files


def start_echo(path, options, out, stack):
    """Our echo server: port 0 first, then (should it refuse that, or lose a race for a port) ports that are free."""
    for attempt in range(5):
        port = free_port() if attempt else 0
        process = Process("the echo server", [path, f"127.0.0.1:{port}", *options], out / "echo.log")
        stack.callback(process.stop)
        if port := wait_listening(process):
            return process, port
        process.child.wait()
    raise Trouble(f"the echo server {process.status_text()} five times before it listened:{process.tail()}")


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
        # 12.1 and 13 send JSON; the other data compresses worse. From 11 on the messages come in pieces.
        json_data = group(case) == 13 or key(case)[1] == 1
        return 0.6 + size / 20000 * (1 if json_data else 2.5) * (2 if key(case)[2] > 10 else 1)
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


def clean(out):
    """Make the directory, or take an earlier run's files out of it (and nothing else: it may be anybody's)."""
    out.mkdir(exist_ok=True)
    for pattern in ("reports-*", "suite-*.log", "spec-*.json", "driver-*.log", "echo.log", "*.pem"):
        for path in out.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def run(args):
    cases = select(args.cases)
    program = args.echo if args.command == "server" else args.driver
    if not os.access(program, os.X_OK) or not Path(program).is_file():
        raise Trouble(f"{program} is not there or cannot be run; build it first (see README.md).")
    program = Path(program).resolve()
    deflate = any(map(deflate_size, cases))
    big = any((deflate_size(case) or 0) > 8 << 10 for case in cases)
    limit = args.timeout or (3600 if big else 900 if deflate else 420)

    tls = args.command == "server" and args.tls
    if tls and args.runner == "kosoku":
        raise Trouble("kosoku does not speak TLS; --tls is for wstest.")
    runner, directory = install("wstest" if tls else args.runner)
    # wstest's own limits for one case: 100 s in 9, 480 s in 12 and 13. kosoku does not say where it is.
    stall = None if runner == "kosoku" else 500 if deflate else 120

    name = f"{args.command} over TLS" if tls else args.command
    out = (args.out or ROOT / "target/autobahn" / name.replace(" ", "-").lower()).resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    if args.json:
        args.json.unlink(missing_ok=True)  # so that nobody takes an old result for this one's
    notes, results = [], {}
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context(open(f"{out}.lock", "w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Trouble(f"another run writes to {out}; give --out another directory.") from error
        clean(out)
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
            "mode": args.command, "runner": runner, "asked": args.cases, "cases": cases, "ok": ok, "notes": notes, "tls": tls,
            "seconds": round(took, 1), "results": {case: results[case] for case in cases if case in results},
        }  # fmt: skip
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(data, indent=1) + "\n")

    report(name, runner, cases, results, failures, notes, took, out)
    return 0 if ok else 1


def run_server(args, program, runner, directory, cases, out, limit, stall, notes, stack):
    options = ["--backend", args.backend] if args.backend else []
    options += ["--tls", *make_certificate(directory, out)] if args.tls else []
    echo, port = start_echo(program, options, out, stack)
    parts = [cases] if runner == "kosoku" else share_out(cases, args.jobs)
    suites = []
    for number, part in enumerate(parts, 1):
        url = f"{'wss' if args.tls else 'ws'}://127.0.0.1:{port}"
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
        if runner == "kosoku":
            # It ends by itself, some time after /updateReports, with status 1 when a case failed.
            with contextlib.suppress(subprocess.TimeoutExpired):
                suite.process.child.wait(10)
        elif suite.process.status() is not None:
            notes.append(f"the suite's server {suite.process.status_text()}:{suite.process.tail()}")
        # suite.py writes the report when it is told to stop, whether or not the driver asked for it.
        suite.process.stop()
    return suites


def code_text(result):
    return "none" if result["remoteCloseCode"] is None else str(result["remoteCloseCode"])


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
        # For NON-STRICT the suite gives no reason, only that it was one of the expected.
        reasons = {"verdict": "result", "close verdict": "resultClose"} if result["behavior"] != "NON-STRICT" else {}
        for name in [reasons[word] for word in wrong if word in reasons]:
            if result.get(name):
                print(f"           {' '.join(result[name].split())[:160]}")
    missing = [case for case in failures if case not in results]
    if missing:
        text = f"missing from the report: {', '.join(missing)}"
        print(textwrap.fill(text, 110, initial_indent="  ", subsequent_indent="    "))
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
        ("server", "--echo", "echo server, called as `PATH 127.0.0.1:PORT`, and `--backend NAME` and `--tls CHAIN KEY` behind it"),
        ("client", "--driver", "client driver, called as `PATH ws://127.0.0.1:PORT AGENT`"),
    ):
        command = commands.add_parser(name, help=f"judge our {name}")
        command.add_argument(option, required=True, type=Path, metavar="PATH", help=text)
        if name == "server":
            command.add_argument("--tls", action="store_true", help="the same over TLS: wss in place of ws")
            command.add_argument("--backend", metavar="NAME", help="the backend that the echo server is to run on")
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
