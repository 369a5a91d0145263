"""What people do beyond the guide, by unmodified dtlpy; run in a process of its own with the gate's URL.

Prints a line of JSON with what it saw, for the test to look at.
"""

import io
import json
import sys
from pathlib import Path

import dtlpy as dl

gate, folder = sys.argv[1], Path(sys.argv[2])
seen = {}


def code_of(work):
    """The status that dtlpy raises; None when it raises nothing."""
    try:
        work()
    except dl.exceptions.ExceptionMain as error:
        return error.status_code
    return None


dl.add_environment(environment=f"{gate}/api/v1", gate_url=gate, url=f"{gate}/", alias="hub", verify_ssl=False)
dl.setenv("hub")
assert dl.login_m2m(email="alice@example.test", password="pw")
key = dl.client_api.generate_api_key(description="ci")

project = dl.projects.create(project_name="Beyond")
seen["binaries"] = project.datasets._get_binaries_dataset().name
seen["datasets"] = [one.name for one in project.datasets.list()]
project.name = "Beyond 2"
project.update()
seen["renamed"] = dl.projects.get(project_id=project.id).name
seen["unknown project"] = code_of(lambda: dl.projects.get(project_name="No"))

dataset = project.datasets.create(dataset_name="D", labels=[dl.Label(tag="cat", color=(1, 2, 3))])
seen["labels"] = [(label.tag, label.color) for label in dataset.labels]
dataset.name = "D2"
dataset.update()
seen["dataset"] = project.datasets.get(dataset_id=dataset.id).name

# Items
item = dataset.items.upload(
    local_path=str(folder / "test1.jpg"),
    remote_path="/a b/ü",
    remote_name="é 1.jpg",
    item_metadata={"user": {"k": 1}},
    item_description="words",
)
seen["item"] = [item.filename, item.metadata["user"], item.description]
again = dataset.items.upload(
    local_path=str(folder / "test1.jpg"), remote_path="/a b/ü", remote_name="é 1.jpg"
)
seen["same again"] = again.id == item.id
builder = item.annotations.builder()
for definition in (
    dl.Point(x=1, y=2, label="cat"),
    dl.Box(left=1, top=2, right=3, bottom=4, label="cat"),
    dl.Polygon(geo=[(1, 1), (5, 1), (5, 5)], label="cat"),
    dl.Polyline(geo=[(1, 1), (5, 1)], label="cat"),
    dl.Ellipse(x=5, y=5, rx=2, ry=3, angle=10, label="cat"),
    dl.Classification(label="cat"),
    dl.Note(left=1, top=1, right=2, bottom=2, label="cat", messages=["look"], creator="alice@example.test"),
    dl.Text(text_type="block", start=1, end=3, label="cat"),
    dl.Description(text="it is"),
):
    builder.add(annotation_definition=definition)
item.annotations.upload(builder)
every = dl.Filters(resource=dl.FiltersResource.ANNOTATION, use_defaults=False)
seen["types"] = sorted(one.type for one in item.annotations.list(filters=every))

other = io.BytesIO(b"another size")
other.name = "é 1.jpg"
seen["other bytes"] = (
    dataset.items.upload(local_path=other, remote_path="/a b/ü", remote_name="é 1.jpg") is None
)
seen["kept"] = len(dataset.items.get(item_id=item.id).annotations.list(filters=every))

sent = []
send = dl.client_api.gen_request
dl.client_api.gen_request = lambda *args, **kwargs: sent.append((args, kwargs)) or send(*args, **kwargs)
item = dataset.items.get(item_id=item.id)
annotations = item.annotations.list(filters=every)
assert sent
sent.clear()
item.update()
for annotation in annotations:
    annotation.update()
seen["sent without a change"] = [str(call) for call in sent]
dl.client_api.gen_request = send

first = next(one for one in annotations if one.type == "box")
first.label = "dog"
first.metadata["user"] = {"seen": True}
first.update()
first = dataset.annotations.get(annotation_id=first.id)
seen["annotation"] = [first.label, first.metadata["user"]]
first.delete()
seen["annotation gone"] = code_of(lambda: dataset.annotations.get(annotation_id=first.id))
seen["malformed annotation"] = code_of(lambda: dataset.annotations.get(annotation_id="x"))

target = item.download(local_path=str(folder / "down"))
seen["download"] = Path(target).read_bytes() == (folder / "test1.jpg").read_bytes()
empty = io.BytesIO(b"")
empty.name = "empty.txt"
empty = dataset.items.upload(local_path=empty)
seen["empty"] = [empty.metadata["system"]["size"], Path(empty.download(str(folder / "down"))).stat().st_size]

over = io.BytesIO(b"another size")
over.name = "é 1.jpg"
over = dataset.items.upload(local_path=over, remote_path="/a b/ü", remote_name="é 1.jpg", overwrite=True)
seen["overwrite"] = [over.id == item.id, over.metadata["system"]["size"], over.annotations_count]
item = dataset.items.get(item_id=item.id)
item.metadata["user"] = None
item = item.update()
seen["metadata removed"] = item.metadata.get("user")
item.description = "new words"
seen["description"] = dataset.items.get(item_id=item.id).description
item.move(new_path="/moved")
seen["moved"] = dataset.items.get(item_id=item.id).filename
dataset.items.make_dir("/target")
dataset.items.move_items(destination="/target", items=[item, empty])
seen["moved many"] = sorted(one.filename for one in dataset.items.list().all())
seen["tree"] = sorted(dataset.directory_tree.dir_names)
by_path = dl.Filters(field="filename", values="/target/*")
seen["by path"] = dataset.items.list(filters=by_path).items_count
seen["unsupported operator"] = code_of(
    lambda: dataset.items.list(filters=dl.Filters(field="name", values="x", operator="regex"))
)
dataset.items.delete(filename="/target/empty.txt")
seen["left"] = [one.filename for one in dataset.items.list().all()]
seen["gone"] = code_of(lambda: dataset.items.get(item_id=empty.id))

# A folder, and paging
many = folder / "many"
many.mkdir()
for number in range(7):
    (many / f"{number}.txt").write_text(str(number))
dataset.items.upload(local_path=str(many / "*"), remote_path="/many")
filters = dl.Filters(field="dir", values="/many")
filters.page_size = 3
pages = dataset.items.list(filters=filters)
seen["count"] = [pages.items_count, pages.total_pages_count]
seen["paged"] = [item.name for item in pages.all()]
by_name = dl.Filters(field="dir", values="/many")
by_name.page_size = 3
by_name.sort_by(field="name", value=dl.FiltersOrderByDirection.DESCENDING)
seen["sorted"] = [item.name for item in dataset.items.list(filters=by_name).all()]

# Recipes and ontologies
recipe = dataset.recipes.list()[0]
recipe.title = "R"
recipe.update()
seen["recipes"] = [one.title for one in project.recipes.list().all()]
ontology = recipe.ontologies.list()[0]
ontology.update_attributes(
    key="colour",
    title="Colour",
    attribute_type=dl.AttributesTypes.RADIO_BUTTON,
    scope=["*"],
    values=["r", "g"],
)
seen["attributes"] = [one["key"] for one in recipe.ontologies.get(ontology_id=ontology.id).attributes]
ontology.delete_attributes(keys=["colour"])
seen["no attributes"] = recipe.ontologies.get(ontology_id=ontology.id).attributes
dataset.add_labels([{"tag": "x.y.z"}, {"tag": "w"}])
seen["labels after"] = sorted(project.datasets.get(dataset_id=dataset.id).labels_flat_dict)
dataset.delete_labels(["w"])
seen["without"] = sorted(project.datasets.get(dataset_id=dataset.id).labels_flat_dict)
copy = recipe.clone()
seen["clone"] = [copy.title, copy.id != recipe.id, copy.ontology_ids != recipe.ontology_ids]
copy.delete(force=True)

# Tasks
people = ["alice@example.test", "bob@example.test", "carol@example.test"]
chosen = list(pages.all())
task = dataset.tasks.create(task_name="T", due_date=2000000000, assignee_ids=people, items=chosen)
seen["task"] = [task.total_items, len(task.assignmentIds)]
assignments = task.assignments.list()
seen["assignments"] = sorted((one.annotator, one.total_items) for one in assignments)
chosen[0].update_status(status=dl.ITEM_STATUS_COMPLETED, task_id=task.id)
assert task.set_status(status="discard", operation="create", item_ids=[chosen[1].id])
task = dataset.tasks.get(task_id=task.id)
seen["statuses"] = task.item_status
chosen[0].update_status(status=dl.ITEM_STATUS_COMPLETED, clear=True, task_id=task.id)
task.remove_items(items=[chosen[2]])
task.add_items(items=[item], assignee_ids=["alice@example.test"])
task = dataset.tasks.get(task_name="T")
seen["task after"] = [task.total_items, task.item_status["completed"]]
mine = assignments[0]
mine = mine.reassign(assignee_id="dora@example.test") or mine
seen["reassigned"] = sorted(one.annotator for one in task.assignments.list())
task.name = "T2"
task.update()
seen["task name"] = dataset.tasks.get(task_id=task.id).name
task.delete()
seen["no tasks"] = [one.name for one in dataset.tasks.list()]

# Copies and exports
builder = item.annotations.builder()
builder.add(annotation_definition=dl.Box(left=1, top=2, right=3, bottom=4, label="cat"))
item.annotations.upload(builder)
clone = dataset.clone(clone_name="Copy")
copies = {one.filename: one for one in clone.items.list().all()}
seen["copies"] = len(copies)
copied = copies["/target/moved"]
seen["copied"] = [copied.description, [one.label for one in copied.annotations.list()], copied.id != item.id]
seen["copied bytes"] = Path(copied.download(str(folder / "copied"))).read_bytes() == b"another size"
single = item.clone(dst_dataset_id=clone.id, remote_filepath="/single")
seen["single"] = single.filename
exported = json.loads(
    Path(dataset.export(local_path=str(folder / "export"), include_annotations=True)).read_text()
)
marks = {one["filename"]: [mark["label"] for mark in one["annotations"]] for one in exported}
seen["exported"] = [len(marks), marks["/target/moved"]]
dataset.download_annotations(local_path=str(folder / "marks"))
(file,) = (folder / "marks").rglob("moved.json")
seen["downloaded marks"] = [one["label"] for one in json.loads(file.read_text())["annotations"]]
seen["downloaded"] = len(list(dataset.items.download(local_path=str(folder / "all"))))

# The end
dataset.delete(sure=True, really=True)
seen["dataset gone"] = code_of(lambda: project.datasets.get(dataset_id=dataset.id))
project.delete(sure=True, really=True)
seen["project gone"] = code_of(lambda: dl.projects.get(project_id=project.id))
dl.login_api_key(api_key=key)
seen["by key"] = len(dl.projects.list())
sys.stdout.write("SEEN " + json.dumps(seen, ensure_ascii=False) + "\n")
