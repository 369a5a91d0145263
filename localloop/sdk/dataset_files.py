"""A dataset's content and annotations in files: downloads, exports, and annotations from files."""

from __future__ import annotations

import copy
import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from localloop.blobs.files import replacing
from localloop.errors import BadRequest
from localloop.sdk.annotation import Annotation, ViewAnnotationOptions
from localloop.sdk.download import inside_of, own_directory
from localloop.sdk.filters import Filters, FiltersOperations, FiltersResource
from localloop.sdk.pages import PagedEntities
from localloop.sdk.platform_only import refusal

if TYPE_CHECKING:
    from localloop.sdk.dataset_contents import DatasetContents
    from localloop.sdk.entity import Json
    from localloop.sdk.item import Item

#: How many items have their annotations read with one query.
_STEP: Final = 200


class ExportVersion(StrEnum):
    """Whether the extension of a file is in the name of its JSON: ``V1`` without, ``V2`` with it."""

    V1 = "V1"
    V2 = "V2"


class ExportType(StrEnum):
    """One JSON file of all items, or an archive with one of each."""

    JSON = "json"
    ZIP = "zip"


class OutputExportType(StrEnum):
    """What is left of an export: one JSON file, the same in an archive, or a folder with a file of each item."""

    JSON = "json"
    ZIP = "zip"
    FOLDERS = "folders"


class DatasetExportVersion(StrEnum):
    """Which of the platform's exports; only the first can be made offline."""

    V1 = "v1"
    V3 = "v3"


class ExportMode(StrEnum):
    """Whether the platform's third export gives everything, or what changed."""

    FULL = "full"
    DIFF = "diff"


def export(
    dataset: DatasetContents,
    local_path: str | Path | None,
    filters: Filters | Mapping[str, Any] | None,
    annotation_filters: Filters | None,
    *,
    include_annotations: bool,
    export_type: ExportType | str,
    output_export_type: OutputExportType | str | None,
) -> str | None:
    """See :meth:`localloop.sdk.datasets.Datasets.export`."""
    folder = _folder(dataset, local_path)
    if folder.is_file():
        raise ValueError(f"local_path must be a directory, not a file path: {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    chosen = Filters(custom_filter=dict(filters)) if isinstance(filters, Mapping) else filters
    found = described(dataset, chosen, annotation_filters, annotations=include_annotations)
    first = next(found, None)
    if first is None:
        return None

    def every() -> Iterator[Json]:
        yield first
        yield from found

    kind = OutputExportType(output_export_type or OutputExportType.JSON)
    if ExportType(export_type) is ExportType.ZIP:
        return _archive(folder / f"{dataset.id}.zip", every())
    if kind is OutputExportType.FOLDERS:
        for one in every():
            _write(_beside(folder, one["filename"], ExportVersion.V2), one)
        return str(folder)
    name = f"{dataset.id}.json"
    target = folder / (f"{name}.zip" if kind is OutputExportType.ZIP else name)
    with replacing(target) as whole:
        if kind is OutputExportType.ZIP:
            with (
                zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive,
                archive.open(name, "w") as file,
            ):
                for part in _array(every()):
                    file.write(part.encode())
        else:
            with whole.open("w", encoding="utf-8") as text:
                text.writelines(_array(every()))
    return str(target)


def described(
    dataset: DatasetContents,
    filters: Filters | None,
    annotation_filters: Filters | None,
    *,
    annotations: bool,
) -> Iterator[Json]:
    """The JSON of items, each with its ``annotations``; memory is that of a page.

    Args:
        dataset: Their dataset.
        filters: Which items; all files when left out.
        annotation_filters: Which annotations, and only items that have such.
        annotations: Whether the annotations are there.
    """
    for part in _parts(dataset, joined(filters, annotation_filters)):
        drawn = _annotations(dataset, part, annotation_filters) if annotations else {}
        for item in part:
            json_ = item.to_json()
            yield {**json_, "annotations": drawn.get(item.id, [])} if annotations else json_


def joined(filters: Filters | None, annotation_filters: Filters | None) -> Filters:
    """A filter of items that also asks for what a filter of annotations asks for."""
    chosen = Filters() if filters is None else copy.deepcopy(filters)
    if annotation_filters is not None:
        for method, clauses in (
            ("and", annotation_filters.and_filter_list),
            ("or", annotation_filters.or_filter_list),
        ):
            for field, values, operator in clauses:
                chosen.add_join(field, values, operator, method)
    return chosen


def download_annotations(
    dataset: DatasetContents,
    local_path: str | Path | None,
    filters: Filters | None,
    options: Sequence[ViewAnnotationOptions],
    annotation_filters: Filters | None,
    *,
    overwrite: bool,
    thickness: int,
    with_text: bool,
    alpha: float,
    version: ExportVersion,
) -> str:
    """See :meth:`localloop.sdk.datasets.Datasets.download_annotations`."""
    folder = _folder(dataset, local_path)
    for part in _parts(dataset, joined(filters, annotation_filters)):
        drawn = _annotations(dataset, part, annotation_filters)
        for item in part:
            target = _beside(folder / ViewAnnotationOptions.JSON.value, item.filename, version)
            if overwrite or not target.exists():
                _write(target, {**item.to_json(), "annotations": drawn.get(item.id, [])})
            for option in options:
                if option is not ViewAnnotationOptions.JSON:
                    _draw(item, option, folder, overwrite, thickness, with_text, alpha)
    return str(folder)


def _draw(
    item: Item,
    option: ViewAnnotationOptions,
    folder: Path,
    overwrite: bool,
    thickness: int,
    with_text: bool,
    alpha: float,
) -> None:
    ending = ".vtt" if option is ViewAnnotationOptions.VTT else ".png"
    target = folder / option.value / inside_of(item.filename).with_suffix(ending)
    if overwrite or not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        item.annotations.download(target, option, thickness=thickness, with_text=with_text, alpha=alpha)


def upload_annotations(
    dataset: DatasetContents,
    local_path: str | Path,
    filters: Filters | None,
    *,
    clean: bool,
    remote_root_path: str,
    version: ExportVersion,
) -> int:
    """See :meth:`localloop.sdk.datasets.Datasets.upload_annotations`; returns how many files were taken."""
    taken = 0
    for item in dataset.items.list(filters=filters).all():
        remote = PurePosixPath(item.filename)
        named = (
            remote.with_suffix(".json") if version is ExportVersion.V1 else PurePosixPath(f"{remote}.json")
        )
        inside = os.path.relpath(named, remote_root_path)
        file = Path(local_path, inside)
        if inside.startswith("..") or not file.is_file():
            continue
        if clean:
            item.annotations.delete(filters=Filters(resource=FiltersResource.ANNOTATION, use_defaults=False))
        item.annotations.upload(str(file))
        taken += 1
    return taken


def below(folder_path: str, filters: Filters | None) -> Filters:
    """A filter for a folder and all below it."""
    chosen = Filters() if filters is None else copy.deepcopy(filters)
    place = "/" + folder_path.strip("/").removesuffix("/*").removesuffix("*").rstrip("/")
    chosen.add("dir", place, method="or")
    chosen.add("dir", f"{place.rstrip('/')}/*", method="or")
    return chosen


def options_of(
    wanted: ViewAnnotationOptions | str | Sequence[ViewAnnotationOptions | str] | None,
) -> list[ViewAnnotationOptions]:
    """What annotations are to be downloaded as.

    Raises:
        BadRequest: There is no such option.
    """
    several = [] if wanted is None else [wanted] if isinstance(wanted, str) else list(wanted)
    try:
        return [ViewAnnotationOptions(one) for one in several]
    except ValueError as error:
        listed = ", ".join(ViewAnnotationOptions)
        raise BadRequest("400", f"{error}; choose from: {listed}") from error


def only_first(export_version: DatasetExportVersion | str, *, vectors: bool) -> None:
    """Refuse what only the platform can export.

    Raises:
        PlatformOnlyError: It is the third version, or feature vectors are wanted.
    """
    if DatasetExportVersion(export_version) is not DatasetExportVersion.V1:
        raise refusal("An export of version v3")
    if vectors:
        raise refusal("An export with feature vectors")


def _parts(dataset: DatasetContents, filters: Filters) -> Iterator[list[Item]]:
    filters.page_size = _STEP
    yield from dataset.items.list(filters=filters)


def _annotations(
    dataset: DatasetContents, items: Sequence[Item], annotation_filters: Filters | None
) -> dict[str, list[Json]]:
    """Annotations of some items, by the item's id."""
    chosen = (
        Filters(resource=FiltersResource.ANNOTATION, use_defaults=False)
        if annotation_filters is None
        else copy.deepcopy(annotation_filters)
    )
    chosen.add("itemId", [item.id for item in items], FiltersOperations.IN)
    found: dict[str, list[Json]] = {}
    listed: PagedEntities[Annotation] = dataset.annotations.list(filters=chosen)
    for annotation in listed.all():
        found.setdefault(annotation.item_id, []).append(annotation.to_json())
    return found


def _folder(dataset: DatasetContents, local_path: str | Path | None) -> Path:
    if local_path is not None:
        return Path(local_path).expanduser()
    return own_directory(dataset._store, dataset.id)  # noqa: SLF001 - of one package


def _beside(folder: Path, filename: str, version: ExportVersion) -> Path:
    inside = inside_of(filename)
    return folder / (inside.with_suffix(".json") if version is ExportVersion.V1 else Path(f"{inside}.json"))


def _write(target: Path, value: Json) -> None:
    with replacing(target) as whole:
        whole.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def _array(items: Iterator[Json]) -> Iterator[str]:
    before = "["
    for one in items:
        yield f"{before}{json.dumps(one, ensure_ascii=False)}"
        before = ",\n"
    yield "]\n"


def _archive(target: Path, items: Iterator[Json]) -> str:
    with replacing(target) as whole, zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in items:
            archive.writestr(
                f"{inside_of(one['filename']).as_posix()}.json", json.dumps(one, ensure_ascii=False)
            )
    return str(target)
