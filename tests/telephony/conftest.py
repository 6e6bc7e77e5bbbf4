"""One house for all telephony tests; after each everybody has hung up and gone home."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.embedded import create_database, fresh_name
from tests.conftest import Broker
from tests.telephony.engine import Outbound, engine_of
from tests.telephony.exchange import find
from tests.telephony.house import House, open_house


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def built(
    postgres_server: str, migrated_template: str, broker: Broker, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[House]:
    if find() is None:
        pytest.skip("no Asterisk here: tests/telephony/install-asterisk, or UCC_TEST_ASTERISK_ROOT, or one on the path")
    database_url = create_database(postgres_server, fresh_name("ucc_telephony"), template=migrated_template)
    folder: Path = tmp_path_factory.mktemp("telephony")
    async with open_house(database_url, broker, folder) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(built: House) -> AsyncGenerator[House]:
    yield built
    await built.rest()


@pytest_asyncio.fixture(loop_scope="session")
async def outbound(house: House) -> AsyncGenerator[Outbound]:
    async with engine_of(house) as ours:
        yield ours


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, object, object]:
    """A failing test shows what Asterisk and the gateway logged."""
    report = yield
    built = getattr(item, "funcargs", {}).get("house")
    if call.when == "call" and call.excinfo is not None and isinstance(built, House):
        assert isinstance(report, pytest.TestReport)
        report.sections.append(("exchange", built.exchange.log()[-3000:]))
        report.sections.append(("gateway", built.services["gateway"].log_text()[-6000:]))
    return report
