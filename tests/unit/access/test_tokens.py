"""What a bearer token is."""

import pytest

from apps.access import tokens


def test_a_token_is_long_random_and_recognisable():
    made = {tokens.new() for _ in range(100)}
    assert len(made) == 100
    assert all(token.startswith("tieout_") and len(token) >= 50 for token in made)


def test_the_digest_is_sha256_of_the_text():
    import hashlib

    assert tokens.digest("tieout_x") == hashlib.sha256(b"tieout_x").digest()


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer tieout_abc", "tieout_abc"),
        ("bearer tieout_abc ", "tieout_abc"),
        ("Basic tieout_abc", None),
        ("Bearer abc", None),
        ("tieout_abc", None),
        ("", None),
        ("Bearer", None),
    ],
)
def test_only_our_tokens_are_read_from_a_header(header, token):
    assert tokens.from_header(header) == token
