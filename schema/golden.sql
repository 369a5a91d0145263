-- The newest schema. Made by `make schema`; never edited by hand.

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE annotations (
    id VARCHAR NOT NULL,
    remote_id VARCHAR,
    creator VARCHAR NOT NULL,
    created_at VARCHAR NOT NULL,
    updated_at VARCHAR NOT NULL,
    updated_by VARCHAR NOT NULL,
    deleted_at VARCHAR,
    dataset_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    coordinates JSON,
    attributes JSON NOT NULL,
    description VARCHAR,
    source VARCHAR NOT NULL,
    hash VARCHAR,
    metadata JSON NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(dataset_id) REFERENCES datasets (id),
    FOREIGN KEY(item_id) REFERENCES items (id)
);

CREATE INDEX ix_annotations_dataset_id ON annotations (dataset_id, id);

CREATE INDEX ix_annotations_dataset_label ON annotations (dataset_id, label, type, item_id);

CREATE INDEX ix_annotations_item ON annotations (item_id, id);

CREATE UNIQUE INDEX ix_annotations_remote_id ON annotations (remote_id);

CREATE TABLE assignments (
    id VARCHAR NOT NULL,
    remote_id VARCHAR,
    creator VARCHAR NOT NULL,
    created_at VARCHAR NOT NULL,
    updated_at VARCHAR NOT NULL,
    updated_by VARCHAR NOT NULL,
    deleted_at VARCHAR,
    project_id VARCHAR NOT NULL,
    dataset_id VARCHAR NOT NULL,
    task_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    annotator VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    metadata JSON NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(project_id) REFERENCES projects (id),
    FOREIGN KEY(dataset_id) REFERENCES datasets (id),
    FOREIGN KEY(task_id) REFERENCES tasks (id)
);

CREATE INDEX ix_assignments_dataset_id ON assignments (dataset_id);

CREATE INDEX ix_assignments_project_id ON assignments (project_id);

CREATE UNIQUE INDEX ix_assignments_remote_id ON assignments (remote_id);

CREATE INDEX ix_assignments_task_id ON assignments (task_id);

CREATE TABLE base_snapshots (
    kind VARCHAR NOT NULL,
    entity_id VARCHAR NOT NULL,
    remote_id VARCHAR NOT NULL,
    dataset_id VARCHAR,
    document JSON NOT NULL,
    remote_updated_at VARCHAR NOT NULL,
    PRIMARY KEY (kind, entity_id)
);

CREATE INDEX ix_base_dataset ON base_snapshots (kind, dataset_id, remote_id);

CREATE TABLE blobs (
    digest VARCHAR NOT NULL,
    size INTEGER NOT NULL,
    created_at VARCHAR NOT NULL,
    last_used_at VARCHAR NOT NULL,
    pinned BOOLEAN NOT NULL,
    PRIMARY KEY (digest)
);

CREATE TABLE checkpoints (
    dataset_id VARCHAR NOT NULL,
    resource VARCHAR NOT NULL,
    phase VARCHAR NOT NULL,
    updated_at VARCHAR NOT NULL,
    cursor_id VARCHAR NOT NULL,
    pulls INTEGER NOT NULL,
    PRIMARY KEY (dataset_id, resource)
);

CREATE TABLE conflicts (
    id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    entity_id VARCHAR NOT NULL,
    sort VARCHAR NOT NULL,
    path JSON NOT NULL,
    "values" JSON NOT NULL,
    state VARCHAR NOT NULL,
    resolution VARCHAR,
    created_at VARCHAR NOT NULL,
    resolved_at VARCHAR,
    PRIMARY KEY (id)
);

CREATE INDEX ix_conflicts_entity ON conflicts (kind, entity_id, state);

CREATE TABLE datasets (
    id VARCHAR NOT NULL,
    remote_id VARCHAR,
    creator VARCHAR NOT NULL,
    created_at VARCHAR NOT NULL,
    updated_at VARCHAR NOT NULL,
    updated_by VARCHAR NOT NULL,
    deleted_at VARCHAR,
    project_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    recipes JSON NOT NULL,
    metadata JSON NOT NULL,
    facts JSON NOT NULL,
    system BOOLEAN NOT NULL,
    readonly BOOLEAN NOT NULL,
    expiration_options JSON,
    index_driver VARCHAR NOT NULL,
    access_level VARCHAR NOT NULL,
    driver VARCHAR NOT NULL,
    src_dataset VARCHAR,
    PRIMARY KEY (id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);

CREATE INDEX ix_datasets_name ON datasets (name);

CREATE INDEX ix_datasets_project_id ON datasets (project_id);

CREATE UNIQUE INDEX ix_datasets_remote_id ON datasets (remote_id);

CREATE TABLE items (
    id VARCHAR NOT NULL,
    remote_id VARCHAR,
    creator VARCHAR NOT NULL,
    created_at VARCHAR NOT NULL,
    updated_at VARCHAR NOT NULL,
    updated_by VARCHAR NOT NULL,
    deleted_at VARCHAR,
    dataset_id VARCHAR NOT NULL,
    filename VARCHAR NOT NULL,
    dir VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    hidden BOOLEAN NOT NULL,
    description VARCHAR,
    digest VARCHAR,
    size INTEGER NOT NULL,
    mimetype VARCHAR NOT NULL,
    spec VARCHAR NOT NULL,
    src_item VARCHAR,
    src_dataset VARCHAR,
    metadata JSON NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(dataset_id) REFERENCES datasets (id)
);

CREATE INDEX ix_items_dataset_id ON items (dataset_id, id);

CREATE INDEX ix_items_dataset_path ON items (dataset_id, filename);

CREATE INDEX ix_items_digest ON items (digest);

CREATE UNIQUE INDEX ix_items_remote_id ON items (remote_id);

CREATE TABLE members (
    id VARCHAR NOT NULL,
    remote_id VARCHAR,
    creator VARCHAR NOT NULL,
    created_at VARCHAR NOT NULL,
    updated_at VARCHAR NOT NULL,
    updated_by VARCHAR NOT NULL,
    deleted_at VARCHAR,
    project_id VARCHAR NOT NULL,
    email VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);

CREATE INDEX ix_members_project_id ON members (project_id);

CREATE UNIQUE INDEX ix_members_remote_id ON members (remote_id);

CREATE TABLE ontologies (
    id VARCHAR NOT NULL,
    remote_id VARCHAR,
    creator VARCHAR NOT NULL,
    created_at VARCHAR NOT NULL,
    updated_at VARCHAR NOT NULL,
    updated_by VARCHAR NOT NULL,
    deleted_at VARCHAR,
    project_id VARCHAR,
    title VARCHAR NOT NULL,
    labels JSON NOT NULL,
    attributes JSON NOT NULL,
    metadata JSON NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);

CREATE INDEX ix_ontologies_project_id ON ontologies (project_id);

CREATE UNIQUE INDEX ix_ontologies_remote_id ON ontologies (remote_id);

CREATE TABLE operations (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    entity_id VARCHAR NOT NULL,
    verb VARCHAR NOT NULL,
    changes JSON NOT NULL,
    batch VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    device VARCHAR NOT NULL,
    created_at VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    reason VARCHAR,
    UNIQUE (id)
);

CREATE INDEX ix_operations_entity ON operations (kind, entity_id, seq);

CREATE INDEX ix_operations_state ON operations (state, kind, entity_id);

CREATE TABLE projects (
    id VARCHAR NOT NULL,
    remote_id VARCHAR,
    creator VARCHAR NOT NULL,
    created_at VARCHAR NOT NULL,
    updated_at VARCHAR NOT NULL,
    updated_by VARCHAR NOT NULL,
    deleted_at VARCHAR,
    name VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX ix_projects_name ON projects (name);

CREATE UNIQUE INDEX ix_projects_remote_id ON projects (remote_id);

CREATE TABLE recipes (
    id VARCHAR NOT NULL,
    remote_id VARCHAR,
    creator VARCHAR NOT NULL,
    created_at VARCHAR NOT NULL,
    updated_at VARCHAR NOT NULL,
    updated_by VARCHAR NOT NULL,
    deleted_at VARCHAR,
    project_id VARCHAR,
    title VARCHAR NOT NULL,
    description VARCHAR,
    ontologies JSON NOT NULL,
    settings JSON NOT NULL,
    metadata JSON NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);

CREATE INDEX ix_recipes_project_id ON recipes (project_id);

CREATE UNIQUE INDEX ix_recipes_remote_id ON recipes (remote_id);

CREATE TABLE settings (
    "key" VARCHAR NOT NULL,
    value JSON,
    PRIMARY KEY ("key")
);

CREATE TABLE subscriptions (
    id INTEGER NOT NULL,
    project_id VARCHAR NOT NULL,
    dataset_id VARCHAR,
    filter JSON,
    created_at VARCHAR NOT NULL,
    PRIMARY KEY (id)
);

CREATE UNIQUE INDEX ux_subscriptions ON subscriptions (project_id, dataset_id);

CREATE TABLE tasks (
    id VARCHAR NOT NULL,
    remote_id VARCHAR,
    creator VARCHAR NOT NULL,
    created_at VARCHAR NOT NULL,
    updated_at VARCHAR NOT NULL,
    updated_by VARCHAR NOT NULL,
    deleted_at VARCHAR,
    project_id VARCHAR NOT NULL,
    dataset_id VARCHAR NOT NULL,
    recipe_id VARCHAR,
    name VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    task_owner VARCHAR NOT NULL,
    due_date FLOAT,
    spec JSON NOT NULL,
    "query" VARCHAR NOT NULL,
    priority INTEGER NOT NULL,
    available_actions JSON NOT NULL,
    workload JSON NOT NULL,
    metadata JSON NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(project_id) REFERENCES projects (id),
    FOREIGN KEY(dataset_id) REFERENCES datasets (id),
    FOREIGN KEY(recipe_id) REFERENCES recipes (id)
);

CREATE INDEX ix_tasks_dataset_id ON tasks (dataset_id);

CREATE INDEX ix_tasks_project_id ON tasks (project_id);

CREATE UNIQUE INDEX ix_tasks_remote_id ON tasks (remote_id);

CREATE TABLE tombstones (
    kind VARCHAR NOT NULL,
    entity_id VARCHAR NOT NULL,
    remote_id VARCHAR,
    document JSON NOT NULL,
    parents JSON NOT NULL,
    deleted_by VARCHAR NOT NULL,
    deleted_at VARCHAR NOT NULL,
    origin VARCHAR NOT NULL,
    PRIMARY KEY (kind, entity_id)
);

CREATE INDEX ix_tombstones_remote_id ON tombstones (remote_id);
