"""The world that is asked about: built once a session, cloned for each test."""

import dataclasses

import pytest

from tests.integration.graph import world as worlds


@pytest.fixture(scope="session")
def built(databases, template, django_db_blocker):
    with django_db_blocker.unblock():
        name, made = worlds.build(databases, template)
    yield name, made
    databases.server.drop_database(name)


@pytest.fixture
def database_template(built):
    return built[0]


@pytest.fixture
def world(built, database):
    return dataclasses.replace(built[1], database=database)
