import pytest

from foundation import sqlfiles


def _folder(tmp_path, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.sql").write_text(text)
    return tmp_path


def test_statements_are_found_by_name_in_every_file(tmp_path):
    folder = _folder(
        tmp_path,
        a="-- Why it is so.\n\n-- name: claim\n-- 50% of a reason\nSELECT 1\n  , 2\n\n"
        "-- name: done\nSELECT 3\n",
        b="-- name: fail\nSELECT '--not a comment'\n",
    )
    assert dict(sqlfiles.load(folder)) == {
        "claim": "SELECT 1\n  , 2",
        "done": "SELECT 3",
        "fail": "SELECT '--not a comment'",
    }


@pytest.mark.parametrize(
    ("_case", "files", "message"),
    [
        ("twice", {"a": "-- name: x\nSELECT 1", "b": "-- name: x\nSELECT 2"}, "second statement"),
        ("no name", {"a": "SELECT 1"}, "a.sql:1: a statement needs"),
        ("no text", {"a": "-- name: x\n-- name: y\nSELECT 1"}, "x has no text"),
        ("no file", {}, "no statements"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error(tmp_path, _case, files, message):
    with pytest.raises(sqlfiles.SqlFileError, match=message):
        sqlfiles.load(_folder(tmp_path, **files))


def test_the_statements_cannot_be_changed(tmp_path):
    statements = sqlfiles.load(_folder(tmp_path, a="-- name: x\nSELECT 1"))
    with pytest.raises(TypeError):
        statements["x"] = "SELECT 2"
