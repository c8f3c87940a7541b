"""The store: versions, transactions, resumption, and a disk that fails."""

import contextlib
import json
import resource
import signal
import sqlite3
import threading

import pytest

from arena.local.api import Api
from arena.local.api.store import FORMATS, Rows, Store
from arena.local.objects import CONFIGMAPS, Refused

KEY = "/configmaps"


def thing(name, **data):
    return {"metadata": {"name": name, "namespace": "default"}, "data": data}


@pytest.fixture
def store(tmp_path):
    with contextlib.closing(Store(tmp_path / "state.db")) as one:
        yield one


def put(store, name, **data):
    with store.transaction():
        return store.put(KEY, thing(name, **data), store.read(KEY, "default", name))


def test_a_state_without_a_format(tmp_path, store):
    """A state that was written before formats had numbers is migrated, with all that it holds."""
    put(store, "kept", a=1)
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as old:
        old.execute("DROP INDEX ports_of")
        old.execute("PRAGMA user_version = 0")
    with contextlib.closing(Store(tmp_path / "state.db")) as new:
        assert new.read(KEY, "default", "kept")["data"] == {"a": 1}
        assert new.version == store.version
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as now:
        assert now.execute("PRAGMA user_version").fetchone() == (len(FORMATS),)
        assert now.execute("SELECT 1 FROM sqlite_master WHERE name = 'ports_of'").fetchone()


def test_a_state_of_a_newer_arena(tmp_path, store):
    """What a newer arena wrote is refused in a sentence, and left alone."""
    put(store, "kept", a=1)
    store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as newer:
        newer.execute(f"PRAGMA user_version = {len(FORMATS) + 1}")
    before = (tmp_path / "state.db").read_bytes()
    with pytest.raises(
        Refused, match=r"a newer arena wrote .*; upgrade arena, or delete all of it with: arena"
    ):
        Store(tmp_path / "state.db")
    assert (tmp_path / "state.db").read_bytes() == before


def test_every_change_gets_a_greater_version(store):
    """Creations, changes and deletions are numbered in one rising sequence."""
    versions = [int(put(store, name)["metadata"]["resourceVersion"]) for name in ("a", "b", "a")]
    with store.transaction():
        gone = store.drop(KEY, store.read(KEY, "default", "a"))
    versions.append(int(gone["metadata"]["resourceVersion"]))
    assert versions == sorted(set(versions))
    assert store.version == versions[-1]


def test_versions_go_on_after_a_restart(tmp_path):
    """A restarted store never gives out a version twice, even if the newest object was deleted."""
    with contextlib.closing(Store(tmp_path / "s.db")) as first:
        obj = put(first, "a")
        with first.transaction():
            first.drop(KEY, obj)
        last = first.version
    with contextlib.closing(Store(tmp_path / "s.db")) as second:
        assert second.version == last
        assert int(put(second, "b")["metadata"]["resourceVersion"]) == last + 1


def test_a_failed_transaction_leaves_nothing(store):
    """When a block fails, neither the file nor a listener sees any of it."""
    heard = []
    store.listen(heard.append)
    before = store.version

    def fail():
        with store.transaction():
            store.put(KEY, thing("a"))
            store.take(20000, "uid")
            store.take(20000, "other")

    with pytest.raises(Refused):
        fail()
    assert store.read(KEY, "default", "a") is None
    assert not store.taken(20000)
    assert (heard, store.version) == ([], before)


def test_a_dry_transaction_leaves_nothing(store):
    """What a dry run wrote is gone at its end."""
    with store.transaction(dry=True):
        obj = store.put(KEY, thing("a"))
        assert store.read(KEY, "default", "a") == obj
    assert "resourceVersion" not in obj["metadata"]
    assert store.read(KEY, "default", "a") is None


def test_a_listener_hears_all_changes_in_order(store):
    """With writers in several threads, a listener gets each change once, in the order of versions."""
    heard = []
    store.listen(heard.append)
    threads = [
        threading.Thread(target=lambda n=n: [put(store, f"x-{n}-{i}") for i in range(20)]) for n in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    versions = [entry.version for entry in heard]
    assert versions == list(range(versions[0], versions[0] + 80))


def test_listening_resumes_after_a_version(store):
    """A listener that was away since version N gets every change after N."""
    put(store, "a")
    since = store.version
    put(store, "b")
    put(store, "c")
    heard = []
    store.listen(heard.append, since)
    assert [json.loads(entry.body)["metadata"]["name"] for entry in heard] == ["b", "c"]


def test_a_version_that_is_forgotten_is_gone(store, monkeypatch):
    """Once changes after N are no longer in memory, resuming at N is 410 and never a gap."""
    monkeypatch.setattr("arena.local.api.store.KEEP", 1000)
    since = store.version
    for index in range(20):
        put(store, f"a-{index}", text="x" * 100)
    with pytest.raises(Refused) as refused:
        store.listen(lambda entry: None, since)
    assert (refused.value.code, refused.value.reason) == (410, "Expired")
    store.listen(lambda entry: None, store.version)


def test_a_restart_forgets_older_versions(tmp_path):
    """After a restart the present version can be resumed, an older one is 410."""
    with contextlib.closing(Store(tmp_path / "s.db")) as first:
        put(first, "a")
        put(first, "b")
    with contextlib.closing(Store(tmp_path / "s.db")) as second:
        second.listen(lambda entry: None, second.version)
        with pytest.raises(Refused, match="too old resource version"):
            second.listen(lambda entry: None, second.version - 1)


def test_a_corrupt_file_is_said_so(tmp_path):
    """A file that is not a database is refused with its path and a remedy."""
    path = tmp_path / "state.db"
    path.write_bytes(b"this is not a database, whatever its name says" * 100)
    with pytest.raises(Refused, match=r"state\.db cannot be read") as refused:
        Api(path)
    assert refused.value.code == 500


def fill(api):
    for index in range(50):
        api.create(CONFIGMAPS, {"metadata": {"name": f"big-{index}"}, "data": {"x": "y" * 50_000}})


def test_a_full_disk_writes_nothing_by_halves(tmp_path):
    """When the file cannot grow, the write is refused with 507, and what was there can be read."""
    with contextlib.closing(Api(tmp_path / "state.db")) as api:
        api.create(CONFIGMAPS, {"metadata": {"name": "small"}})
        before = api.store.version
        old = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, old[1]))
            with pytest.raises(Refused) as refused:
                fill(api)
            count = len(api.list(CONFIGMAPS))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
            signal.signal(signal.SIGXFSZ, handler)
        assert refused.value.code == 507
        assert "free some space" in refused.value.message
        assert api.store.version == before + count - 1
        api.create(CONFIGMAPS, {"metadata": {"name": "again"}})
        assert len(api.list(CONFIGMAPS)) == count + 1


def test_pages_come_in_order(store):
    """Rows are read by namespace and name, and after a given place."""
    for name in ("c", "a", "b"):
        put(store, name)
    assert [row.name for row in store.rows(Rows(KEY))] == ["a", "b", "c"]
    assert [row.name for row in store.rows(Rows(KEY, after=("default", "a")), 1)] == ["b"]
    assert store.count(Rows(KEY, after=("default", "a"))) == 2


def test_a_closed_store_refuses(tmp_path):
    """After close every call is refused, none hangs."""
    one = Store(tmp_path / "s.db")
    one.close()
    with pytest.raises(Refused):
        one.read(KEY, "default", "a")
    assert sqlite3.connect(tmp_path / "s.db").execute("SELECT count(*) FROM objects").fetchone() == (0,)
