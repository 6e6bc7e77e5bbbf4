"""The demo tenant on paper: enough lines, groups, agents and languages, somebody for every question, customers that reach nobody."""

from __future__ import annotations

from collections import Counter
from datetime import date

import phonenumbers
import pytest
import yaml

from deploy.demo.customers import generate
from deploy.demo.fax import fax_document
from deploy.demo.prepare import POLICY_FILE
from deploy.demo.roster import load_roster, roster_items
from deploy.demo.scripts import load_scripts
from deploy.demo.simulation import languages_spoken
from deploy.demo.tables import CUSTOMER_COLUMNS, customer_table, deal_table
from services.router.policy.document import check_document
from shared.contracts.fields import AddressKind
from shared.contracts.wire import adapter, dump_data

DOCUMENT = POLICY_FILE.read_text(encoding="utf-8")
POLICY = check_document(DOCUMENT).mapping
ROSTER = load_roster()
LEDGER = generate(5_000, seed=7, today=date(2026, 11, 22), owners=("a-you", "a-chen-jing"))


def test_four_lines_three_sites_and_at_least_twelve_groups() -> None:
    assert set(POLICY["business_lines"]) == {"rental", "sales", "decoration", "property"}  # type: ignore[call-overload]
    assert len(ROSTER.sites) == 3
    assert len(yaml.safe_load(DOCUMENT)["groups"]) >= 12


def test_twenty_four_agents_with_dialects_and_one_free_seat() -> None:
    assert len(ROSTER.seats) == 24
    assert [seat.user for seat in ROSTER.seats if seat.free] == ["you"]
    spoken = {skill for seat in ROSTER.seats for skill in seat.skills}
    assert {"zh", "zh-wuu", "zh-yue", "zh-nan", "en"} <= spoken


def test_everything_the_roster_and_the_policy_name_exists_in_the_other() -> None:
    known = {skill["id"] for skill in ROSTER.skills}
    assert known == set(yaml.safe_load(DOCUMENT)["skills"])
    assert {skill for seat in ROSTER.seats for skill in seat.skills} <= known
    assert {seat.team for seat in ROSTER.seats} == {team["id"] for team in ROSTER.teams}
    assert {seat.site for seat in ROSTER.seats} == {site["id"] for site in ROSTER.sites}


def test_items_come_after_what_they_name_and_carry_long_passwords() -> None:
    passwords = dict.fromkeys([*(s.user for s in ROSTER.seats), *(p["user"] for p in ROSTER.staff)], "x" * 12)
    kinds = [kind for kind, _, _ in roster_items(ROSTER, passwords)]
    assert kinds.index("agents") > max(i for i, kind in enumerate(kinds) if kind in ("teams", "sites", "skills"))
    assert Counter(kinds)["users"] == 27


def test_scripts_cover_every_group_customers_call_and_their_reasons_exist() -> None:
    scripts = load_scripts()
    groups = yaml.safe_load(DOCUMENT)["groups"]
    assert set(scripts.groups) == {name for name, group in groups.items() if not group.get("outbound")}
    assert {script.reason for script in scripts.groups.values()} <= set(yaml.safe_load(DOCUMENT)["reasons"])


@pytest.mark.parametrize("group", sorted(yaml.safe_load(DOCUMENT)["groups"]))
def test_somebody_simulated_can_answer_every_group_in_mandarin(group: str) -> None:
    assert "zh" in languages_spoken(ROSTER, yaml.safe_load(DOCUMENT)["groups"][group])


def test_customers_are_many_distinct_and_reach_nobody() -> None:
    numbers = [i.value or "" for c in LEDGER.customers for i in c.identities if i.kind is AddressKind.PHONE]
    assert len(LEDGER.customers) == len(set(numbers)) == 5_000
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers[:200])
    assert all(number.startswith("+861740") for number in numbers)
    faxes = [i.value or "" for c in LEDGER.customers for i in c.identities if i.kind is AddressKind.FAX]
    assert all(fax.startswith("+86219") for fax in faxes)


def test_customers_have_deals_tiers_and_owners_and_fit_the_contract() -> None:
    assert {deal.customer_key for deal in LEDGER.deals} <= {customer.key for customer in LEDGER.customers}
    tiers = Counter(customer.tier for customer in LEDGER.customers)
    assert tiers["standard"] > tiers["silver"] > tiers["gold"] > 20
    assert sum(customer.account_owner == "a-you" for customer in LEDGER.customers) > 100
    for record in (LEDGER.customers[0], LEDGER.deals[0]):
        assert adapter(type(record)).validate_json(dump_data(record)) == record


def test_the_same_seed_and_day_give_the_same_people() -> None:
    again = generate(50, seed=7, today=date(2026, 11, 22), owners=("a-you", "a-chen-jing"))
    assert again.customers == LEDGER.customers[:50]


def test_tables_have_one_row_each() -> None:
    table = customer_table(LEDGER.customers).decode().splitlines()
    assert table[0].split(",") == list(CUSTOMER_COLUMNS)
    assert len(table) == 5_001
    assert len(deal_table(LEDGER.deals).decode().splitlines()) == len(LEDGER.deals) + 1


@pytest.mark.parametrize(("number", "pages"), [(1, 1), (3, 2)])
def test_a_fax_is_a_pdf_of_one_or_two_pages(number: int, pages: int) -> None:
    import pypdfium2

    assert len(pypdfium2.PdfDocument(fax_document("rental-contract", "C00001", number))) == pages
