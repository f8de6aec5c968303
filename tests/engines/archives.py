"""Makes the archives that the checks beside this file read.

    python3 tests/engines/archives.py FOLDER

fills FOLDER with

    demo/       what `ochre demo` makes
    hostile/    two syncs from `ochre simulate --hostile`, two days apart, everything published: hostile types and
                names, pages that overlap, events without an id, events whose body changes
    hostile.waiting/
                the same after its first sync, before today was published
    hostile.before, hostile.after
                what the simulator says there was, right before and right after the second sync: JSON texts, one a line
    small/, small.…
                the same in small, for those who read many altered copies

and leaves it alone where it is filled. The binary is `target/debug/ochre`, or what OCHRE_BIN names.
Only the standard library is used.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
EVENTS = 3000
EVENTS_SMALL = 300
NOW = "2026-11-19T20:00:00Z"


def binary() -> str:
    path = Path(os.environ.get("OCHRE_BIN", REPOSITORY / "target/debug/ochre")).absolute()
    if not path.is_file():
        sys.exit(f"{path} is not there: run `cargo build` first")
    return str(path)


def ochre(folder: Path, *arguments: str, **settings: str) -> dict:
    """Runs one command to its end and returns its summary; nothing of the caller's settings gets in."""
    command = [binary(), *arguments, "--json"]
    environment = clean_environment(folder) | settings
    answer = subprocess.run(
        command, check=False, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if answer.returncode != 0:
        sys.exit(f"`{' '.join(command)}` ended with {answer.returncode}\n{answer.stdout}{answer.stderr}")
    return json.loads(answer.stdout.splitlines()[-1])


def clean_environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OCHRE_", "AUDIT_LOG_"))}
    return kept | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "no-config"), "TZ": "Pacific/Auckland"}


@contextmanager
def simulator(folder: Path, events: int):
    """A simulated API; gives its URL."""
    faults = f"duplicate-edge,short-pages:{events // 5},missing-fields:{events // 20},conflict:40"
    command = [binary(), "simulate", "--hostile", "--events", str(events), "--now", NOW, "--fault", faults]
    with (folder / "simulator.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=clean_environment(folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            url = server.stdout.readline().strip()
            if not url.startswith("http://"):
                sys.exit(f"`{' '.join(command)}` gave no URL; see {log.name}")
            yield url
        finally:
            server.terminate()
            server.wait()


def ask(url: str, body: str | None = None) -> bytes:
    with urllib.request.urlopen(url, body.encode() if body else None, timeout=60) as answer:
        return answer.read()


def make_hostile(folder: Path, name: str, events: int) -> None:
    with simulator(folder, events) as url:
        settings = {"AUDIT_LOG_API_KEY": "demo", "OCHRE_API__URL": url, "OCHRE_ARCHIVE": str(folder / name)}
        ochre(folder, "init", **settings)
        first = ochre(folder, "sync", OCHRE_PUBLISH__WHEN="day", **settings)
        if not (first["unpublished_rows"] and first["published_rows"] and first["duplicates"] and first["rejected"]):
            sys.exit(f"the first sync leaves the checks too little to look at: {first}")
        shutil.copytree(folder / name, folder / f"{name}.waiting")
        ask(f"{url}/_sim/clock", '{"advance":"2d"}')
        (folder / f"{name}.before").write_bytes(ask(f"{url}/_sim/truth"))
        ochre(folder, "sync", OCHRE_PUBLISH__WHEN="commit", **settings)
        (folder / f"{name}.after").write_bytes(ask(f"{url}/_sim/truth"))


def make(folder: Path) -> Path:
    """Fills the folder, unless it is filled."""
    done = folder / "done"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            sys.exit(f"{folder} is neither empty nor finished: remove it")
        folder = folder.resolve()
        ochre(folder, "demo", "--events", str(EVENTS), "--archive", str(folder / "demo"))
        make_hostile(folder, "hostile", EVENTS)
        make_hostile(folder, "small", EVENTS_SMALL)
        done.touch()
    return folder


@contextmanager
def archives(arguments: list[str]):
    """The folder named on the command line, or one that is made for the occasion."""
    if len(arguments) > 1 or arguments[:1] == ["--help"]:
        sys.exit(f"usage: {sys.argv[0]} [FOLDER made by archives.py]")
    if arguments:
        yield make(Path(arguments[0]))
        return
    with tempfile.TemporaryDirectory(prefix="ochre-archives-") as folder:
        yield make(Path(folder))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make(Path(sys.argv[1]))
