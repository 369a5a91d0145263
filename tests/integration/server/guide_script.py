"""The getting-started guide, step by step, by unmodified dtlpy; run in a process of its own with the gate's URL.

Prints a line of JSON with what it saw, for the test to look at.
"""

import datetime as dt
import json
import sys
from pathlib import Path

import dtlpy as dl

gate, folder = sys.argv[1], Path(sys.argv[2])
seen = {}

# Log in
dl.add_environment(environment=f"{gate}/api/v1", gate_url=gate, url=f"{gate}/", alias="hub", verify_ssl=False)
dl.setenv("hub")
assert dl.token_expired()
assert not dl.login_m2m(email="alice@example.test", password="wrong")
assert dl.login_m2m(email="alice@example.test", password="pw")
assert dl.login_m2m(email="alice@example.test", password="pw")
assert not dl.token_expired()
seen["email"] = dl.info(with_token=False)["user_email"]

# Projects and members
project = dl.projects.create(project_name="My-First-Project")
assert dl.projects.get(project_name="My-First-Project").id == project.id
assert dl.projects.get(project_id=project.id).name == "My-First-Project"
project.add_member(email="bob@example.test", role=dl.MemberRole.DEVELOPER)
project.update_member(email="bob@example.test", role=dl.MemberRole.ANNOTATION_MANAGER)
seen["members"] = sorted((member.email, member.role) for member in project.list_members())
project.remove_member(email="bob@example.test")
seen["members after"] = [member.email for member in project.list_members()]

# Datasets
created = project.datasets.create(dataset_name="My-First-Dataset")
dataset = project.datasets.get(dataset_name="My-First-Dataset")
assert dataset.id == created.id
try:
    project.datasets.get(dataset_name="No-Such-Dataset")
except dl.exceptions.NotFound as error:
    seen["not found"] = [error.status_code, error.message]
try:
    project.datasets.create(dataset_name="My-First-Dataset")
except dl.exceptions.BadRequest as error:
    seen["exists"] = error.status_code

# Items, exercise 1
item_1 = dataset.items.upload(local_path=str(folder / "test1.jpg"))
item_2 = dataset.items.upload(local_path=str(folder / "test2.jpg"))
seen["size"] = item_1.metadata["system"]["size"]

# Getting items, exercise 2
item_1 = dataset.items.get(item_id=item_1.id)
item_1.print()
item_2 = dataset.items.get(filepath="/test2.jpg")
item_2.print()
pages = dataset.items.list()
seen["all"] = [item.filename for item in pages.all()]
seen["pages"] = [[item.filename for item in page] for page in pages]

# Annotating
labels = dataset.add_label(label_name="Person")
seen["labels"] = [label.tag for label in labels]
assert labels[0].color.startswith("#")
builder = item_1.annotations.builder()
builder.add(annotation_definition=dl.Classification(label="Person"))
item_1.annotations.upload(builder)
dataset.add_label(label_name="Ear")
builder = item_1.annotations.builder()
builder.add(annotation_definition=dl.Point(x=80, y=80, label="Ear"))
builder.add(annotation_definition=dl.Point(x=120, y=120, label="Ear"))
item_1.annotations.upload(builder)
seen["annotations"] = sorted((one.type, one.label) for one in item_1.annotations.list())

# Exercise 3
dataset.add_label(label_name="Face")
dataset.add_label(label_name="Eye")
builder = item_2.annotations.builder()
builder.add(annotation_definition=dl.Classification(label="Face"))
builder.add(annotation_definition=dl.Point(x=10, y=20, label="Eye"))
builder.add(annotation_definition=dl.Point(x=30, y=40, label="Eye"))
item_2.annotations.upload(builder)

# Filters
my_filter = dl.Filters()
my_filter.add_join(field="type", values="point")
my_filter.add_join(field="label", values="Ear")
seen["ears"] = [item.filename for item in dataset.items.list(filters=my_filter).all()]

# Replacing
person_filter = dl.Filters(resource=dl.FILTERS_RESOURCE_ITEM)
person_filter.add_join(field="label", values="Person")
dataset.add_label(label_name="Adult")
pages = dataset.items.list(filters=person_filter)
person_ann_filter = dl.Filters(resource=dl.FiltersResource.ANNOTATION)
person_ann_filter.add(field="label", values="Person")
for item in pages.all():
    item.annotations.delete(filters=person_ann_filter)
    annotations = item.annotations.builder()
    annotations.add(annotation_definition=dl.Classification(label="Adult"))
    item.annotations.upload(annotations)
seen["replaced"] = sorted(one.label for one in item_1.annotations.list())

# Exercise 4
eye_filter = dl.Filters()
eye_filter.add_join(field="type", values="point")
eye_filter.add_join(field="label", values="Eye")
seen["eyes"] = [item.filename for item in dataset.items.list(filters=eye_filter).all()]
face_filter = dl.Filters()
face_filter.add_join(field="type", values="class")
face_filter.add_join(field="label", values="Face")
face_ann_filter = dl.Filters(resource=dl.FiltersResource.ANNOTATION)
face_ann_filter.add(field="label", values="Face")
for item in dataset.items.list(filters=face_filter).all():
    item.annotations.delete(filters=face_ann_filter)
    annotations = item.annotations.builder()
    annotations.add(annotation_definition=dl.Classification(label="Person"))
    item.annotations.upload(annotations)
seen["exercise 4"] = sorted(one.label for one in item_2.annotations.list())

# Metadata
item_1 = dataset.items.get(item_id=item_1.id)
item_1.metadata["user"] = {}
item_1.metadata["user"]["dateTime"] = "now"
item_1 = item_1.update()
seen["user metadata"] = dataset.items.get(item_id=item_1.id).metadata["user"]
filters = dl.Filters()
filters.add_join(field="label", values="Person")
dataset.items.update(filters=filters, update_values={"user": {"dateTime": "then"}})
seen["bulk metadata"] = dataset.items.get(item_id=item_2.id).metadata["user"]

# Exercise 5
adults = dl.Filters()
adults.add_join(field="label", values="Adult")
dataset.items.update(filters=adults, update_values={"date": "today"})
seen["exercise 5"] = dataset.items.get(item_id=item_1.id).metadata["user"]

# Tasks, exercise 6
due = dt.datetime(day=15, month=7, year=2029, tzinfo=dt.UTC).timestamp()
task = dataset.tasks.create(
    task_name="test", due_date=due, assignee_ids=["alice@example.test"], filters=filters
)
seen["task"] = [task.name, task.total_items, task.due_date == due * 1000, "sort" in json.loads(task.query)]
seen["task items"] = [item.filename for item in task.get_items().all()]
second = dataset.tasks.create(
    task_name="adults", due_date=due, assignee_ids=["alice@example.test"], filters=adults
)
seen["tasks"] = sorted(one.name for one in dataset.tasks.list())
seen["second task"] = [item.filename for item in second.get_items().all()]

# An update that changes nothing sends nothing
calls = []
send = dl.client_api.gen_request
dl.client_api.gen_request = lambda *args, **kwargs: calls.append(args) or send(*args, **kwargs)
item_1 = dataset.items.get(item_id=item_1.id)
annotation = item_1.annotations.list()[0]
assert calls
calls.clear()
item_1.update()
annotation.update()
seen["calls of no change"] = [str(call) for call in calls]

dl.logout()
seen["logged out"] = dl.token_expired()
sys.stdout.write("SEEN " + json.dumps(seen) + "\n")
