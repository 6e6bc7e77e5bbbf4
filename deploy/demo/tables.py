"""Customers and deals as the CSV tables profile imports."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO

from shared.contracts.crm_records import CustomerRecorded, DealRecorded
from shared.contracts.fields import AddressKind
from shared.contracts.wire import to_iso

CUSTOMER_COLUMNS = ("key", "name", "tier", "language", "account_owner", "phone", "email", "web", "fax", "revised_at")
DEAL_COLUMNS = (
    "key", "customer_key", "business_line", "product", "status", "signed_on", "ends_on", "amount_cents", "currency",
    "site", "revised_at",
)  # fmt: skip


def customer_table(customers: Iterable[CustomerRecorded]) -> bytes:
    """One row a customer; several identities of a kind are parted by `;`."""
    return _table(CUSTOMER_COLUMNS, (_customer_row(customer) for customer in customers))


def deal_table(deals: Iterable[DealRecorded]) -> bytes:
    """One row a deal."""
    return _table(
        DEAL_COLUMNS,
        (
            {
                **{column: getattr(deal, column) for column in DEAL_COLUMNS if column != "revised_at"},
                "revised_at": to_iso(deal.revised_at),
            }
            for deal in deals
        ),
    )


def _customer_row(customer: CustomerRecorded) -> Mapping[str, object]:
    def of(kind: AddressKind) -> str:
        return ";".join(identity.value or "" for identity in customer.identities if identity.kind is kind)

    return {
        "key": customer.key,
        "name": customer.name,
        "tier": customer.tier,
        "language": customer.language,
        "account_owner": customer.account_owner,
        "phone": of(AddressKind.PHONE),
        "email": of(AddressKind.EMAIL),
        "web": of(AddressKind.WEB),
        "fax": of(AddressKind.FAX),
        "revised_at": to_iso(customer.revised_at),
    }


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    text = StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({column: "" if row[column] is None else row[column] for column in columns})
    return text.getvalue().encode()
