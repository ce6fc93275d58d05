"""From an empty folder to a published segment, and everything that may be in the way."""

import hashlib
import json
import shlex
import shutil
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import yaml

from remote_segments.cli import simulator as simulating
from remote_segments.cli.demo import contacts
from remote_segments.config.project import Project
from remote_segments.rest.catalog import bundled, load_manifest
from remote_segments.simulator import Simulator
from tests.support.commands import Result, command, edit, on_terminal, process
from tests.support.projects import VIP, ready_project

PERSON = "@example"
"""What every simulated address holds; nothing printed may."""


@pytest.fixture
def served(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """A simulator that new projects take for the one on the simulator's own port."""
    monkeypatch.setattr(simulating, "PORT", simulator.port)
    monkeypatch.setattr("remote_segments.cli.init.contacts", partial(contacts, simulator.state.people))
    return simulator


@pytest.fixture
def started(served: Simulator) -> Path:
    """The folder of a project that `init` made."""
    assert command("init", "--yes").code == 0
    return Path("segment_configs").absolute()


def digest(folder: Path) -> dict[str, str]:
    """Every file below a folder with a hash of its content; locks and the count of calls aside."""
    found = (file for file in sorted(folder.rglob("*")) if file.is_file())
    files = (file for file in found if ".locks" not in str(file) and file.parent.name != "quotas")
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def refused(shown: Result, code: str, *words: str) -> None:
    """A command ended with one problem that somebody can mend, and no person is in it."""
    assert shown.code == 2
    assert f"[{code}]" in shown.err
    assert PERSON not in shown.out + shown.err
    for word in words:
        assert word in shown.err


def test_the_command_that_the_listing_proposes_adds_a_segment(served: Simulator) -> None:
    """Where two kinds of a platform take two ids each, the ids are named, so that they mean one of them."""
    assert command("init", "--yes", "--platform", "salesforce").code == 0
    proposed = command("segments", "salesforce/Contact", "--filter", "VIP contacts").out.splitlines()[-1].split()
    assert proposed[-2:] == ["add", "salesforce/object=Contact/list_view_id=00B000000000001AAA"]
    added = command("add", proposed[-1])
    assert (added.code, "Wrote segment_configs/segments/vip_contacts.yaml" in added.out) == (0, True)


def test_an_id_that_two_kinds_have_is_proposed_with_its_key(served: Simulator) -> None:
    """A static list of Marketo is listed twice, for two ways of reading it: the proposal means one of them."""
    assert command("init", "--yes", "--platform", "marketo").code == 0
    proposed = command("segments", "marketo", "--filter", "New").out.splitlines()[-1].split()[-1]
    assert proposed == "marketo/static_list_id=1002"
    assert command("add", proposed).code == 0


def test_an_audience_is_added_by_status(served: Simulator) -> None:
    """What the listing cannot know is written in place of its word, and the account has these people."""
    assert command("init", "--yes", "--platform", "mailchimp").code == 0
    assert "a1b2c3d4e5/MEMBER_STATUS" in command("segments", "mailchimp").out
    refused(command("add", "mailchimp/a1b2c3d4e5/MEMBER_STATUS"), "wrong-id-keys", "`MEMBER_STATUS` stands", "cleaned")
    assert command("add", "mailchimp/a1b2c3d4e5/subscribed").code == 0
    assert command("run", "the_magazine").code == 0


def test_what_a_listing_cannot_know_is_asked_for(served: Simulator) -> None:
    """A kind that needs a condition shows where it stands; an id that is none of any kind is looked for as a name."""
    assert command("init", "--yes", "--platform", "salesforce").code == 0
    listed = command("segments", "salesforce").out
    assert "Contact/CONDITION" in listed
    assert "701000000000001AAA/HAS_RESPONDED" in listed
    assert [line.split()[0] for line in listed.splitlines() if line.rstrip().endswith("webinar")] == [
        "701000000000001AAA"
    ]
    refused(command("add", "salesforce/Contact"), "segment-not-found", "`salesforce/OBJECT/CONDITION`")
    refused(command("add", "salesforce/Contact/CONDITION"), "wrong-id-keys", "`CONDITION` stands", "behind WHERE")
    refused(command("add", "salesforce/701000000000001AAA/TRUE"), "segment-not-found", "`TRUE` is no has_responded: ")
    refused(command("add", "salesforce/Contact/VIP contatcs"), "segment-not-found", "(VIP contacts)")
    by_name = command("add", "salesforce/Contact/VIP contacts", "--json").document
    assert by_name["ids"] == {"object": "Contact", "list_view_id": "00B000000000001AAA"}
    refused(command("add", "salesforce/Fairr"), "segment-not-found", "`salesforce/701000000000002AAA` (Fair)")
    assert command("add", "salesforce/Fair", "--json").document["ids"] == {"campaign_id": "701000000000002AAA"}


def test_a_segment_that_stands_still_is_added_with_a_warning(started: Path) -> None:
    """Inactive, archived or still computing: whoever adds it hears so before the first refresh does."""
    shown = command("add", "klaviyo/PAUSED")
    assert shown.code == 0
    assert "Look at this: Klaviyo no longer updates this segment" in shown.out


def test_without_people_the_next_step_is_a_table_of_ones_own(served: Simulator) -> None:
    """`run` cannot work before there is a model, and nobody is told that it could."""
    shown = command("init", "--yes", "--no-seed").out
    steps = shown.partition("Next:")[2].splitlines()
    table = next(number for number, line in enumerate(steps) if "name your own table" in line)
    assert table < next(number for number, line in enumerate(steps) if "remote-segments run" in line)
    assert "name your own table" not in command("init", "other", "--yes").out.partition("Next:")[2].partition("\n\n")[0]


def test_five_commands_lead_to_a_published_segment(served: Simulator) -> None:
    """`init`, `segments`, `add`, `preview`, `run`, in an empty folder, without a question."""
    assert command("init").code == 0
    listed = command("segments", "klaviyo", "--filter", "win back", "--json").document["segments"]
    assert [(one["ids"], one["state"]) for one in listed] == [({"segment_id": "WINBCK"}, "ready")]
    added = command("add", "klaviyo/WINBCK", "--json").document
    assert added["segment"] == "win_back_90_days_silent"
    seen = command("preview", "win_back_90_days_silent", "--json").document
    assert seen["read"] == seen["mapped"] + sum(seen["unmapped"].values())
    ran = command("run", "win_back_90_days_silent", "--json")
    assert ran.code == 0
    assert ran.document["segments"][0]["state"] == "published"


READ = {file.stem: bool(load_manifest(file).sources) for file in bundled()}
"""Whether anything can be read from a platform."""


@pytest.mark.parametrize("platform", sorted(name for name, read in READ.items() if not read))
def test_a_new_project_of_a_platform_that_is_only_sent_to_is_valid(platform: str, served: Simulator) -> None:
    """Its account is connected, nothing is read from it, and whoever tries is told why."""
    assert command("init", "--platform", platform).code == 0
    assert command("validate").code == 0
    assert list(Path("segment_configs/segments").glob("*.yaml")) == []
    for words in (("segments", platform), ("add", f"{platform}/7")):
        refused = command(*words)
        assert refused.code == 2
        assert "nothing-to-read" in refused.err


@pytest.mark.parametrize("platform", sorted(name for name, read in READ.items() if read))
def test_a_new_project_of_any_platform_is_sound(platform: str, served: Simulator) -> None:
    """It is valid, its own tests pass, and its example runs against the simulated account."""
    started = command("init", "--platform", platform)
    assert "simulated people into" in started.out
    assert command("validate").code == 0
    assert command("test").code == 0
    (example,) = Path("segment_configs/segments").glob("*.yaml")
    seen = command("preview", example.stem, "--json").document
    assert seen["mapped"] > seen["read"] / 2
    listed = command("segments", platform, "--json").document
    assert listed["segments"] or listed["not_listed"]
    for step in started.out.splitlines():
        if " add " in step:
            assert command(*shlex.split(step)[1:]).code == 0, step
    assert command("validate", "--json").document["environment"] == "development"


def test_every_file_of_a_new_project_names_a_schema_that_is_there(started: Path) -> None:
    """An editor completes keys from the first minute on."""
    files = list(started.rglob("*.yaml"))
    assert len(files) == 3
    for file in files:
        first = file.read_text().splitlines()[0]
        schema = (file.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve()
        assert json.loads(schema.read_text())["title"]


def test_a_new_project_starts_today_in_its_own_time_zone(served: Simulator) -> None:
    """`start` is written out, so that it never moves."""
    assert command("init", "--timezone", "Europe/Paris").code == 0
    project = yaml.safe_load(Path("segment_configs/project.yaml").read_text())
    assert abs((datetime.now(UTC).date() - project["start"]).days) <= 1
    assert project["timezone"] == "Europe/Paris"
    assert "*.duckdb" in Path(".gitignore").read_text().splitlines()


def test_production_never_sees_the_simulator(started: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated people live in a warehouse of their own; production has neither their address nor their key."""
    monkeypatch.setenv("REMOTE_SEGMENTS_ENV", "production")
    project = yaml.safe_load((started / "project.yaml").read_text())
    assert project["connections"] == {"klaviyo": {"platform": "klaviyo", "api_key": {"env": "KLAVIYO_API_KEY"}}}
    assert project["warehouse"]["path"] != project["environments"]["development"]["warehouse"]["path"]
    refused(command("preview", "vip_openers"), "secret-unset", "KLAVIYO_API_KEY")


def test_a_project_may_live_in_postgres(served: Simulator) -> None:
    """Development stays embedded, so that it runs at once."""
    assert command("init", "--warehouse", "postgres").code == 0
    assert command("preview", "vip_openers").code == 0
    assert "dsn: {env: WAREHOUSE_DSN}" in Path("segment_configs/project.yaml").read_text()


def test_a_platform_of_ones_own_can_be_chosen(served: Simulator) -> None:
    """A manifest that is in the folder already is known to `init`."""
    text = next(path for path in bundled() if path.stem == "mailman").read_text()
    Path("segment_configs/platforms").mkdir(parents=True)
    Path("segment_configs/platforms/acme.yaml").write_text(text.replace("name: mailman", "name: acme"))
    assert command("init", "--platform", "acme").code == 0
    assert "password: {env: ACME_PASSWORD}" in Path("segment_configs/project.yaml").read_text()


def test_the_first_segment_makes_its_folder(started: Path) -> None:
    """A project that was written by hand may have no folder of segments yet."""
    shutil.rmtree(started / "segments")
    assert command("add", "klaviyo/WINBCK").code == 0
    assert [file.name for file in (started / "segments").iterdir()] == ["win_back_90_days_silent.yaml"]


def test_nothing_is_overwritten(started: Path) -> None:
    """A second `init` in the same folder changes no byte; a .gitignore keeps its lines."""
    Path(".gitignore").write_text("mine")
    before = digest(Path())
    refused(command("init"), "project-exists", "segment_configs/project.yaml")
    assert digest(Path()) == before
    assert command("init", "other", "--no-seed").code == 0
    assert Path(".gitignore").read_text().startswith("mine\n.env\n")


def test_a_project_elsewhere_is_told_with_its_option(served: Simulator) -> None:
    """The commands that are printed work as they are."""
    shown = command("init", "configs", "--no-seed").out
    folder = Path("configs").absolute()
    assert f"remote-segments segments klaviyo --project {folder}" in shown
    assert command("segments", "klaviyo", "--project", folder).code == 0


@pytest.mark.parametrize(
    ("words", "code", "meant"),
    [
        (["--platform", "klavio"], "unknown-platform", "Did you mean `klaviyo`?"),
        (["--timezone", "Europe/Pariss"], "bad-value", "Did you mean `Europe/Paris`?"),
    ],
)
def test_a_misspelt_option_of_init_writes_nothing(words: list[str], code: str, meant: str) -> None:
    """The nearest name is told."""
    refused(command("init", *words), code, meant)
    assert list(Path().iterdir()) == []


def test_segments_are_listed_with_what_the_project_has_of_them(started: Path) -> None:
    """The table names ids, names, states, files, and how to add one that is not there yet."""
    shown = command("segments", "klaviyo")
    rows = {line.split()[0]: line for line in shown.out.splitlines() if line}
    assert "vip_openers" in rows["VIPOPN"]
    assert "computing" in rows["BUSY01"]
    assert "inactive" in rows["PAUSED"]
    assert "list" in rows["NWSLTR"]
    assert "remote-segments add klaviyo/010" in shown.out
    refused(command("segments", "klaviyo/VIPOPN"), "wrong-id-keys", "Leave `/VIPOPN` out.")
    assert "No segment has `zzz`" in command("segments", "klaviyo", "--filter", "zzz").out


def test_sizes_are_asked_for_on_request(served: Simulator) -> None:
    """Where a listing does not tell them, `--details` asks for each."""
    assert command("init", "--platform", "klaviyo").code == 0
    words = ("segments", "klaviyo", "--filter", "VIPOPN", "--json")
    assert command(*words).document["segments"][0]["size"] is None
    assert command(*words, "--details").document["segments"][0]["size"] > 0


def test_segments_within_a_list_are_listed_by_its_id(served: Simulator) -> None:
    """Ids of several parts are written with slashes, in `segments` as in `add`."""
    assert command("init", "--platform", "mailchimp").code == 0
    told = command("segments", "mailchimp", "--json").document["not_listed"]
    assert [one["code"] for one in told] == ["missing-key"]
    assert "mailchimp/LIST_ID" in told[0]["fix"]
    listed = command("segments", "mailchimp/a1b2c3d4e5", "--json").document["segments"]
    assert {"list_id": "a1b2c3d4e5", "segment_id": "103"} in [one["ids"] for one in listed]
    assert command("add", "mailchimp/a1b2c3d4e5/103").code == 0
    assert (
        '{connection: mailchimp, list_id: a1b2c3d4e5, segment_id: "103"}'
        in Path("segment_configs/segments/came_to_the_fair.yaml").read_text()
    )
    refused(command("add", "mailchimp/103"), "wrong-id-keys", "`mailchimp/LIST_ID/SEGMENT_ID`")


def test_an_id_stays_the_characters_it_is(started: Path) -> None:
    """`010` is another segment than 8, and the file says so to every reader."""
    assert command("add", "klaviyo/010").code == 0
    written = (started / "segments" / "an_id_with_a_leading_zero.yaml").read_text()
    assert yaml.safe_load(written)["source"]["segment_id"] == "010"


def test_columns_are_those_that_match_best(started: Path) -> None:
    """The measured rates are printed, and the file holds the pairs that found members, the exact id first."""
    shown = command("add", "klaviyo/NWSLTR", "--frequency", "1 day at 06:30")
    assert shown.code == 0
    assert "chosen" in shown.out
    segment = yaml.safe_load((started / "segments" / "newsletter.yaml").read_text())
    assert segment["source"] == {"connection": "klaviyo", "list_id": "NWSLTR"}
    assert segment["identifiers"] == [{"external_id": "contact_id"}, {"email": "email"}]
    assert segment["refresh_frequency"] == "1 day at 06:30"
    assert "start" not in segment
    assert PERSON not in shown.out
    measured = command("add", "klaviyo/NWSLTR", "--name", "again", "--json").document["measured"]
    assert measured["together"] <= measured["members"]
    assert {one["column"] for one in measured["columns"] if one["chosen"]} == {"contact_id", "email"}


def test_a_segment_added_later_has_its_own_start(started: Path) -> None:
    """Windows before it was added are not missing: they never were."""
    edit(started / "project.yaml", start="2026-01-01")
    assert command("add", "klaviyo/WINBCK").code == 0
    text = (started / "segments" / "win_back_90_days_silent.yaml").read_text()
    assert abs((yaml.safe_load(text)["start"] - datetime.now(UTC).date()).days) <= 1
    assert command("validate").code == 0


def test_a_name_of_the_platform_finds_its_segment(started: Path) -> None:
    """Who knows the name need not look up the id."""
    assert command("add", "klaviyo/one person", "--json").document["ids"] == {"segment_id": "ONLY01"}


def test_columns_may_be_named(started: Path) -> None:
    """Then nothing is measured, also where there is nothing to measure."""
    words = ("add", "klaviyo/NOBODY", "--identifier", "email=email_sha256:sha256", "--offline")
    assert command(*words, "--json").document["measured"] is None
    segment = yaml.safe_load((started / "segments" / "nobody_yet.yaml").read_text())
    assert segment["identifiers"] == [{"email": {"column": "email_sha256", "hashed": "sha256"}}]


@pytest.mark.parametrize(
    ("words", "code", "meant"),
    [
        (["klavio/VIPOPN"], "unknown-connection", "Did you mean `klaviyo`?"),
        (["klaviyo"], "wrong-id-keys", "`klaviyo/SEGMENT_ID`"),
        (["klaviyo/segment_id=VIPOPN/list_id=NWSLTR"], "wrong-id-keys", "`klaviyo/SEGMENT_ID`"),
        (["klaviyo/list_id=VIPOPN"], "segment-not-found", "remote-segments segments klaviyo"),
        (["klaviyo/WINBAC"], "segment-not-found", "`klaviyo/WINBCK` (Win back, 90 days silent)"),
        (["klaviyo/VIPOPN"], "segment-added", "vip_openers"),
        (["klaviyo/WINBCK", "--name", "vip_openers"], "file-exists", "another --name"),
        (["klaviyo/WINBCK", "--name", "Win Back"], "name-invalid", "`win_back`"),
        (["klaviyo/WINBCK", "--model", "contcats"], "unknown-model", "Did you mean `contacts`?"),
        (["klaviyo/WINBCK", "--frequency", "7 hours"], "frequency-invalid", "6 hours"),
        (["klaviyo/NOBODY"], "nothing-to-measure", "--identifier email="),
        (["klaviyo/WINBCK", "--identifier", "emial=email"], "unknown-identifier", "Did you mean `email`?"),
        (["klaviyo/WINBCK", "--identifier", "email"], "bad-value", "--identifier email=email"),
    ],
)
def test_what_cannot_be_added_writes_no_file(words: list[str], code: str, meant: str, started: Path) -> None:
    """Each mistake has its code and what to do."""
    before = sorted(started.rglob("*.yaml"))
    refused(command("add", *words), code, meant)
    assert sorted(started.rglob("*.yaml")) == before


def test_a_model_without_these_people_gets_no_file(started: Path) -> None:
    """A file that maps nobody is not written."""
    edit(started / "project.yaml", models={"contacts": {"sql": "select 'x' as contact_id", "key": "contact_id"}})
    refused(command("add", "klaviyo/WINBCK"), "no-column-matches", "`profile_id`")


def test_a_preview_writes_nothing_anywhere(started: Path) -> None:
    """Promise 29: no byte changes but the count of calls; examples are masked, and the document has none."""
    command("preview", "vip_openers")  # the state folder and locks are there now
    before = digest(Path())
    shown = command("preview", "vip_openers")
    assert shown.code == 0
    assert digest(Path()) == before
    assert "would map" in shown.out
    assert PERSON not in shown.out
    document = command("preview", "vip_openers", "--json")
    assert "***" not in document.out
    assert sum(document.document["matched"].values()) == document.document["mapped"]


def test_a_preview_agrees_with_the_run_that_follows(project: Project, simulator: Simulator) -> None:
    """Of a segment of one page, whose members stay, the preview says what the run will do."""
    seen = command("preview", "vip", "--json").document
    simulator.state.refreshes.set("klaviyo", "VIPOPN", 0)
    ran = command("run", "vip", "--json").document["segments"][0]
    assert seen["read"] == ran["fetched"]
    assert seen["mapped"] == ran["mapped"]
    assert seen["unmapped"] == ran["unmapped"]


def test_reasons_are_shown_with_masked_examples(tmp_path: Path, simulator: Simulator) -> None:
    """A person sees why members do not map, and recognises nobody."""
    ready_project(tmp_path / "segment_configs", simulator, {"vip": {**VIP, "identifiers": [{"email": "email"}]}})
    model = {"sql": "select 'C1' as contact_id, 'x' as email", "key": "contact_id"}
    edit(Path("segment_configs/project.yaml"), models={"contacts": model})
    shown = command("preview", "vip").out
    assert "unknown: no row of the model" in shown
    assert "email" in shown
    assert "***@e***.test" in shown
    assert PERSON not in shown


def test_a_terminal_is_asked_before_a_file_is_written(started: Path, tmp_path: Path) -> None:
    """`--yes` answers; a script is not asked."""
    shown = on_terminal("add", "klaviyo/WINBCK", "--yes", folder=tmp_path)
    assert "Wrote segment_configs/segments/win_back_90_days_silent.yaml" in shown


def test_the_simulator_is_started_by_the_command_that_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody needs a second terminal; a note says so, and not into the document."""
    with Simulator(people=10) as other:
        free = other.port
    monkeypatch.setattr(simulating, "PORT", free)
    assert command("init", "--no-seed").code == 0
    shown = command("segments", "klaviyo", "--json")
    assert shown.code == 0
    assert len(shown.document["segments"]) == 10
    assert "served while this command runs" in shown.err


def test_each_command_prints_one_document_in_a_process_of_its_own(started: Path, tmp_path: Path) -> None:
    """The streams of real processes: JSON on one, nothing on the other."""
    for words in (
        ["segments", "klaviyo"],
        ["add", "klaviyo/WINBCK"],
        ["preview", "vip_openers"],
        ["validate", "--live"],
    ):
        shown = process(*words, "--json", folder=tmp_path)
        assert (shown.code, shown.err) == (0, ""), words
        assert json.loads(shown.out)
