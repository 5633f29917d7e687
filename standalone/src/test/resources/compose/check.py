"""Checks a compose file against the JSON schema of the compose specification that Debian's docker-compose ships.

usage: check.py FILE     prints a line for each mistake, with its place, and ends with 1 where there is one
"""

import json
import sys

import compose.config
import jsonschema
import yaml


def leaves(error):
    """The mistakes that an alternative's refusal is made of, or the mistake itself."""
    deepest = [leaf for cause in error.context or [] for leaf in leaves(cause)]
    return deepest or [error]


def main(path):
    with open(path, encoding="utf-8") as file:
        wanted = yaml.safe_load(file)
    # Of the specification, but younger than this copy of its schema.
    wanted.pop("name", None)
    schema_file = compose.config.__path__[0] + "/compose_spec.json"
    with open(schema_file, encoding="utf-8") as file:
        schema = json.load(file)
    # The schema was written for draft 7; what it says of itself is newer than its words.
    validator = jsonschema.Draft7Validator(schema)
    mistakes = [leaf for error in validator.iter_errors(wanted) for leaf in leaves(error)]
    for mistake in mistakes:
        print(".".join(str(step) for step in mistake.absolute_path) + ": " + mistake.message)
    return 1 if mistakes else 0


sys.exit(main(sys.argv[1]))
