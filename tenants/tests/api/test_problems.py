"""Problems that name each wrong value with its place. No database."""

from __future__ import annotations

from typing import Any

from tenants.api.problems import InvalidValues, Problem, ValueProblem, pointer_to, value_problems
from tenants.api.schema import KINDS, describe_refusals


def test_a_pointer_escapes_what_json_pointers_reserve() -> None:
    assert pointer_to("a/b", "c~d", 0) == "#/a~1b/c~0d/0"


def test_nested_errors_are_opened_to_their_places() -> None:
    found = value_problems({"sections": {"common.details": {"answers": ["Give an object."]}}})

    assert found == [ValueProblem("Give an object.", pointer="#/sections/common.details/answers")]


def test_an_error_in_a_list_names_its_number() -> None:
    assert value_problems({"rows": [{}, {"area": ["Wrong."]}]}) == [
        ValueProblem("Wrong.", pointer="#/rows/1/area")
    ]


def test_an_error_of_the_whole_body_points_at_it() -> None:
    assert value_problems({"non_field_errors": ["Give an object."]}) == [
        ValueProblem("Give an object.", pointer="#")
    ]


def test_an_error_of_the_query_names_its_parameter() -> None:
    assert value_problems({"page": ["Wrong."]}, in_query=True) == [ValueProblem("Wrong.", parameter="page")]


def test_several_wrong_values_are_counted() -> None:
    problem = InvalidValues([ValueProblem("One."), ValueProblem("Two.")])

    assert problem.as_json()["detail"] == "2 values must be put right; nothing was changed."


def test_a_problem_without_a_kind_is_told_by_its_status() -> None:
    assert Problem(404, "Not found").as_json()["type"] == "about:blank"


def test_every_operation_tells_how_it_refuses_somebody_signed_out() -> None:
    schema: dict[str, Any] = {"paths": {"/api/x": {"get": {"responses": {"200": {}}}}}}

    responses = describe_refusals(schema, None, None, True)["paths"]["/api/x"]["get"]["responses"]

    assert responses["401"] == {"$ref": "#/components/responses/signed_out"}


def test_kinds_of_problems_are_named_once() -> None:
    names = [name for name, _, _ in KINDS]

    assert len(names) == len(set(names))
