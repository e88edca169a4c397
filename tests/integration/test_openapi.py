"""The API describes itself: every route with words, and with the errors that it may answer."""

from tests.centre import World


def test_every_route_is_described(world: World) -> None:
    document = world.send("GET", "/api/openapi.json", {})
    assert document["components"]["schemas"]["Problem"]["required"] == [
        "type", "title", "status", "detail", "code", "data",
    ]  # fmt: skip
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation.get("description"), where
            assert "default" in operation["responses"], where
            if path.startswith("/api/") and path not in ("/api/node/enrol", "/api/session"):
                assert "401" in operation["responses"], where


def test_everything_that_is_said_of_a_field_has_a_type(world: World) -> None:
    document = world.send("GET", "/api/openapi.json", {})
    lesson = document["components"]["schemas"]["ListedLesson"]["properties"]
    who = {"id", "course_id", "partner_id", "number", "title", "place", "created_at", "course_title", "partner_name"}
    assert set(lesson) == who
