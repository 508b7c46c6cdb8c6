"""What can be set and called is documented: a reader finds it by its name."""

import re

import pytest
from django.core.management import get_commands

_READ = re.compile(r"\benv(?:\.\w+)?\(\s*f?\"([A-Z][A-Z_]+)(?:\{[^}]*\})?\"")
_ASSIGNED = re.compile(r"^(TIEOUT_[A-Z_]+)\b", re.MULTILINE)


def _settings(repository):
    texts = [
        (repository / "platform" / "config" / name).read_text()
        for name in ("settings.py", "databases.py")
    ]
    found = {name for text in texts for name in _READ.findall(text)}
    return found | set(_ASSIGNED.findall(texts[0]))


def test_every_setting_is_documented(repository):
    guide = (repository / "docs" / "guides" / "settings.md").read_text()
    missing = [name for name in sorted(_settings(repository)) if f"`{name}" not in guide]
    assert missing == []


def test_the_guide_documents_no_setting_that_does_not_exist(repository):
    guide = (repository / "docs" / "guides" / "settings.md").read_text()
    named = set(re.findall(r"^\| `([A-Z][A-Z_]+)", guide, re.MULTILINE))
    known = _settings(repository) | {"TIEOUT_ROLE"}
    assert {
        name for name in named if name.rstrip("_") not in {k.rstrip("_") for k in known}
    } == set()


def test_every_command_of_ours_is_documented(repository):
    guides = "\n".join(
        path.read_text()
        for path in [repository / "README.md", *(repository / "docs").rglob("*.md")]
    )
    ours = {
        name
        for name, app in get_commands().items()
        if app.startswith("apps.") or (app == "foundation" and name != "makemigrations")
    }
    missing = [name for name in sorted(ours) if not re.search(rf"manage\.py {name}\b", guides)]
    assert missing == []


def test_the_guides_name_no_command_that_does_not_exist(repository):
    pages = [repository / "README.md", *(repository / "docs").rglob("*.md")]
    named = {
        name for path in pages for name in re.findall(r"manage\.py ([a-z_]+)\b", path.read_text())
    }
    assert named
    assert named - set(get_commands()) == set()


def test_every_decision_says_what_was_decided_in_its_title(repository):
    for path in (repository / "docs" / "decisions").glob("*.md"):
        number, _, title = path.stem.partition("-")
        assert re.fullmatch(r"\d{4}", number), path.name
        assert len(title.split("-")) >= 3, f"{path.name}: the title is the decision"
        assert path.read_text().startswith("# "), path.name


@pytest.mark.parametrize("line", ["-e ."])
def test_the_project_itself_is_the_last_requirement(repository, line):
    lines = (repository / "requirements.txt").read_text().split("\n")
    assert [entry for entry in lines if entry][-1] == line


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned(repository, name):
    for entry in (repository / name).read_text().splitlines():
        if entry and not entry.startswith(("#", "-")):
            assert re.fullmatch(r"[A-Za-z0-9_.-]+(\[\w+\])?==[\w.]+", entry), entry


def test_every_requirement_has_its_reason(repository):
    reasons = (
        repository / "docs" / "decisions" / "0001-each-dependency-has-a-reason.md"
    ).read_text()
    lines = (repository / "requirements.txt").read_text() + (
        repository / "requirements-dev.txt"
    ).read_text()
    names = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[\w+\])?==", lines, re.MULTILINE)
    assert names
    assert [name for name in names if f"| {name} |" not in reasons] == []
