#!/usr/bin/env python3
"""The seed corpus: one text file per target, one input per line in base64.

  seeds.py unpack TARGET FOLDER      writes each input into a file of its own, for the fuzzer
  seeds.py pack TARGET FOLDER…       gathers inputs from folders, the short ones first, up to a limit

Packing is for inputs that were reduced before, as README.md says.
"""

import base64
import hashlib
import pathlib
import sys

# All seven files together stay below 200 KiB.
LIMIT = 26 * 1024

SEEDS = pathlib.Path(__file__).parent / "seeds"


def unpack(target, folder):
    folder.mkdir(parents=True, exist_ok=True)
    lines = (SEEDS / f"{target}.txt").read_text().split()
    for line in lines:
        octets = base64.b64decode(line)
        (folder / hashlib.sha1(octets).hexdigest()).write_bytes(octets)


def pack(target, folders):
    inputs = {path.read_bytes() for folder in folders for path in folder.iterdir()}
    lines, size = [], 0
    for octets in sorted(inputs, key=lambda octets: (len(octets), octets)):
        line = base64.b64encode(octets).decode()
        size += len(line) + 1
        if size > LIMIT:
            break
        if line:
            lines.append(line)
    SEEDS.mkdir(exist_ok=True)
    (SEEDS / f"{target}.txt").write_text("".join(line + "\n" for line in lines))
    print(f"{target}: {len(lines)} of {len(inputs)} inputs")


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "unpack":
        unpack(arguments[1], pathlib.Path(arguments[2]))
    elif len(arguments) >= 3 and arguments[0] == "pack":
        pack(arguments[1], [pathlib.Path(folder) for folder in arguments[2:]])
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
