from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localloop.store.labels import labels_of, new_label, roots_of

names = st.text(st.characters(exclude_characters=".", codec="utf-8"), min_size=1, max_size=3)
nodes = st.recursive(
    st.just([]),
    lambda children: st.lists(
        st.builds(lambda tag, below: {"value": {"tag": tag}, "children": below}, names, children),
        max_size=3,
        unique_by=lambda node: node["value"]["tag"],
    ),
    max_leaves=12,
)


@given(nodes)
def test_a_tree_goes_to_a_map_and_back(tree):
    labels = labels_of(tree)
    assert labels_of(roots_of(labels)) == labels


@given(nodes)
def test_a_map_goes_to_a_tree_of_the_same_shape(tree):
    def shape(roots):
        return [(root["value"]["tag"], shape(root["children"])) for root in roots]

    assert shape(roots_of(labels_of(tree))) == shape(tree)


@given(st.lists(st.lists(names, min_size=1, max_size=4).map(".".join), unique=True))
def test_no_label_is_lost_where_ancestors_are_missing(tags):
    labels = {tag: {**new_label(tag), "displayLabel": "mine"} for tag in tags}
    again = labels_of(roots_of(labels))
    assert {tag: again[tag] for tag in tags} == labels


def test_the_colour_of_a_label_depends_on_nothing_but_its_tag():
    assert new_label("Person") == new_label("Person")
    assert new_label("Person")["color"] != new_label("Ear")["color"]
