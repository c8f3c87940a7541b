"""The store: objects as JSON text in one SQLite file, a version for every change, and listeners.

A transaction is all or nothing, on the disk and for listeners: they are called once a change is committed, in
the order of versions. Recent changes stay in memory, so that an interrupted watch can resume; after a
restart, only the present version can be resumed.
"""

import json
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from arena.local.api.refusals import gone, of_code
from arena.local.objects import Object
from arena.tuples import NamedTuple

KEEP = 4_000_000
"""Maximum characters of recent changes in memory."""

_TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    type TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    labels TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (type, namespace, name));
CREATE INDEX IF NOT EXISTS labels_of ON objects (type, namespace, name, labels);
CREATE TABLE IF NOT EXISTS ports (port INTEGER PRIMARY KEY, uid TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ports_of ON ports (uid);
CREATE TABLE IF NOT EXISTS version (value INTEGER NOT NULL);
INSERT INTO version SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM version);
"""
FORMATS = (_TABLES,)
"""The SQL that leads from each format of the state folder to the next; 0 is that of a new or unnumbered one.

Add one for every change that an older arena cannot read, be it of these tables or of the files beside them.
"""


class Entry(NamedTuple):
    """One committed change; `before` is the object's text before it."""

    version: int
    type: str
    key: str
    namespace: str
    body: str
    before: str | None


class Row(NamedTuple):
    """A stored object."""

    namespace: str
    name: str
    labels: str
    body: str


class Rows(NamedTuple):
    """A selection of rows, in the order of namespace and name."""

    key: str
    namespace: str | None = None
    name: str | None = None
    after: tuple[str, str] | None = None
    label_texts: tuple[str, ...] = ()
    body_texts: tuple[str, ...] = ()

    def where(self) -> tuple[str, list[str]]:
        """The SQL condition and its values."""
        tests, values = ["type = ?"], [self.key]
        for column, value in (("namespace", self.namespace), ("name", self.name)):
            if value is not None:
                tests.append(f"{column} = ?")
                values.append(value)
        if self.after:
            tests.append("(namespace, name) > (?, ?)")
            values += self.after
        for column, texts in (("labels", self.label_texts), ("body", self.body_texts)):
            tests += [f"instr({column}, ?) > 0"] * len(texts)
            values += texts
        return " AND ".join(tests), values


Listener = Callable[[Entry], None]


class Store:
    """Every method may be called from any thread; disk failures raise Refused 507 or 500."""

    def __init__(self, path: Path | str) -> None:
        self.lock = threading.RLock()
        self._listeners: dict[object, Listener] = {}
        self._ring: deque[Entry] = deque()
        self._kept = 0
        self._pending: list[Entry] | None = None
        self._texts: dict[tuple[str, str, str], str] = {}  # what the transaction has read and written
        self._dry, self._path = False, path
        with _honest(path):
            self._db = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False)
            self._migrate()
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA journal_size_limit = 8000000")
            self._version: int = self._db.execute("SELECT value FROM version").fetchone()[0]
        self._floor = self._version

    def _migrate(self) -> None:
        """Bring the file to the newest format, whole or not at all.

        Raises:
            Refused: 500, a newer arena wrote it.
        """
        found: int = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found > len(FORMATS):
            raise of_code(500, f"a newer arena wrote the local cluster's state at {self._path} (format "
                          f"{found}, not {len(FORMATS)}); upgrade arena, or delete all of it with: "
                          "arena local reset")  # fmt: skip
        if found < len(FORMATS):
            steps = "".join(FORMATS[found:])
            self._db.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {len(FORMATS)}; COMMIT;")

    @property
    def version(self) -> int:
        """The version of the newest committed change."""
        return self._version

    def close(self) -> None:
        """Close the file, after which the store cannot be used."""
        with self.lock:
            self._db.close()

    @contextmanager
    def transaction(self, dry: bool = False) -> Iterator[None]:
        """A transaction for the block; `dry` rolls it back at the end. Transactions may be nested."""
        with self.lock:
            if self._pending is not None:
                yield
                return
            self._pending, self._dry = [], dry
            try:
                with _honest(self._path):
                    self._db.execute("BEGIN IMMEDIATE")
                yield
                if not dry:
                    self._commit(self._pending)
            finally:
                self._pending, self._dry = None, False
                self._texts.clear()
                if self._db.in_transaction:
                    with _honest(self._path):
                        self._db.execute("ROLLBACK")

    def _commit(self, entries: list[Entry]) -> None:
        with _honest(self._path):
            if entries:
                self._db.execute("UPDATE version SET value = ?", (entries[-1].version,))
            self._db.execute("COMMIT")
        for entry in entries:  # all of them first, so that a failing listener cannot repeat a version
            self._version = entry.version
            self._remember(entry)
        for entry in entries:
            for listener in list(self._listeners.values()):
                listener(entry)

    def _remember(self, entry: Entry) -> None:
        self._ring.append(entry)
        self._kept += _size(entry)
        while self._kept > KEEP and len(self._ring) > 1:
            oldest = self._ring.popleft()
            self._kept -= _size(oldest)
            self._floor = oldest.version

    def read(self, key: str, namespace: str, name: str) -> Object | None:
        """The object, or None."""
        with self.lock, _honest(self._path):
            sql = "SELECT body FROM objects WHERE type = ? AND namespace = ? AND name = ?"
            row = self._db.execute(sql, (key, namespace, name)).fetchone()
            if row and self._pending is not None:
                self._texts[key, namespace, name] = row[0]
        return json.loads(row[0]) if row else None

    def rows(self, rows: Rows, limit: int = -1) -> list[Row]:
        """The selected stored objects, at most `limit` (-1 for all)."""
        where, values = rows.where()
        columns = ", ".join(Row._fields)
        sql = f"SELECT {columns} FROM objects WHERE {where} ORDER BY namespace, name LIMIT ?"
        with self.lock, _honest(self._path):
            return [Row(*row) for row in self._db.execute(sql, (*values, limit))]

    def count(self, rows: Rows) -> int:
        """The number of selected objects."""
        where, values = rows.where()
        with self.lock, _honest(self._path):
            found = self._db.execute(f"SELECT count(*) FROM objects WHERE {where}", values)
            return int(found.fetchone()[0])

    def put(self, key: str, obj: Object, before: Object | None = None) -> Object:
        """Write the object with a new version (in place); only inside a transaction."""
        meta = obj["metadata"]
        version = self._next()
        if not self._dry:
            meta["resourceVersion"] = str(version)
        body, labels = encode(obj), encode(meta.get("labels") or {})
        row = (key, meta.get("namespace", ""), meta["name"])
        with _honest(self._path):
            self._db.execute(
                "INSERT INTO objects VALUES (?, ?, ?, ?, ?) ON CONFLICT (type, namespace, name)"
                " DO UPDATE SET labels = excluded.labels, body = excluded.body",
                (*row, labels, body),
            )
        old, self._texts[row] = (self._texts.get(row) or encode(before)) if before else None, body
        self._note(Entry(version, "MODIFIED" if old else "ADDED", key, row[1], body, old))
        return obj

    def drop(self, key: str, obj: Object) -> Object:
        """Remove the object; its last state gets a version of its own. Only inside a transaction."""
        meta, version = obj["metadata"], self._next()
        old = self._texts.pop(row := (key, meta.get("namespace", ""), meta["name"]), None) or encode(obj)
        with _honest(self._path):
            self._db.execute("DELETE FROM objects WHERE type = ? AND namespace = ? AND name = ?", row)
        meta["resourceVersion"] = str(version)
        self._note(Entry(version, "DELETED", key, row[1], encode(obj), old))
        return obj

    def _next(self) -> int:
        if self._pending is None:
            raise RuntimeError("a write needs a transaction")
        return self._version + len(self._pending) + 1

    def _note(self, entry: Entry) -> None:
        if self._pending is None:
            raise RuntimeError("a write needs a transaction")
        self._pending.append(entry)

    def taken(self, port: int) -> bool:
        """Whether the loopback port is allotted."""
        with self.lock, _honest(self._path):
            return bool(self._db.execute("SELECT 1 FROM ports WHERE port = ?", (port,)).fetchone())

    def take(self, port: int, uid: str) -> None:
        """Allot the port to the object; only inside a transaction."""
        with _honest(self._path):
            self._db.execute("INSERT INTO ports VALUES (?, ?)", (port, uid))

    def release(self, uid: str) -> None:
        """Give back every port of the object; only inside a transaction."""
        with _honest(self._path):
            self._db.execute("DELETE FROM ports WHERE uid = ?", (uid,))

    def listen(self, listener: Listener, since: int | None = None) -> Callable[[], None]:
        """Call `listener`, which must be quick, for every change from now on, in order.

        With `since`, the changes after that version come first. Returns a function that ends it.

        Raises:
            Refused: 410, changes after `since` are no longer known.
        """
        token = object()
        with self.lock:
            if since is not None:
                if since < self._floor:
                    raise gone(f"too old resource version: {since} ({self._floor})")
                for entry in self._ring:
                    if entry.version > since:
                        listener(entry)
            self._listeners[token] = listener

        def end() -> None:
            self._listeners.pop(token, None)

        return end


def encode(obj: object) -> str:
    """Compact JSON text."""
    return json.dumps(obj, separators=(",", ":"))


def _size(entry: Entry) -> int:
    return len(entry.body) + len(entry.before or "")


@contextmanager
def _honest(path: Path | str) -> Iterator[None]:
    try:
        yield
    except UnicodeEncodeError as error:  # a lone surrogate in a name
        raise of_code(400, f"{error.object!a} is not Unicode") from error
    except sqlite3.Error as error:
        text = str(error)
        if "full" in text or "disk I/O" in text or "unable to open" in text:
            raise of_code(507, f"cannot write the local cluster's state at {path}: {text}; free some space "
                          "there and try again") from error  # fmt: skip
        if "readonly" in text or "read-only" in text:
            raise of_code(507, f"cannot write the local cluster's state at {path}: it is read-only; "
                          "make it writable and try again") from error  # fmt: skip
        raise of_code(500, f"the local cluster's state at {path} cannot be read: {text}; "
                      "reset the local cluster to start afresh") from error  # fmt: skip
