import json
import unicodedata
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from foundation import hashing

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
NUMBER = st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=8)
VALUE = st.recursive(
    st.booleans() | NUMBER | TEXT | st.none(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(TEXT.map(lambda t: unicodedata.normalize("NFC", t)), inner)
    ),
    max_leaves=20,
)


@given(VALUE)
def test_canonical_text_is_json_and_its_own_canonical_text(value):
    text = hashing.canonical(value)
    assert hashing.canonical(json.loads(text, parse_float=Decimal)) == text


@given(st.dictionaries(TEXT.map(lambda t: unicodedata.normalize("NFC", t)), NUMBER | TEXT))
def test_the_order_of_keys_does_not_matter(mapping):
    backwards = dict(reversed(mapping.items()))
    assert hashing.content_hash(mapping) == hashing.content_hash(backwards)


@given(NUMBER, NUMBER)
def test_two_numbers_have_one_text_exactly_when_they_are_equal(left, right):
    assert (hashing.canonical(left) == hashing.canonical(right)) == (left == right)
