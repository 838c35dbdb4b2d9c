"""The report's keys, properties and verdicts are documented."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pytest_eksconform.findings import SEVERITIES
from pytest_eksconform.reports.json_report import SCHEMA
from pytest_eksconform.verdicts import Verdict

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")


def test_every_key_of_the_report_is_documented():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    parts = [schema, *(schema["$defs"][name] for name in ("control", "finding", "calls"))]
    keys = {key for part in parts for key in part["properties"]}
    assert {key for key in keys if f"`{key}`" not in PAGE} == set()


def test_every_junit_property_is_documented():
    source = (ROOT / "pytest_eksconform" / "conversion.py").read_text(encoding="utf-8")
    names = set(re.findall(r'"(eks\.[a-z-]+)"', source))
    assert names
    assert {name for name in names if f"`{name}`" not in PAGE} == set()


def test_every_verdict_and_severity_is_documented():
    for verdict in Verdict:
        assert f"| {verdict.value} |" in PAGE
    for severity in SEVERITIES:
        assert f"*{severity}*" in PAGE
