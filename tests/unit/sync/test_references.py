"""Ids inside documents."""

from __future__ import annotations

import pytest

from localloop_schema.kinds import EntityKind as K
from localloop_sync.core.references import natural_key, references, translate

MAPS = {K.RECIPE: {"r": "R"}, K.ONTOLOGY: {"o": "O"}, K.ANNOTATION: {"p": "P"}}


def annotation(parent):
    return {"label": "x", "metadata": {"system": {"parentId": parent, "other": "p"}}}


def test_the_ids_of_a_document_are_found_by_kind():
    assert references(K.DATASET, {"recipes": ["r", "s"]}) == {K.RECIPE: ["r", "s"]}
    assert references(K.RECIPE, {"ontologies": ["o"]}) == {K.ONTOLOGY: ["o"]}
    assert references(K.ANNOTATION, annotation("p")) == {K.ANNOTATION: ["p"]}
    assert references(K.ITEM, {"filename": "/r"}) == {}


def test_ids_are_mapped_and_unknown_ones_stay():
    assert translate(K.DATASET, {"recipes": ["r", "s"]}, MAPS) == {"recipes": ["R", "s"]}
    assert translate(K.ANNOTATION, annotation("p"), MAPS) == annotation("P")
    assert translate(K.ANNOTATION, annotation("q"), MAPS) == annotation("q")


def test_the_document_that_was_given_is_left_alone():
    document = annotation("p")
    translate(K.ANNOTATION, document, MAPS)
    assert document == annotation("p")


@pytest.mark.parametrize("odd", [5, {"a": 1}, [1, "p"], True])
def test_what_is_no_id_is_left_alone(odd):
    found = references(K.ANNOTATION, annotation(odd))
    assert found == ({K.ANNOTATION: ["p"]} if isinstance(odd, list) else {})
    expected = [1, "P"] if isinstance(odd, list) else odd
    assert translate(K.ANNOTATION, annotation(odd), MAPS) == annotation(expected)


@pytest.mark.parametrize("document", [{}, {"metadata": {}}, {"metadata": {"system": {}}}, {"metadata": 5}])
def test_a_document_without_the_path_has_no_reference(document):
    assert references(K.ANNOTATION, document) == {}
    assert translate(K.ANNOTATION, document, MAPS) == document


def test_the_natural_key_is_what_a_creation_is_found_again_by():
    assert natural_key(K.ITEM, {"filename": "/a"}) == "/a"
    assert natural_key(K.MEMBER, {"email": "a@x"}) == "a@x"
    assert natural_key(K.ANNOTATION, {"metadata": {"system": {"clientId": "c"}}}) == "c"
    assert natural_key(K.ANNOTATION, {"metadata": {}}) == ""
    assert natural_key(K.ANNOTATION, {"metadata": {"system": {"clientId": 5}}}) == ""
