"""The names of leases and connections."""

from apps.run.connections import Session
from apps.run.supervisor import owner_name


def test_a_lease_owner_fits_into_an_application_name():
    name = owner_name("6fa459ea-ee8a-3ca4-894e-db77e160355e")
    assert name == "tieout:6fa459ea-ee8a-3ca4-894e-db77e160355e"
    assert len(name) < 64  # PostgreSQL cuts longer ones, and the lease would be nobody's


def test_waits_grow_and_have_an_end():
    session, waits = Session("tieout:x"), []
    for failures in range(12):
        session._failures = failures
        session.wait(waits.append)
    assert all(0 < wait <= 10 for wait in waits)
    assert waits[11] >= 5 > waits[0]
