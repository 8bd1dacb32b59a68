"""``python -m bench [SUBJECT …]``: all measurements, or those of one subject (``python -m bench disclosure --help``)."""

from __future__ import annotations

import sys

from bench import airflow_scale, audit, disclosure, portal, staging, tau_argus

SUBJECTS = {
    "airflow-scale": airflow_scale.main,
    "disclosure": disclosure.main,
    "audit": audit.main,
    "tau-argus": tau_argus.main,
    "portal": portal.main,
    "staging": staging.main,
}


def main(arguments: list[str]) -> int:
    if not arguments:
        return max(measure([]) for measure in SUBJECTS.values())
    if arguments[0] not in SUBJECTS:
        sys.stderr.write(f"usage: python -m bench [{' | '.join(SUBJECTS)}] [options]\n")
        return 2
    return SUBJECTS[arguments[0]](arguments[1:])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
