"""`scripts/verify-by-hand` passes good archives, and reports each copy in which one thing was broken.

    python3 tests/engines/verify_by_hand_sees_tampering.py [FOLDER]

FOLDER is one that `archives.py` fills; without it one is made and removed again. Only the standard library is used.
For each breakage the report has to say a word that only this breakage gives reason for. Exit 0 where all holds.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import archives

WHOLE = ("demo", "hostile", "hostile.waiting", "small", "small.waiting")
SCRIPT = archives.REPOSITORY / "scripts/verify-by-hand"


def verify_by_hand(archive: Path) -> tuple[int, str]:
    answer = subprocess.run([SCRIPT, archive], check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return answer.returncode, answer.stdout + answer.stderr


def change(file: Path, alter: Callable[[bytes], bytes]) -> None:
    """Writes a file anew: copies share their bytes with the archive they were made of."""
    stored = file.read_bytes()
    file.unlink()
    altered = alter(stored)
    assert altered != stored, f"{file} was not altered"
    file.write_bytes(altered)


def flip(stored: bytes) -> bytes:
    middle = len(stored) // 2
    return stored[:middle] + bytes([stored[middle] ^ 1]) + stored[middle + 1 :]


def log(archive: Path) -> list[Path]:
    return sorted((archive / "log").iterdir())


def facts(entry: Path, kind: str) -> list[dict]:
    return [fact for fact in json.loads(entry.read_bytes())["actions"] if fact["type"] == kind]


def entry_with(archive: Path, kind: str) -> Path:
    return next(entry for entry in log(archive) if facts(entry, kind))


def segment(archive: Path) -> Path:
    return archive / facts(entry_with(archive, "SegmentArchived"), "SegmentArchived")[0]["segment"]["key"]


def quarantine(archive: Path) -> Path:
    return next((archive / "record").rglob("*.quarantine.ndjson.zst"))


def lake_file(archive: Path) -> Path:
    return sorted((archive / "lake").rglob("*.parquet"))[7]


def beside(file: Path, name: str) -> None:
    file.with_name(name).write_bytes(file.read_bytes())


def edit_facts(kind: str, edit: Callable[[dict], object]) -> Callable[[Path], None]:
    """Edits the first fact of a kind and mends the chain above it, as one who knows the format would."""

    def breakage(archive: Path) -> None:
        entry = entry_with(archive, kind)

        def altered(stored: bytes) -> bytes:
            commit = json.loads(stored)
            edit(next(fact for fact in commit["actions"] if fact["type"] == kind))
            return (json.dumps(commit, separators=(",", ":")) + "\n").encode()

        change(entry, altered)
        mend_chain(archive)

    return breakage


def sha256(file: Path) -> str:
    return "sha256:" + subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout[:64]


def mend_chain(archive: Path) -> None:
    before = None
    for entry in log(archive):
        commit = json.loads(entry.read_bytes())
        if commit["parent"] != before:
            commit["parent"] = before
            entry.unlink()
            entry.write_text(json.dumps(commit, separators=(",", ":")) + "\n")
        before = sha256(entry)
    shutil.rmtree(archive / "manifest")


def store_again(archive: Path, name: str, alter: Callable[[list[bytes]], list[bytes]]) -> None:
    """Alters the lines of a record object and gives it, the log and the chain the digests that go with it."""
    entry = entry_with(archive, "SegmentArchived")
    old = facts(entry, "SegmentArchived")[0][name]
    file = archive / old["key"]
    text = subprocess.run(["zstdcat", file], capture_output=True, check=True).stdout
    lines = alter(text.splitlines(keepends=True))
    file.unlink()
    file.write_bytes(subprocess.run(["zstd", "-c"], input=b"".join(lines), capture_output=True, check=True).stdout)
    new = sha256(file)
    key = old["key"].replace(old["sha256"][7:], new[7:])
    file.rename(archive / key)
    edit_facts("SegmentArchived", lambda fact: fact[name].update(key=key, sha256=new, bytes=(archive / key).stat().st_size))(archive)


def other_body(lines: list[bytes]) -> list[bytes]:
    quarantined = json.loads(lines[0])
    quarantined["body"] += " "
    return [json.dumps(quarantined).encode() + b"\n", *lines[1:]]


def raise_fetched(fact: dict) -> None:
    fact["fetched"] += 1


def shift_rows(fact: dict) -> None:
    """The same sum, another distribution."""
    day = next(day for day in fact["rows"].values() if len(day) > 1)
    one, other = list(day)[:2]
    day[one] += day.pop(other)


def shift_files(fact: dict) -> None:
    fact["files"][0]["rows"] += 1
    fact["files"][1]["rows"] -= 1


BREAKAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte of a segment flipped": (lambda a: change(segment(a), flip), "does not have the sha256"),
    "a segment cut short": (lambda a: change(segment(a), lambda stored: stored[:-9]), "bytes, the log says"),
    "a segment gone": (lambda a: segment(a).unlink(), "is named by the log and missing"),
    "a byte of a quarantine object flipped": (lambda a: change(quarantine(a), flip), "does not have the sha256"),
    "a line of a segment replaced by another, all digests mended": (
        lambda a: store_again(a, "segment", lambda lines: [lines[1], *lines[1:]]), "in the record more than once"),
    "a line of a segment gone, all digests mended": (
        lambda a: store_again(a, "segment", lambda lines: lines[1:]), "the log says, and the record does not hold"),
    "a quarantined body altered, all digests mended": (
        lambda a: store_again(a, "quarantine", other_body), "a body does not have its sha256"),
    "a log entry gone": (lambda a: log(a)[2].unlink(), "00000000000000000002.json is missing"),
    "the first log entry gone": (lambda a: log(a)[0].unlink(), "00000000000000000000.json is missing"),
    "the last log entry gone": (lambda a: log(a)[-1].unlink(), "does not reach"),
    "a byte of a log entry flipped": (lambda a: change(log(a)[1], flip), "wrong: log/"),
    "a log entry edited": (
        lambda a: change(log(a)[1], lambda stored: stored.replace(b'"command":"sync"', b'"command":"sinc"')), "its parent is not"),
    "the last log entry edited": (
        lambda a: change(log(a)[-1], lambda stored: stored.replace(b'"command":"sync"', b'"command":"sinc"')), "stands on another"),
    "a log entry cut short": (lambda a: change(log(a)[3], lambda stored: stored[:-30]), "is not one line of JSON"),
    "a log entry emptied": (lambda a: change(log(a)[3], lambda stored: b""), "is not one line of JSON"),
    "two log entries changed over": (
        lambda a: (log(a)[1].rename(a / "x"), log(a)[1].rename(a / "log" / f"{1:020}.json"), (a / "x").rename(a / "log" / f"{2:020}.json")),
        "calls itself version"),
    "a stranger in the log": (lambda a: beside(log(a)[1], "1.json"), "does not belong in the log"),
    "archive.json edited": (lambda a: change(a / "archive.json", lambda stored: stored + b" "), "archive.json does not have the sha256"),
    "a body too many in the log's balance": (edit_facts("SegmentArchived", raise_fetched), "is not archived"),
    "rows moved to another type in the log": (edit_facts("SegmentArchived", shift_rows), "the record holds, and the log does not say"),
    "rows moved between lake files in the log": (edit_facts("LakePublished", shift_files), "rows in the lake"),
    "a file left out of a publishing": (edit_facts("LakePublished", lambda fact: fact["files"].pop()), "no entry of the log names it"),
    "an action nobody knows": (
        edit_facts("WalkCompleted", lambda fact: fact.update(type="HoldPlaced")), "is not known to this check"),
    "a key that leads out of the archive": (
        edit_facts("SegmentArchived", lambda fact: fact["segment"].update(key="record/../../x")), "no key of the record"),
    "a byte of a lake file flipped": (lambda a: change(lake_file(a), flip), "does not have the sha256"),
    "a lake file cut short": (lambda a: change(lake_file(a), lambda stored: stored[:-1]), "bytes, the log says"),
    "a lake file gone": (lambda a: lake_file(a).unlink(), "is named by the log and missing"),
    "a lake file there twice": (lambda a: beside(lake_file(a), "copy.parquet"), "no entry of the log names it"),
    "a file hidden in the lake": (lambda a: beside(lake_file(a), "_x.tmp"), "no entry of the log names it"),
    "a file with an odd name in the lake": (lambda a: beside(lake_file(a), "a\nb\x1b[31m.parquet"), "no entry of the log names it"),
    "a lake file replaced by a link": (
        lambda a: (shutil.move(lake_file(a), a / "elsewhere"), lake_file(a).with_name("link.parquet").symlink_to(a / "elsewhere")),
        "is no plain file"),
}


def copy(archive: Path, to: Path) -> Path:
    """A copy whose files share their bytes with the original's where that can be: no breakage writes in place."""
    same = archive.stat().st_dev == to.stat().st_dev
    return Path(shutil.copytree(archive, to / "archive", copy_function=os.link if same else shutil.copy))


def attempt(archive: Path, folder: Path, what: str) -> str | None:
    breakage, word = BREAKAGES[what]
    with tempfile.TemporaryDirectory(dir=folder) as place:
        broken = copy(archive, Path(place))
        breakage(broken)
        code, said = verify_by_hand(broken)
    if code != 1 or word not in said or "\x1b" in said:
        return f"{what}: exit {code}, and was to say `{word}`\n{said}"
    return None


def main() -> int:
    with archives.archives(sys.argv[1:]) as folder, tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        problems = []
        for name in WHOLE:
            code, said = verify_by_hand(folder / name)
            if code != 0:
                problems.append(f"the archive {name} is whole: exit {code}\n{said}")
        _, waiting = verify_by_hand(folder / "small.waiting")
        if "; 0 rows wait" in waiting or " 0 bodies" in waiting:
            problems.append(f"the archive `small.waiting` is to have rows that wait and bodies in quarantine\n{waiting}")
        with ThreadPoolExecutor(os.cpu_count()) as several:
            found = several.map(lambda what: attempt(folder / "small", Path(scratch), what), BREAKAGES)
            problems += filter(None, found)
        # The copies share bytes with it, so it must have stayed as it was.
        if verify_by_hand(folder / "small")[0] != 0:
            problems.append("the breakages have changed the archive they were copied from")
    print(*problems, sep="\n", end="\n" if problems else "")
    counted = f"{len(WHOLE)} whole archives, {len(BREAKAGES)} breakages, {len(problems)} problems"
    print(f"{'WRONG' if problems else 'ok'}  verify-by-hand: {counted}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
