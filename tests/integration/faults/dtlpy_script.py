"""What somebody does with dtlpy, pointed at a proxy. Arguments: the proxy's gate."""

from __future__ import annotations

import json
import sys

import dtlpy as dl

gate = sys.argv[1]
dl.add_environment(
    environment=f"{gate}/api/v1", gate_url=gate, url=f"{gate}/", alias="faults", verify_ssl=False
)
dl.setenv("faults")
assert dl.login_m2m(email="ann@example.test", password="pw")
project = dl.projects.create(project_name="P")
dataset = project.datasets.create(dataset_name="D")
item = dataset.items.upload(local_path=b"abc" * 1000, remote_name="a.bin")
first = dataset.items.list().items
print("SEEN", json.dumps([len(dl.projects.list()), item.filename, [one.filename for one in first]]))  # noqa: T201 - read by the test
