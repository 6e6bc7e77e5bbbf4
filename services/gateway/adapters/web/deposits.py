"""Messages left while nobody is there, or when the visitor will not wait."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from services.gateway.adapters.web import contacts
from services.gateway.adapters.web.access import Charged, SiteOf, VisitorOf
from services.gateway.adapters.web.mail import EmailAddress, leave_by_mail, post_of
from services.gateway.adapters.web.routes import Body, Key, PageKey, Text
from services.gateway.adapters.web.settings import Language
from shared.contracts.fields import Name

router = APIRouter(prefix="/v1/web/{site}", tags=["web chat"])


class NewDeposit(Body):
    """A message left: where the answer goes is compulsory."""

    key: Key
    text: Text
    email: EmailAddress | None = None
    phone: Annotated[str, Field(max_length=32, pattern=r"^\+?[0-9 ()\-]{5,31}$")] | None = None
    name: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f]*$")] | None = None
    business_line: Name | None = None
    entry: PageKey | None = None
    language: Language | None = None


class DepositTaken(BaseModel):
    """`by_mail`: our mail channel answers it; else an agent calls or writes by hand."""

    contact_id: str
    by_mail: bool


@router.post(
    "/deposits",
    status_code=202,
    dependencies=[Charged],
    summary="Leave a message to be answered by e-mail or telephone",
)
async def leave_message(request: Request, site: SiteOf, visitor: VisitorOf, body: NewDeposit) -> DepositTaken:
    answer_to = body.email or body.phone
    if answer_to is None:
        raise HTTPException(422, "an e-mail address or a telephone number is needed")
    deposit = contacts.Deposit(
        body.key, body.text, "email" if body.email else "phone", answer_to, body.business_line, body.entry, body.name,
        body.language,
    )  # fmt: skip
    mail = post_of(request, site) if body.email else None
    mailed = partial(leave_by_mail, mail, body.language) if mail is not None else None
    contact_id = await contacts.leave_message(site.port, site.settings, visitor, deposit, mailed)
    return DepositTaken(contact_id=contact_id, by_mail=mailed is not None)
