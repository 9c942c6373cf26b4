"""The formats that come with the application are complete, and their samples fit them."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from banks import loading
from banks.formats.checks import MOST_FIELDS
from banks.formats.definition import FieldType, FormatDefinition, TableKind
from banks.formats.misfits import misfits
from banks.formats.paths import index_fields
from banks.formats.reading import from_content, load_json, read_format_file, to_content
from banks.formats.shipped import DATA_FOLDER, common_fields, format_files, sample, shipped_format

NAMES = [path.stem for path in format_files()]
LAND_AND_BUILDING = [f"{bank}_land_building_v1" for bank in ("sbi", "bob", "ubi", "uco", "boi")]
FLATS = [f"{bank}_flat_v1" for bank in ("sbi", "ubi", "uco", "boi")]
# SHA-256 of each file's content. Reports stand on it for ever: what is to be otherwise is another version.
PUBLISHED = {
    "bob_land_building_v1": "46de2ed3ebabb929ef88ea48c5f7767ec910ed1a95dee0035500292b3bfc1866",
    "bob_land_building_v2": "5e3ea095968026af0fb9566921742a0006f3ee19b4440bb4a38141a421ec9ddd",
    "boi_flat_v1": "1a046c782eb88a21b5c859d10410643b655907a129f743f0faf6cb5012057272",
    "boi_land_building_v1": "2d9c94da451f40e59f8b06be8dd5bbbce7057ab7ef55fd985d27172d7a4fdfcc",
    "cbi_property_v1": "6923638410d2f79ce9856dd35083ec58e4632351f72d948c61ffd176b3e5b7a1",
    "hdfc_property_v1": "0b4ff3de5abc5e5d5b9852d789134b8b0b07f9d76ff45cd1c3ad87a586e905b0",
    "pnb_land_building_v1": "94e8713c998e29c6be5fa822651b475c888adb04a12dddb85afdadc6fb920d29",
    "sbi_flat_v1": "0128094720a46fa74c6f642d133677e407182cdee02edff5b13b10c2a58d603b",
    "sbi_flat_v2": "cc20a9e6482d932baf4b7d7af54031f9d3a6b330f0939889fdb344fc0f3b604b",
    "sbi_land_building_v1": "be706ad59a2c95b03dacbbc3d1d779bbbf9d8a49a2596b03babfed93061eb83d",
    "sbi_land_building_v2": "b05785b043f7cf5038e61e70e9008b4a9d10f8d0cade80b2126d1257eb84db20",
    "ubi_flat_v1": "656d51e7d63cf9f078aace789d977bb96f34441203507f8b38af9755d1fbbf22",
    "ubi_land_building_v1": "9ec945bc9290034003eb0f2e930f0643342f4452fd9dae32d23d40252f66e4b8",
    "uco_flat_v1": "64b4e96631ab2ba506e4a23a19a6b7d102105847413ab41c3ea2c1b3f572db1f",
    "uco_land_building_v1": "999b682658fdc9681c9cd314d104de98c249538e283bff25f58e11b76fd302d1",
}
# Those that were published before families were: they hold everything themselves.
WRITTEN_OUT = {"bob_land_building_v1", "sbi_flat_v1", "sbi_land_building_v1"}


@pytest.fixture(scope="module")
def formats() -> dict[str, FormatDefinition]:
    return {name: shipped_format(name) for name in NAMES}


def test_land_and_building_is_shipped_for_five_banks_and_flats_for_four() -> None:
    assert {*LAND_AND_BUILDING, *FLATS} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_published_never_changes(name: str) -> None:
    read = loading.read_format_file(DATA_FOLDER / "formats" / f"{name}.json", common_fields())

    assert read.checksum == PUBLISHED[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_named_after_the_key_of_its_format(formats: dict[str, FormatDefinition], name: str) -> None:
    key = formats[name].key

    assert name == f"{key.bank_code.lower()}_{key.property_type}_v{key.version}"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_stored_reads_back_the_same(formats: dict[str, FormatDefinition], name: str) -> None:
    raw = load_json(DATA_FOLDER / "formats" / f"{name}.json")

    assert from_content(to_content(raw, common_fields())) == formats[name]


def test_every_field_type_occurs(formats: dict[str, FormatDefinition]) -> None:
    used = {item.type for definition in formats.values() for item in index_fields(definition).values()}

    assert used == set(FieldType)


def test_every_kind_of_table_occurs_in_land_and_building(formats: dict[str, FormatDefinition]) -> None:
    fields = index_fields(formats["sbi_land_building_v1"]).values()

    assert {item.table.kind for item in fields if item.table} == set(TableKind)


@pytest.mark.parametrize("name", NAMES)
def test_no_figure_or_text_is_a_default(formats: dict[str, FormatDefinition], name: str) -> None:
    defaults = {item.path: item.default for item in index_fields(formats[name]).values() if item.default}

    assert set(defaults.values()) <= {"sq_ft"}


@pytest.mark.parametrize("name", NAMES)
def test_it_asks_for_the_three_dates_in_order(formats: dict[str, FormatDefinition], name: str) -> None:
    index = index_fields(formats[name])
    limits = [index[f"common.details.{day}_date"].validation for day in ("inspection", "valuation", "report")]

    assert [(rules.min_date, rules.max_date) for rules in limits] == [
        (None, "common.details.valuation_date"),
        (None, "today"),
        ("common.details.valuation_date", None),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_an_applicant_may_be_named_in_any_script(formats: dict[str, FormatDefinition], name: str) -> None:
    assert index_fields(formats[name])["common.details.applicant_name"].validation.pattern is None


@pytest.mark.parametrize("name", [*LAND_AND_BUILDING, *FLATS])
def test_it_compares_at_most_six_recent_deals(formats: dict[str, FormatDefinition], name: str) -> None:
    deals = [item for item in index_fields(formats[name]).values() if item.id == "comparables"]

    assert [item.table.max_rows for item in deals if item.table] == [6]


@pytest.mark.parametrize("name", LAND_AND_BUILDING)
def test_the_building_part_waits_for_a_building(formats: dict[str, FormatDefinition], name: str) -> None:
    waiting = {tab.id for tab in formats[name].tabs if tab.condition}

    assert waiting == {"building", "extra_items", "amenities"}


@pytest.mark.parametrize("name", LAND_AND_BUILDING)
def test_land_and_building_has_the_parts_of_the_bank(formats: dict[str, FormatDefinition], name: str) -> None:
    numerals = [tab.numeral for tab in formats[name].tabs if tab.numeral]

    assert numerals == ["I", "II", "A", "B", "C", "D", "E", "F"]


@pytest.mark.parametrize("name", LAND_AND_BUILDING)
def test_the_abstract_adds_up_every_part(formats: dict[str, FormatDefinition], name: str) -> None:
    total = index_fields(formats[name])["abstract.market.fair_market_value"].formula or ""

    assert re.findall(r"(\w+)_value", total) == [
        "land",
        "building",
        "extra",
        "amenities",
        "miscellaneous",
        "services",
    ]


@pytest.mark.parametrize(
    ("name", "realizable", "distress"),
    [(name, 90, 80) for name in [*LAND_AND_BUILDING, *FLATS] if name != "bob_land_building_v1"]
    + [("bob_land_building_v1", 95, 85)],
)
def test_each_bank_has_its_percentages(
    formats: dict[str, FormatDefinition], name: str, realizable: int, distress: int
) -> None:
    parameters = formats[name].parameters

    assert [parameters["realizable_percent"], parameters["distress_percent"]] == [realizable, distress]


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("bob_land_building_v1", "1.0"),
        ("ubi_land_building_v1", "1.5"),
        ("ubi_flat_v1", "1.5"),
        ("boi_land_building_v1", "1.38"),
        ("boi_flat_v1", "1.38"),
    ],
)
def test_a_bank_with_a_flat_rate_has_its_own(
    formats: dict[str, FormatDefinition], name: str, rate: str
) -> None:
    assert formats[name].parameters["depreciation_rate"] == Decimal(rate)


def test_one_flat_has_an_insurable_value_of_thirty_five_per_cent(
    formats: dict[str, FormatDefinition],
) -> None:
    insurable = {name: formats[name].parameters.get("insurable_percent") for name in FLATS}

    assert insurable == {"sbi_flat_v1": 35, "ubi_flat_v1": None, "uco_flat_v1": None, "boi_flat_v1": None}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WRITTEN_OUT])
def test_the_say_of_each_bank_is_as_its_text_tells(formats: dict[str, FormatDefinition], name: str) -> None:
    told = formats[name].document.methodology[-1]
    words = {
        "nearest": "rounded to the nearest {parameter.say_to} rupees",
        "down": "cut to a whole multiple of {parameter.say_to} rupees",
    }

    assert words[str(formats[name].parameters["say_mode"])] in told


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WRITTEN_OUT])
def test_a_percentage_in_a_text_is_quoted_since_a_firm_may_change_it(
    formats: dict[str, FormatDefinition], name: str
) -> None:
    document = formats[name].document
    texts = [*document.methodology, *document.declaration, *(line.label for line in document.abstract_lines)]

    assert [text for text in texts if re.search(r"\d %", text)] == []


@pytest.mark.parametrize("name", [*LAND_AND_BUILDING, *FLATS])
def test_the_declaration_runs_from_a_to_k(formats: dict[str, FormatDefinition], name: str) -> None:
    assert len(formats[name].document.declaration) == len("abcdefghijk")


@pytest.mark.parametrize("name", [*LAND_AND_BUILDING, *FLATS])
def test_the_declaration_has_a_table_of_twelve_rows(formats: dict[str, FormatDefinition], name: str) -> None:
    assert len(formats[name].document.declaration_rows) == 12


@pytest.mark.parametrize("name", NAMES)
def test_every_format_has_a_sample_for_its_own_key(formats: dict[str, FormatDefinition], name: str) -> None:
    assert sample(name)["format"] == str(formats[name].key)


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_fits_its_format(formats: dict[str, FormatDefinition], name: str) -> None:
    assert misfits(formats[name], sample(name)["answers"]) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_message_goes_with_every_pattern(formats: dict[str, FormatDefinition], name: str) -> None:
    fields = index_fields(formats[name]).values()

    assert [item.path for item in fields if item.validation.pattern and not item.validation.message] == []


def test_a_misspelt_answer_would_be_noticed(formats: dict[str, FormatDefinition]) -> None:
    answers = {"site": {"access": {"road_type": "gravel", "road_colour": "red"}}}

    road_type, road_colour = misfits(formats["sbi_land_building_v1"], answers)

    assert "'gravel' is no answer" in road_type
    assert road_colour.startswith("site.access.road_colour: ")


def test_the_largest_format_stays_well_inside_the_bounds(formats: dict[str, FormatDefinition]) -> None:
    assert max(len(index_fields(definition)) for definition in formats.values()) <= MOST_FIELDS * 2 // 3


def test_a_file_reads_as_itself() -> None:
    path = format_files()[0]

    assert read_format_file(path, common_fields()) == shipped_format(path.stem)
