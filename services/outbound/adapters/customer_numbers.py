"""Numbers of customers a plan or a deal names without one, asked of the profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
from pydantic import TypeAdapter, ValidationError

from shared.errors import Backpressure

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """A customer by id, or by the key of the system it comes from."""

    customer_id: str | None = None
    source: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Reachable:
    """`numbers`: E.164, personal; as is the name."""

    customer_id: str
    numbers: tuple[str, ...]
    name: str | None = None
    language: str | None = None


_ANSWER: TypeAdapter[list[Reachable | None]] = TypeAdapter(list[Reachable | None])


@dataclass(frozen=True, slots=True)
class CustomerNumbers:
    """`POST /v1/reachable` of profile."""

    client: httpx.AsyncClient = field(repr=False)

    async def of(self, tenant: str, asked: Sequence[Asked]) -> list[Reachable | None]:
        """One answer each, in their order; None: no such customer. Raises Backpressure where the profile is away."""
        answers: list[Reachable | None] = []
        for start in range(0, len(asked), AT_ONCE):
            questions = [
                {"customer_id": a.customer_id, "source": a.source, "key": a.key} for a in asked[start : start + AT_ONCE]
            ]
            try:
                answer = await self.client.post(
                    "/v1/reachable", params={"tenant": tenant}, json={"customers": questions}
                )
                answer.raise_for_status()
                answers += _ANSWER.validate_python(answer.json()["items"])
            except (httpx.HTTPError, ValidationError, KeyError, ValueError) as error:
                raise Backpressure(
                    f"the profile does not say where customers are reached ({type(error).__name__})"
                ) from error
        return answers
