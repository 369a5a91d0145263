"""Formats that datasets are exported to and imported from.

=============  ========================================  ====================================
format         what it holds                             where
=============  ========================================  ====================================
``dataloop``   everything                                ``items/``, ``json/``
``coco``       boxes, polygons, masks                    ``annotations.json``, ``images/``
``yolo``       boxes, polygons of one ring               ``data.yaml``, ``labels/``, ``images/``
``voc``        boxes                                     ``Annotations/``, ``JPEGImages/``
``csv``        everything                                ``annotations.csv``, ``items/``
``parquet``    everything                                ``annotations.parquet``, ``items/``
=============  ========================================  ====================================
"""

from __future__ import annotations

from localloop.formats.exporting import Exported, export_dataset
from localloop.formats.importing import Imported
from localloop.formats.kinds import Format, detect, import_dataset

__all__ = ["Exported", "Format", "Imported", "detect", "export_dataset", "import_dataset"]
