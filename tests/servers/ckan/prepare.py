"""Run by the portal's own Python: fills an empty CKAN with what tests need, and prints it as JSON.

Tables of CKAN and its plugins, permissions of the DataStore, three users with a token each (``admin``; ``publisher``, an
editor of the department; ``outsider``, who belongs nowhere), two departments and the topics.
"""

import json
import sys
from typing import Any

DEPARTMENT = "california-department-of-public-health"
OTHER_DEPARTMENT = "department-of-other-things"
DEPARTMENTS = {
    DEPARTMENT: "California Department of Public Health",
    "department-of-health-care-services": "Department of Health Care Services",
    OTHER_DEPARTMENT: "Department of Other Things",
}
TOPICS = (
    *("diseases-and-conditions", "facilities-and-services", "health-care", "workforce", "environment", "demographics"),
    *("resources", "health-and-human-services"),
)


def main(configuration: str, superuser: str) -> None:
    import sqlalchemy
    from ckan.cli import load_config
    from ckan.config.middleware import make_app

    app = make_app(load_config(configuration))
    from ckan import model
    from ckan.cli.db import _run_migrations
    from ckan.logic import get_action
    from ckanext.datastore.cli import permissions_sql

    with app._wsgi_app.test_request_context():
        model.repo.init_db()
        _run_migrations("activity", None, True)
        sql = permissions_sql("ckan", "datastore", "ckan", "ckan", "datastore_ro")
        statements = "\n".join(line for line in sql.splitlines() if not line.startswith("\\"))
        engine = sqlalchemy.create_engine(superuser)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.connection.cursor().execute(statements)

        def act(action: str, **arguments: Any) -> Any:
            return get_action(action)({"ignore_auth": True, "user": site["name"]}, arguments)

        site = get_action("get_site_user")({"ignore_auth": True}, {})
        tokens = {}
        for name in ("admin", "publisher", "outsider"):
            act("user_create", name=name, email=f"{name}@example.org", password="test-Only-42")
            tokens[name] = act("api_token_create", user=name, name="tests")["token"]
        act("user_patch", id="admin", sysadmin=True)
        for name, title in DEPARTMENTS.items():
            users = [] if name == OTHER_DEPARTMENT else [{"name": "publisher", "capacity": "editor"}]
            act("organization_create", name=name, title=title, users=users)
        for name in TOPICS:
            title, users = name.replace("-", " ").title(), [{"name": "publisher", "capacity": "member"}]
            act("group_create", name=name, title=title, users=users)
    sys.stdout.write("\n" + json.dumps({"tokens": tokens}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
