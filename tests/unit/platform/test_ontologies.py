"""Attributes of ontologies and recipes of the second version, to the wire and back."""

from __future__ import annotations

from json import dumps

from requests import Response

from localloop.platform import push
from localloop.platform.labels import to_attributes, to_items, to_names
from localloop.platform.mapping import from_wire
from localloop.platform.ontologies import update_ontology
from localloop_schema.kinds import EntityKind

OBJECT = {"key": "k", "title": "K", "type": "boolean", "scope": ["*"]}


class Session:
    """Notes what is sent, and answers with one ontology."""

    def __init__(self, ontology):
        self.ontology = ontology
        self.sent = []

    announced = ""

    def json(self, method, path, json=None, headers=None):
        self.sent.append((method, path, json))
        return self.ontology

    def request(self, method, path):
        reply = Response()
        reply._content = dumps(self.json(method, path)).encode()
        return reply


def test_a_title_that_is_only_repeated_makes_no_difference():
    shown = {"attributes": ["big"], "metadata": {"attributes": [{**OBJECT, "scriptData": {"title": "K"}}]}}
    assert to_attributes(shown) == {"big": {"key": "big"}, "k": OBJECT}


def test_what_else_a_script_says_is_kept():
    own = {**OBJECT, "scriptData": {"title": "K", "help": "h"}}
    assert to_attributes({"metadata": {"attributes": [own]}}) == {"k": own}


def test_names_are_sent_as_names_and_objects_as_objects():
    attributes = {"big": {"key": "big"}, "k": OBJECT}
    assert (to_names(attributes), to_items(attributes)) == (["big"], [OBJECT])
    assert push.new_ontology("P", {"attributes": attributes})["attributes"] == ["big"]


def test_a_new_name_is_sent_with_the_names_that_are_there():
    session = Session({"roots": [], "attributes": ["big"], "metadata": {"system": {}}})
    base = {"attributes": {"big": {"key": "big"}}}
    update_ontology(session, "O", {"attributes": {**base["attributes"], "red": {"key": "red"}}}, base)
    assert [method for method, _, _ in session.sent] == ["GET", "PUT"]
    assert session.sent[-1][2]["attributes"] == ["big", "red"]


def test_a_recipe_of_the_second_version_goes_to_a_document_and_back():
    ontology = {"ontologyId": "a" * 24, "attributes": [], "structureIds": ["s"]}
    wire = {"id": "b" * 24, "title": "R", "projectIds": ["P"], "ontology": ontology, "v2": True}
    document = from_wire(EntityKind.RECIPE, wire).document
    assert document["ontologies"] == ["a" * 24]
    assert "ontologyId" not in document["settings"]["ontology"]
    assert push.new_recipe("P", document)["ontology"] == ontology
