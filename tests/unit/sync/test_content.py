"""What is known of an item's content where the platform tells only a size."""

from __future__ import annotations

import pytest

from localloop_sync.core.content import must_compare, with_known_digest


def doc(size=None, digest=None):
    if size is None:
        return {"filename": "/d", "type": "dir"}
    return {"filename": "/f", "content": {"size": size, **({"digest": digest} if digest else {})}}


@pytest.mark.parametrize(
    ("remote", "base", "known"),
    [
        pytest.param(doc(5), doc(5, "a"), doc(5, "a"), id="the same size is the content that is known"),
        pytest.param(doc(6), doc(5, "a"), doc(6), id="another size is another content"),
        pytest.param(doc(5, "b"), doc(5, "a"), doc(5, "b"), id="what the platform says goes first"),
        pytest.param(doc(5), None, doc(5), id="without a base nothing is known"),
        pytest.param(doc(5), doc(5), doc(5), id="a base that knows no digest teaches none"),
        pytest.param(doc(), doc(5, "a"), doc(), id="a directory has no content"),
    ],
)
def test_the_digest_that_the_base_knows_is_taken_over(remote, base, known):
    assert with_known_digest(remote, base) == known


@pytest.mark.parametrize(
    ("base", "mirror", "remote", "compare"),
    [
        pytest.param(None, doc(5, "a"), doc(5), True, id="new on both sides and of one size"),
        pytest.param(None, doc(5, "a"), doc(6), False, id="sizes that differ say enough"),
        pytest.param(None, doc(5, "a"), doc(5, "b"), False, id="digests say enough"),
        pytest.param(None, doc(5), doc(5), False, id="nothing is known here to compare with"),
        pytest.param(None, None, doc(5), False, id="there is none here"),
        pytest.param(doc(5, "a"), doc(6, "b"), doc(5, "a"), False, id="only ours is new"),
        pytest.param(doc(4, "o"), doc(5, "a"), doc(5), True, id="both are new and of one size"),
        pytest.param(doc(4, "o"), doc(4, "o"), doc(5), False, id="only theirs is new"),
        pytest.param(None, doc(), doc(5), False, id="a directory has no bytes"),
    ],
)
def test_bytes_are_fetched_only_when_nothing_else_tells(base, mirror, remote, compare):
    assert must_compare(base, mirror, remote) is compare
