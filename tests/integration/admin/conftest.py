"""The desk: its role, its addresses, a superuser who is logged in."""

import pytest
from django.test import Client

from tests.integration.graph.fixtures import built, database_template, world

__all__ = ["built", "database_template", "world"]


@pytest.fixture
def desk_client(world, acting_as, settings):
    """A superuser who is logged in on the desk, under its role and at its addresses."""
    settings.ROOT_URLCONF = "config.desk_urls"
    with acting_as("desk"):
        user = world.user("head")
        user.is_staff = True
        user.save()
        client = Client()
        client.force_login(user)
        yield client
