import pytest

from tests.servers.postgresql import postgresql


@pytest.fixture(scope="session")
def postgresql_address():
    with postgresql() as address:
        yield address
