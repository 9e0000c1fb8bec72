"""The table of two results, in the Markdown file that tells of them."""

import json
import sys

from cases import Trouble, count, group

BEGIN, END = "<!-- autobahn:begin -->", "<!-- autobahn:end -->"

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
