"""Columns are guessed and confirmed, rows say all that is wrong with them, and who comes twice becomes one record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.outbound.domain.deduplication import Identified, TwoRecords, Wins, deduplicate
from services.outbound.domain.list_columns import HEADERS, ListColumns, NoMapping, Preset, guess, plain
from services.outbound.domain.list_consents import ConsentTimes, RowConsent, consent_times
from services.outbound.domain.list_faults import LANGUAGES, RowFault, RowRefusal, mend, why
from services.outbound.domain.list_rows import ListRow, RowReader, for_spreadsheet, from_spreadsheet
from services.outbound.domain.purposes import Purpose
from services.outbound.domain.windows import microseconds
from shared.contracts.fields import Channel


def test_headers_of_both_languages_are_known() -> None:
    assert guess(["Vendor_Lead_Code", "Mobile", "Full Name", "zodiac"], []) == ("key", "number", "name", None)
    assert guess(["客户编号", "手机号", "姓名", "星座"], []) == ("key", "number", "name", None)


def test_numbers_are_known_by_their_looks_and_our_own_columns_are_left_out() -> None:
    sample = [["138 1234 8000", "13812348000", "x"], ["(021) 6123-4567", "13812348001", ""], ["", "13812348002", "y"]]
    assert guess(["a", "ucc_attempts", "b"], sample) == ("number", None, None)


def test_a_preset_that_knows_every_column_decides() -> None:
    preset = Preset("bank", {plain("A"): "name", plain("B"): "number", plain("C"): None})
    assert guess(["b", "a"], [], [preset]) == ("number", "name")
    assert guess(["b", "name"], [], [preset]) == (None, "name")


@given(
    st.lists(
        st.sampled_from([*HEADERS, *(a for names in HEADERS.values() for a in names), "x", "field.a"]), max_size=12
    )
)
def test_a_guess_names_no_field_twice(header: list[str]) -> None:
    fields = [name for name in guess(header, [["13812348000"] * len(header)]) if name]
    assert len(fields) == len(set(fields))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (["name"], "wrong_width"),
        (["name", None], "no_phone"),
        (["number", "number"], "twice"),
        (["number", "shoe"], "unknown_field"),
    ],
)
def test_mappings_that_are_none(fields: list[str | None], code: str) -> None:
    with pytest.raises(NoMapping) as refused:
        ListColumns.of(fields, 2)
    assert refused.value.code == code


FIELDS = ("number", "number_2", "key", "name", "time_zone", "priority", "value", "not_before", "field.floor", None)
READER = RowReader(ListColumns.of(FIELDS, 10))


def test_a_row_becomes_what_it_says() -> None:
    row = READER.read(
        7,
        [" 138 1234 8000 ", "021-61234567", "K1", "'=王芳", "Asia/Shanghai", "5", "￥1,200.50", "2026-12-01", "3", "x"],
    )
    assert row == ListRow(
        7, (("number", "138 1234 8000"), ("number_2", "021-61234567")), "K1", None, None, "Asia/Shanghai", None, 5, 120050,
        datetime(2026, 12, 1), {"name": "=王芳", "fields": {"floor": "3"}},
    )  # fmt: skip


def test_a_row_names_every_fault() -> None:
    faults = READER.read(3, ["", "", "K" * 129, "x", "Asia/Nowhere", "101", "-1", "soon"])
    assert isinstance(faults, tuple)
    assert [(fault.code, fault.column) for fault in faults] == [
        (RowRefusal.TOO_LONG, "key"), (RowRefusal.NO_ZONE, "time_zone"),
        (RowRefusal.NO_PRIORITY, "priority"), (RowRefusal.NO_VALUE, "value"), (RowRefusal.NO_TIME, "not_before"),
        (RowRefusal.NO_NUMBER, "number"),
    ]  # fmt: skip
    assert READER.read(4, ["1"] * 11) == (RowFault(RowRefusal.TOO_MANY_CELLS),)


def test_debts_products_and_contracts_are_subjects() -> None:
    for header in ("Debt ID", "account", "Loan_Number", "债务", "合同号", "产品", "product"):
        assert guess([header], []) == ("subject",), header


CONSENTS = ("number", "subject", "consent", "consent_channel", "consent_source", "consent_at", "consent_expires")
CONSENT_READER = RowReader(ListColumns.of(CONSENTS, len(CONSENTS)))


def test_a_row_brings_a_subject_and_a_consent() -> None:
    row = CONSENT_READER.read(2, ["13812348000", "D-7", "营销", "电话", "纸质", "2026-05-01", "2027-05-01T12:00+08:00"])
    assert isinstance(row, ListRow)
    assert row.subject == "D-7"
    assert row.consent is not None
    assert (row.consent.purpose, row.consent.channel, row.consent.source) == ("marketing", "phone", "paper")
    assert row.consent.given == datetime(2026, 5, 1)
    bare = CONSENT_READER.read(3, ["13812348000", "", "marketing", "", "", "2026-05-01"])
    assert isinstance(bare, ListRow)
    assert bare.consent is not None
    assert (bare.consent.channel, bare.consent.source, bare.consent.expires) == ("phone", "import", None)
    none = CONSENT_READER.read(4, ["13812348000"])
    assert isinstance(none, ListRow)
    assert none.consent is None


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (["", "phone", "", "2026-05-01"], (RowRefusal.NO_CONSENT_PURPOSE, "consent")),
        (["gifts", "", "", "2026-05-01"], (RowRefusal.NO_CONSENT_PURPOSE, "consent")),
        (["marketing", "pigeon", "", "2026-05-01"], (RowRefusal.NO_CONSENT_CHANNEL, "consent_channel")),
        (["marketing", "", "rumour", "2026-05-01"], (RowRefusal.NO_CONSENT_SOURCE, "consent_source")),
        (["marketing", "", "", "last spring"], (RowRefusal.NO_CONSENT_TIME, "consent_at")),
        (["marketing", "", "paper", ""], (RowRefusal.NO_CONSENT_TIME, "consent_at")),
    ],
)
def test_half_a_consent_is_none(cells: list[str], fault: tuple[RowRefusal, str]) -> None:
    told = CONSENT_READER.read(2, ["13812348000", "", *cells])
    assert isinstance(told, tuple)
    assert [(one.code, one.column) for one in told] == [fault]


@given(given=st.integers(-3, 3), ends=st.one_of(st.none(), st.integers(-3, 3)))
def test_a_consent_is_given_by_now_and_ends_later(given: int, ends: int | None) -> None:
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    expires = None if ends is None else noon + timedelta(seconds=ends)
    consent = RowConsent(Purpose.MARKETING, Channel.PHONE, "paper", noon + timedelta(seconds=given), expires, None)
    told = consent_times(consent, lambda at: at, microseconds(noon))
    assert isinstance(told, ConsentTimes) == (given <= 0 and (ends is None or ends > 0))


@pytest.mark.parametrize("code", RowRefusal)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_has_words_and_a_remedy(code: RowRefusal, language: str) -> None:
    fault = RowFault(code, "number", {"line": "7", "limit": "256"})
    assert why(fault, language)
    assert mend(fault, language)


@given(st.text(max_size=20))
def test_cells_come_back_from_a_spreadsheet_as_they_were(text: str) -> None:
    assert from_spreadsheet(for_spreadsheet(text)) == text or text[:1] == "'"
    assert not for_spreadsheet(text).startswith(("=", "@"))


@given(st.from_regex(r"[=+\-@'][\w=+\-@']*", fullmatch=True))
def test_risky_cells_come_back_as_they_were(text: str) -> None:
    assert from_spreadsheet(for_spreadsheet(text)) == text


# ---- who comes twice

ROWS = st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers(0, 4))), max_size=12)


def identified(rows: list[tuple[int, int | None]]) -> list[Identified]:
    return [Identified(f"r{n:02}", f"p{p}", None if k is None else f"k{k}") for n, (p, k) in enumerate(rows)]


def campaign_after(rows: list[Identified], wins: Wins, pieces: int) -> tuple[dict[str, Identified], int, int]:
    """Records after rows came in pieces; how many were created and how many rows were refused."""
    campaign: dict[str, Identified] = {}
    created = refused = 0
    for start in range(0, len(rows), pieces):
        piece = rows[start : start + pieces]
        settled = deduplicate(piece, campaign.values(), wins)
        created += len(settled.added)
        refused += len(settled.refused)
        for record_id, taken in {**settled.replaced, **settled.added}.items():
            campaign[record_id] = Identified(record_id, piece[taken.row].person, taken.key)
    return campaign, created, refused


@given(ROWS, st.sampled_from(Wins))
def test_each_person_and_key_is_one_record(rows: list[tuple[int, int | None]], wins: Wins) -> None:
    campaign, _, _ = campaign_after(identified(rows), wins, 100)
    people = [record.person for record in campaign.values()]
    keys = [record.key for record in campaign.values() if record.key is not None]
    assert len(people) == len(set(people))
    assert len(keys) == len(set(keys))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from(["", "D1", "D2"])), max_size=12))
def test_two_debts_of_one_person_are_two_records(rows: list[tuple[int, int, str]]) -> None:
    """Each subject is deduplicated as if the others were not there, under a common customer number too."""
    people = [Identified(f"r{n:02}", f"p{p}", f"k{k}", subject) for n, (p, k, subject) in enumerate(rows)]
    whole = {record for record in people if record.record_id in deduplicate(people, [], Wins.FIRST).added}
    apart = {
        record
        for subject in ("", "D1", "D2")
        for of in [[record for record in people if record.subject == subject]]
        for record in of
        if record.record_id in deduplicate(of, [], Wins.FIRST).added
    }
    assert whole == apart


@given(ROWS)
def test_the_first_wins_whatever_the_pieces(rows: list[tuple[int, int | None]]) -> None:
    """Against the obvious model: a row stays when nobody before it who stayed is the same person or has its key."""
    kept: list[Identified] = []
    for row in identified(rows):
        if not any(row.person == k.person or (row.key is not None and row.key == k.key) for k in kept):
            kept.append(row)
    for pieces in (1, 3, 100):
        campaign, created, refused = campaign_after(identified(rows), Wins.FIRST, pieces)
        assert list(campaign.values()) == kept
        assert (created, refused) == (len(kept), len(rows) - len(kept))


@given(ROWS)
def test_the_last_wins_whatever_the_pieces(rows: list[tuple[int, int | None]]) -> None:
    at_once = campaign_after(identified(rows), Wins.LAST, 100)
    for pieces in (1, 2, 5):
        assert campaign_after(identified(rows), Wins.LAST, pieces) == at_once


def test_a_row_between_two_records_is_refused() -> None:
    held = [Identified("a", "p1", "k1"), Identified("b", "p2", "k2")]
    settled = deduplicate([Identified("c", "p2", "k1")], held, Wins.LAST)
    assert settled.refused == {0: TwoRecords()}
