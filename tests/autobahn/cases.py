"""The cases of the suite, what each must end in, and the judging of a result."""

import re

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


class Trouble(Exception):
    """The suite could not be run."""
