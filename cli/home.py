"""Home: the state folder of an installation, `.trellis/` of the working directory unless told otherwise.

```
.trellis/
  run/   <name>.pid and <name>.json of what runs now, lock files
  log/   one file per process, errors.log
  postgres/   the embedded database
  temporal/   the embedded Temporal server's database
```
`TRELLIS_HOME` names another folder. What has a server of its own (`DATABASE_URL`, `TEMPORAL_ADDRESS`)
leaves its part empty.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Home:
    """The state folder; folders are made when they are first asked for."""

    root: Path

    @classmethod
    def here(cls) -> Self:
        """The folder that `TRELLIS_HOME` names, otherwise `.trellis` of the working directory."""
        return cls(Path(os.environ.get("TRELLIS_HOME") or ".trellis").absolute())

    @property
    def postgres(self) -> Path:
        """Where the embedded PostgreSQL keeps its data."""
        return self._made(self.root / "postgres")

    @property
    def temporal(self) -> Path:
        """Where the embedded Temporal server keeps its database."""
        return self._made(self.root / "temporal")

    @property
    def run(self) -> Path:
        """Where pid files, ports and locks are."""
        return self._made(self.root / "run")

    def log(self, name: str) -> Path:
        """The log file of one process."""
        return self._made(self.root / "log") / f"{name}.log"

    def pid(self, name: str) -> int | None:
        """The process id kept under this name, if that process is alive."""
        try:
            number = int((self.run / f"{name}.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return number if is_alive(number) else None

    def keep_pid(self, name: str, pid: int) -> None:
        """Write a pid file, whole or not at all."""
        self._write(self.run / f"{name}.pid", f"{pid}\n")

    def note(self, name: str) -> dict[str, object]:
        """What was last noted under this name (`run/<name>.json`); empty if nothing or not readable."""
        try:
            found = json.loads((self.run / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def keep_note(self, name: str, content: dict[str, object]) -> None:
        """Note something about what runs, whole or not at all."""
        self._write(self.run / f"{name}.json", json.dumps(content, sort_keys=True) + "\n")

    def forget(self, name: str) -> None:
        """Remove the pid file and the note of something that no longer runs."""
        for ending in ("pid", "json"):
            (self.run / f"{name}.{ending}").unlink(missing_ok=True)

    @staticmethod
    def _made(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @staticmethod
    def _write(path: Path, text: str) -> None:
        beside = path.with_name(f"{path.name}.{os.getpid()}.new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)


def is_alive(pid: int) -> bool:
    """Whether a process of this id runs (a zombie does not)."""
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
