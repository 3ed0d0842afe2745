"""The tree of RFC 6962."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground.audit import merkle

leaves = st.lists(st.binary(max_size=8), min_size=1, max_size=70).map(lambda data: [merkle.leaf(item) for item in data])


def rfc_root(hashes):
    """Section 2.1, word for word."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return sha256(b"\x01" + rfc_root(hashes[:split]) + rfc_root(hashes[split:])).digest()


@given(leaves)
def test_the_root_is_that_of_the_standard(hashes):
    assert merkle.root(hashes) == rfc_root(hashes)


@given(leaves, st.data())
def test_every_leaf_has_a_path_to_the_root_and_no_other_leaf_has_it(hashes, data):
    index = data.draw(st.integers(0, len(hashes) - 1))
    steps = merkle.path(hashes, index)
    assert merkle.climb(hashes[index], steps) == merkle.root(hashes)
    assert merkle.climb(merkle.leaf(b"something longer than the others"), steps) != merkle.root(hashes)


def test_a_node_is_never_taken_for_a_leaf():
    left, right = merkle.leaf(b"a"), merkle.leaf(b"b")
    assert merkle.leaf(left + right) != merkle.node(left, right)


def test_no_leaves_no_path():
    assert merkle.root([]) == merkle.EMPTY_ROOT
    with pytest.raises(IndexError):
        merkle.path([], 0)
