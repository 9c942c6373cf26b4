"""Every management command says how many organizations it takes, and keeps to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command, get_commands, load_command_class

from tenants.models import Organization
from tenants.mongodb.monitoring import Command
from tests.isolation.world import CONTROL, SHARED

Commands = Callable[[], AbstractContextManager[list[Command]]]
ALPHA, BETA, GAMMA = "alpha_valuers", "beta_surveyors", "gamma_valuers"
DEMO = {"demo_org_001", "demo_org_002"}
OWN_APPS = ("tenants", "banks", "reports", "valuation")


@dataclass(frozen=True, slots=True)
class Run:
    """How a command is run, and which organizations' databases it must touch: no other, and none fewer."""

    arguments: tuple[str, ...] = ()
    touches: frozenset[str] = frozenset()
    # Whether the demo firms are there already.
    after_demo: bool = False


RUNS: dict[str, tuple[Run, ...]] = {
    "verify_audit": (Run(("--all",), frozenset({ALPHA, BETA})),),
    "create_org": (
        Run((GAMMA, "--name", "Gamma Valuers", "--initials", "GV"), frozenset({GAMMA})),
        # Again, for one that is there: its collections are looked after.
        Run((ALPHA, "--name", "Alpha Valuers", "--initials", "AV"), frozenset({ALPHA})),
    ),
    "check_org": (Run(("--all",), frozenset({ALPHA, BETA})),),
    "fleet_status": (Run(), Run(("--measure",))),
    "load_banks": (Run(),),
    "load_formats": (Run(), Run(("--dry-run",))),
    "migrate": (Run(("--database", "default")), Run(("--database", "shared"))),
    "rename_org": (Run((ALPHA, "--name", "Another")),),
    "runworker": (Run(("--until-empty", "--without-duties")),),
    "migrate_orgs": (Run(touches=frozenset({ALPHA, BETA})),),
    "setup": (Run(touches=frozenset({ALPHA, BETA})),),
    "load_demo": (Run(("--without-reports",), frozenset(DEMO)), Run(("--unless-in-use",))),
    "load_demo_reports": (Run(touches=frozenset(DEMO), after_demo=True),),
}
# Shown elsewhere: they need a server that asks for passwords.
SHOWN_ELSEWHERE = {
    "restrict_shared": "Needs a server with users; see the tests of database users.",
    "import_legacy": "Reads a dump and writes the organizations that it names; see test_import_legacy.py.",
    "export_formats": "Writes a folder; see reports/tests/test_load_formats.py.",
    "import_branches": "Takes a file; see banks/exchange/tests/test_applying.py.",
    "restrict_cluster": "Needs a server with users; see the tests of database users.",
    "own_database_user": "Needs a server with users; see the tests of database users.",
    "export_org": "Reads through the client of operations, which is not recorded; see test_export.py.",
    "offboard_org": "Works through the client of operations, which is not recorded; see test_offboard.py.",
    "backup_org": "Reads through the client of operations, which is not recorded; see test_backup.py.",
    "run_due_backups": "Reads through the client of operations; see test_backup_retention.py.",
    "restore_org": "Works through the client of operations, which is not recorded; see test_restore.py.",
    "clone_org": "Works through the client of operations, which is not recorded; see test_clone.py.",
    "move_org": "Works through the client of operations, which is not recorded; see test_move.py.",
}
# What a command says of the organizations it is given; these make the demo firms, whatever else is there.
MAKE_THE_DEMO_FIRMS = {
    "load_demo": "Makes the two demo firms, and takes no organization.",
    "load_demo_reports": "Fills the demo firms alone: samples are not for other people's reports.",
}


def own_commands() -> dict[str, str]:
    """Every management command of our apps: name → ``organizations``."""
    found = {name: app for name, app in get_commands().items() if str(app) in OWN_APPS}
    return {
        name: getattr(load_command_class(str(app), name), "organizations", "") for name, app in found.items()
    }


def commands_on_disk() -> Iterator[str]:
    root = Path(__file__).resolve().parents[2]
    for path in root.glob("*/management/commands/*.py"):
        if not path.stem.startswith("_"):
            yield path.stem


@pytest.fixture
def firms(firm: Organization, rival: Organization, formats: None) -> None:
    """Two firms, each with a migration to apply, and the shared resources."""
    Organization.objects.update(migrations=[])


@pytest.fixture
def demo_firms(firms: None) -> None:
    call_command("load_demo", without_reports=True, stdout=StringIO())


def touched(commands: Commands, name: str, run: Run) -> set[str]:
    """The organizations' databases that a run sends commands to."""
    with commands() as sent:
        call_command(name, *run.arguments, stdout=StringIO(), stderr=StringIO())
    return {one.database for one in sent} - {CONTROL, SHARED, "admin"}


def test_every_command_of_ours_is_run_here_or_says_where() -> None:
    assert set(commands_on_disk()) == set(RUNS) | set(SHOWN_ELSEWHERE)


def test_django_finds_every_command_of_ours() -> None:
    assert set(own_commands()) == set(commands_on_disk())


@pytest.mark.parametrize("name", sorted([*RUNS, *SHOWN_ELSEWHERE]))
def test_it_says_how_many_organizations_it_takes(name: str) -> None:
    assert own_commands()[name] in ("one", "all", "none")


@pytest.mark.parametrize(
    ("name", "run"),
    [
        pytest.param(name, run, id=" ".join((name, *run.arguments)))
        for name, runs in RUNS.items()
        for run in runs
    ],
)
def test_it_touches_the_databases_of_its_organizations_alone(
    request: pytest.FixtureRequest, commands: Commands, name: str, run: Run
) -> None:
    request.getfixturevalue("demo_firms" if run.after_demo else "firms")
    assert touched(commands, name, run) == run.touches


@pytest.mark.parametrize("name", sorted(RUNS))
def test_what_it_touches_is_what_it_says(name: str) -> None:
    declared, runs = own_commands()[name], RUNS[name]
    if name in MAKE_THE_DEMO_FIRMS:
        assert all(run.touches <= DEMO for run in runs)
    elif declared == "none":
        assert not any(run.touches for run in runs)
    elif declared == "one":
        assert all(len(run.touches) == 1 and run.touches <= set(run.arguments) for run in runs)
    else:
        assert all(run.touches == {ALPHA, BETA} for run in runs)


def test_a_command_that_takes_one_organization_takes_it_as_an_argument() -> None:
    takers = [name for name, declared in own_commands().items() if declared == "one"]
    without = [
        name for name in takers if "org_id" not in {action.dest for action in parser_of(name)._actions}
    ]
    assert (bool(takers), without) == (True, [])


def parser_of(name: str) -> Any:
    return load_command_class(str(get_commands()[name]), name).create_parser("manage.py", name)
