"""Starts autobahntestsuite: `python suite.py MODE SPEC.json` (this file runs under Python 2.7).

What `wstest` itself would do, but for four things:
- the fuzzing server listens on 127.0.0.1 only, on a port the kernel picks, and prints
  `listening on ws://127.0.0.1:PORT`; wstest listens on every interface;
- no web server is started on port 8080;
- no HTML reports are written, only JSON;
- when it is told to stop (SIGTERM) it first writes the report of what has been run so far.
"""

from __future__ import print_function

import json
import sys

# This import must be first: it chooses the reactor.
from autobahntestsuite import choosereactor  # noqa: F401
from autobahntestsuite import fuzzing
from twisted.internet import reactor

factories = []


def say(*words):
    print(*words)
    sys.stdout.flush()


def listen_on_loopback(factory, context=None):
    port = reactor.listenTCP(0, factory, 50, "127.0.0.1")
    # The suite compares the Host header's port with this one.
    factory.externalPort = factory.port = port.getHost().port
    say("listening on ws://127.0.0.1:%d" % factory.port)
    return port


def remembering(make):
    def wrapped(self, outdir):
        factories.append(self)
        make(self, outdir)

    return wrapped


def json_only(create):
    def wrapped(self, produceHtml=False, produceJson=True):
        create(self, False, True)

    return wrapped


def write_reports():
    for factory in factories:
        factory.createReports()


def main():
    mode, spec_file = sys.argv[1:]
    with open(spec_file) as file:
        spec = json.load(file)

    fuzzing.listenWS = listen_on_loopback
    fuzzing.FuzzingFactory.__init__ = remembering(fuzzing.FuzzingFactory.__init__)
    fuzzing.FuzzingFactory.createReports = json_only(fuzzing.FuzzingFactory.createReports)
    reactor.addSystemEventTrigger("before", "shutdown", write_reports)

    if mode == "fuzzingclient":
        fuzzing.startClient(spec)
    elif mode == "fuzzingserver":
        fuzzing.startServer(spec, 0)
    else:
        raise SystemExit("no mode is called %r" % mode)
    reactor.run()


if __name__ == "__main__":
    main()
