"""The engine's hash: what is in it, and that each part counts."""

import pytest

from apps.run import engine


@pytest.fixture
def sources(tmp_path):
    files = {name: tmp_path / name for name in ("a.py", "b.sql")}
    for name, path in files.items():
        path.write_text(name)
    return files


VERSIONS = {"numpy": "2.4.6", "scipy": "1.17.1"}


@pytest.mark.parametrize(
    ("_case", "change"),
    [
        ("a source", lambda files, versions: files["a.py"].write_text("changed")),
        ("a new source", lambda files, versions: files.setdefault("c.py", files["a.py"])),
        ("a source less", lambda files, versions: files.pop("b.sql")),
        ("a name", lambda files, versions: files.__setitem__("z.py", files.pop("a.py"))),
        ("a version", lambda files, versions: versions.__setitem__("numpy", "2.4.7")),
    ],
)
def test_every_part_changes_the_hash(sources, _case, change):
    versions = dict(VERSIONS)
    before = engine.fingerprint(sources, versions)
    change(sources, versions)
    assert engine.fingerprint(sources, versions) != before


def test_the_order_in_which_parts_are_found_changes_nothing(sources):
    backwards = dict(reversed(sources.items()))
    assert engine.fingerprint(sources, VERSIONS) == engine.fingerprint(backwards, VERSIONS)


def test_it_covers_what_computes_and_nothing_else():
    names = set(engine._sources())
    assert {
        "pricing/measures.py",
        "apps/result/stages.py",
        "apps/result/sinks.py",
        "apps/result/finalisers.py",
        "apps/run/adapters.py",
        "apps/run/sql/claim.sql",
        "apps/portfolio/dimensions.py",
        "foundation/exact.py",
    } <= names
    apart = {name for name in names if not name.startswith("pricing/")}
    computing = (*engine.COMPUTING, *engine.SHARED, ".sql")
    assert all(name.endswith(computing) for name in apart)


def test_it_is_the_same_each_time():
    assert engine.engine() == engine.engine()
    assert len(engine.engine()) == 64
