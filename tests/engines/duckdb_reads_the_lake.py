"""DuckDB, which has nothing of ours in it, reads the lake as the documentation says, and finds the record there.

    python3 tests/engines/duckdb_reads_the_lake.py [FOLDER]

needs `duckdb` and `zstandard` from PyPI (`requirements.txt` beside this file; `scripts/test` makes a venv of them) and
a built `ochre`. FOLDER is one that `archives.py` fills; without it one is made and removed again.

Of each archive it checks that
  - there are as many rows as `ochre status` and `ochre verify` say there are events;
  - the ids are unique, are those of the record, and those the simulator says it had;
  - the partition's type is the physical column `event_type` in every row, null where the folder says so, and the
    partition's date is the UTC date of `event_timestamp`;
  - type, times and payload of every row are those of its raw event, however hostile;
  - times are stored as UTC microseconds, and no file has a column `event_date` beside its folder's.
Then it breaks copies of an archive, one thing at a time, and checks that each is noticed.

Exit 0 where all holds, 1 with a line for each thing that does not.
"""

import json
import os
import shutil
import string
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import zstandard

import archives

GLOB = "lake/events/event_date=*/event_type=*/*.parquet"
PLAIN = frozenset(string.ascii_letters + string.digits + "_. :/=+-")
SHOWN_MAX = 10
TIME_COLUMNS = ("event_timestamp", "ingestion_timestamp", "session_issued_at", "session_expires_at")


class Row(NamedTuple):
    """What a raw event and its row in the lake must have in common."""

    id: str
    type: str | None
    type_raw: str | None
    day: date
    occurred_us: int
    ingested_us: int | None
    payload: str | None


class Lake(NamedTuple):
    """What DuckDB sees of an archive."""

    rows: list[Row]
    misplaced: list[tuple]
    shapes: set[tuple]


def commits(archive: Path) -> Iterable[dict]:
    for entry in sorted((archive / "log").glob("*.json")):
        yield json.loads(entry.read_bytes())


def read_record(archive: Path) -> list[Row]:
    events = []
    for commit in commits(archive):
        for fact in commit["actions"]:
            if fact["type"] == "SegmentArchived" and "segment" in fact:
                stored = (archive / fact["segment"]["key"]).read_bytes()
                events += map(row_of, zstandard.ZstdDecompressor().decompress(stored).decode().split("\n")[:-1])
    return events


def instant(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if isinstance(text, str) else None
    except ValueError:
        return None


def micros(at: datetime | None) -> int | None:
    if at is None:
        return None
    span = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def folder_type(text: str | None) -> str | None:
    """The type a partition is named by, as the documentation has it."""
    if not text:
        return None
    named = len(text) <= 64 and PLAIN.issuperset(text) and text not in ("__HIVE_DEFAULT_PARTITION__", "__OTHER__")
    return text if named else "__OTHER__"


def row_of(line: str) -> Row:
    event = json.loads(line)
    occurred, kind = instant(event["eventTimestamp"]), event.get("eventType")
    kind = kind if isinstance(kind, str) else None
    return Row(
        id=event["eventId"],
        type=folder_type(kind),
        type_raw=kind,
        day=occurred.date(),
        occurred_us=micros(occurred),
        ingested_us=micros(instant(event.get("ingestionTimestamp"))),
        payload=canonical(event.get("payload")),
    )


def canonical(value: object) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True)


def read_lake(archive: Path) -> Lake:
    database = duckdb.connect()
    database.execute("set timezone = 'Pacific/Auckland'")  # so that nothing depends on the zone being UTC
    files = str(archive / GLOB).replace("'", "''")
    documented = "hive_partitioning = true, hive_types = {'event_type': VARCHAR, 'event_date': DATE}"
    rows = database.execute(
        f"""select event_id, event_type, event_type_raw, event_date, epoch_us(event_timestamp),
                   epoch_us(ingestion_timestamp), payload
            from read_parquet('{files}', {documented})"""
    ).fetchall()
    # The folder's value hides the column of the same name, so the column is read without folders.
    misplaced = database.execute(
        f"""select place.event_id, place.event_type, inside.event_type, place.event_date, epoch_us(inside.event_timestamp)
            from read_parquet('{files}', {documented}, filename = true, file_row_number = true) place
            full join read_parquet('{files}', hive_partitioning = false, filename = true, file_row_number = true) inside
                using (filename, file_row_number)
            where place.event_type is distinct from inside.event_type
               or place.event_date is distinct from (inside.event_timestamp at time zone 'UTC')::date"""
    ).fetchall()
    shapes = database.execute(
        f"""select distinct name, type, converted_type, logical_type from parquet_schema('{files}')
            where name in {(*TIME_COLUMNS, "event_date")}"""
    ).fetchall()
    return Lake([Row(*row[:6], canonical(json.loads(row[6]) if row[6] else None)) for row in rows], misplaced, set(shapes))


def differences(what: str, wanted: Iterable, found: Iterable) -> list[str]:
    """Both ways, counting how often each occurs."""
    wanted, found = Counter(wanted), Counter(found)
    problems = []
    for title, rest in (("missing", wanted - found), ("too many", found - wanted)):
        shown = [f"    {title}: {item!r}" + (f" ({times} times)" if times > 1 else "") for item, times in rest.items()]
        if shown:
            more = [f"    … and {len(shown) - SHOWN_MAX} more"] if len(shown) > SHOWN_MAX else []
            problems.append("\n".join([f"{what}: {rest.total()} {title}", *shown[:SHOWN_MAX], *more]))
    return problems


def shape_problems(shapes: set[tuple]) -> list[str]:
    problems = [f"{name} is no column of a time in UTC microseconds: {shape}" for name, *shape in sorted(shapes, key=str)
                if name == "event_date" or shape[:2] != ["INT64", "TIMESTAMP_MICROS"] or "isAdjustedToUTC=1" not in shape[2]]
    return problems + [f"there is no column {name}" for name in sorted(set(TIME_COLUMNS) - {shape[0] for shape in shapes})]


def problems_of(lake: Lake, record: list[Row], counts: dict[str, int]) -> list[str]:
    problems = [f"the lake has {len(lake.rows)} rows, {name} says {count}" for name, count in counts.items() if count != len(lake.rows)]
    problems += differences("ids, each once", {row.id for row in record}, (row.id for row in lake.rows))
    problems += differences("rows beside their raw events", record, lake.rows)
    problems += differences("rows whose folder is not their column's", [], lake.misplaced)
    return problems + shape_problems(lake.shapes)


def told(archive: Path, folder: Path) -> dict[str, int]:
    """How many events there are, by the archive's own account."""
    status = archives.ochre(folder, "status", "--archive", str(archive))
    verified = archives.ochre(folder, "verify", "--archive", str(archive))
    return {
        "status": status["totals"]["archived"],
        "status of the lake": status["published_rows"],
        "verify of the record": verified["record_rows"],
        "verify of the lake": verified["lake_rows"],
    }


def truth_problems(record: list[Row], folder: Path) -> list[str]:
    """The simulator lives on while it is read: what it had before must be there, what it has after may."""
    before, after = ([json.loads(line) for line in (folder / f"hostile.{when}").open()] for when in ("before", "after"))
    ids = [row.id for row in record]
    later = set(after) - set(before)
    return differences("the simulator's ids", before, [id for id in ids if id not in later])


def hostile_problems(record: list[Row]) -> list[str]:
    """A check of the check: the hostile archive has to hold what it is made for."""
    types = {row.type_raw for row in record}
    wanted = {None, "", "..", "../../etc/passwd", "123", "Type With Spaces", "événement_créé_日本", "__HIVE_DEFAULT_PARTITION__"}
    return [f"no event has the type {kind!r}: nothing hostile was checked" for kind in sorted(wanted - types, key=str)]


def some_file(archive: Path) -> Path:
    return min(archive.glob("lake/events/event_date=*/event_type=UserLoggedIn/*.parquet"))


def move(file: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file.rename(folder / f"moved-{file.name}")


BREAKAGES: dict[str, Callable[[Path], object]] = {
    "a file is gone": lambda file: file.unlink(),
    "a file is there twice": lambda file: shutil.copy(file, file.with_name(f"again-{file.name}")),
    "a file lies in another type's folder": lambda file: move(file, file.parent.with_name("event_type=123")),
    "a file lies in the folder of no type": lambda file: move(file, file.parent.with_name("event_type=__HIVE_DEFAULT_PARTITION__")),
    "a file lies in another day's folder": lambda file: move(file, file.parents[1].with_name("event_date=2026-02-28") / file.parent.name),
}


def unnoticed(archive: Path, record: list[Row], counts: dict[str, int]) -> list[str]:
    """The breakages that the checks above would let pass."""
    missed = []
    for what, breakage in BREAKAGES.items():
        with tempfile.TemporaryDirectory(prefix="ochre-broken-") as folder:
            broken = Path(folder) / "archive"
            shutil.copytree(archive / "lake", broken / "lake", copy_function=os.link if same_device(archive, folder) else shutil.copy)
            breakage(some_file(broken))
            if not problems_of(read_lake(broken), record, counts):
                missed.append(f"not noticed: {what}")
    return missed


def same_device(one: Path, other: str) -> bool:
    return one.stat().st_dev == os.stat(other).st_dev


def main() -> int:
    with archives.archives(sys.argv[1:]) as folder:
        results = {}
        for name in ("demo", "hostile"):
            record, counts = read_record(folder / name), told(folder / name, folder)
            results[f"{name}: {len(record)} events"] = problems_of(read_lake(folder / name), record, counts)
            if name == "hostile":
                results["hostile: the simulator's truth"] = truth_problems(record, folder)
                results["hostile: hostile indeed"] = hostile_problems(record)
                results[f"hostile: {len(BREAKAGES)} breakages are noticed"] = unnoticed(folder / name, record, counts)
    for what, problems in results.items():
        print(f"{'WRONG' if problems else 'ok'}  {what}", *problems, sep="\n  ")
    return 1 if any(results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
