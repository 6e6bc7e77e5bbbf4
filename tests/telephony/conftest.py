"""One house for all telephony tests; after each everybody has hung up and gone home."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.embedded import create_database, fresh_name
from tests.conftest import Broker
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
