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

CREATE TRIGGER feed_annotation_delete AFTER DELETE ON annotations
    BEGIN
    DELETE FROM feed WHERE kind = 'annotation' AND entity_id = OLD.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('annotation', OLD.id, OLD.id, (SELECT project_id FROM feed WHERE kind = 'dataset' AND entity_id = OLD.dataset_id), OLD.dataset_id, 1);
    END;

CREATE TRIGGER feed_annotation_insert AFTER INSERT ON annotations
    BEGIN
    DELETE FROM feed WHERE kind = 'annotation' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('annotation', NEW.id, NEW.id, (SELECT project_id FROM feed WHERE kind = 'dataset' AND entity_id = NEW.dataset_id), NEW.dataset_id, NEW.deleted_at IS NOT NULL);
    END;

CREATE TRIGGER feed_annotation_update AFTER UPDATE ON annotations
    BEGIN
    DELETE FROM feed WHERE kind = 'annotation' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('annotation', NEW.id, NEW.id, (SELECT project_id FROM feed WHERE kind = 'dataset' AND entity_id = NEW.dataset_id), NEW.dataset_id, NEW.deleted_at IS NOT NULL);
    END;

CREATE INDEX ix_annotations_dataset_id ON annotations (dataset_id, id);

CREATE INDEX ix_annotations_dataset_label ON annotations (dataset_id, label, type, item_id, deleted_at);

CREATE INDEX ix_annotations_dataset_updated ON annotations (dataset_id, updated_at, id);

CREATE INDEX ix_annotations_item ON annotations (item_id, deleted_at, id);

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

CREATE TRIGGER feed_assignment_delete AFTER DELETE ON assignments
    BEGIN
    DELETE FROM feed WHERE kind = 'assignment' AND entity_id = OLD.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('assignment', OLD.id, OLD.id, OLD.project_id, OLD.dataset_id, 1);
    END;

CREATE TRIGGER feed_assignment_insert AFTER INSERT ON assignments
    BEGIN
    DELETE FROM feed WHERE kind = 'assignment' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('assignment', NEW.id, NEW.id, NEW.project_id, NEW.dataset_id, NEW.deleted_at IS NOT NULL);
    END;

CREATE TRIGGER feed_assignment_update AFTER UPDATE ON assignments
    BEGIN
    DELETE FROM feed WHERE kind = 'assignment' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('assignment', NEW.id, NEW.id, NEW.project_id, NEW.dataset_id, NEW.deleted_at IS NOT NULL);
    END;

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

CREATE INDEX ix_base_updated ON base_snapshots (kind, dataset_id, remote_updated_at, remote_id);

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
    pulls INTEGER NOT NULL, since VARCHAR DEFAULT '' NOT NULL, swept_at VARCHAR DEFAULT '' NOT NULL, wary_until VARCHAR DEFAULT '' NOT NULL,
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

CREATE TRIGGER feed_dataset_delete AFTER DELETE ON datasets
    BEGIN
    DELETE FROM feed WHERE kind = 'dataset' AND entity_id = OLD.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('dataset', OLD.id, OLD.id, OLD.project_id, OLD.id, 1);
    END;

CREATE TRIGGER feed_dataset_insert AFTER INSERT ON datasets
    BEGIN
    DELETE FROM feed WHERE kind = 'dataset' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('dataset', NEW.id, NEW.id, NEW.project_id, NEW.id, NEW.deleted_at IS NOT NULL);
    END;

CREATE TRIGGER feed_dataset_update AFTER UPDATE ON datasets
    BEGIN
    DELETE FROM feed WHERE kind = 'dataset' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('dataset', NEW.id, NEW.id, NEW.project_id, NEW.id, NEW.deleted_at IS NOT NULL);
    END;

CREATE INDEX ix_datasets_name ON datasets (name);

CREATE INDEX ix_datasets_project_id ON datasets (project_id);

CREATE UNIQUE INDEX ix_datasets_remote_id ON datasets (remote_id);

CREATE TABLE feed (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind VARCHAR NOT NULL,
    entity_id VARCHAR NOT NULL,
    wire_id VARCHAR NOT NULL,
    project_id VARCHAR,
    dataset_id VARCHAR,
    deleted BOOLEAN NOT NULL
);

CREATE INDEX ix_feed_project ON feed (project_id, seq);

CREATE UNIQUE INDEX ux_feed_entity ON feed (kind, entity_id);

CREATE TABLE feed_epochs (
    start INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    PRIMARY KEY (start)
);

CREATE TABLE feed_positions (
    project_id VARCHAR NOT NULL,
    epoch VARCHAR NOT NULL,
    seq INTEGER NOT NULL,
    pulls INTEGER NOT NULL,
    PRIMARY KEY (project_id)
);

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

CREATE TRIGGER feed_item_delete AFTER DELETE ON items
    BEGIN
    DELETE FROM feed WHERE kind = 'item' AND entity_id = OLD.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('item', OLD.id, OLD.id, (SELECT project_id FROM feed WHERE kind = 'dataset' AND entity_id = OLD.dataset_id), OLD.dataset_id, 1);
    END;

CREATE TRIGGER feed_item_insert AFTER INSERT ON items
    BEGIN
    DELETE FROM feed WHERE kind = 'item' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('item', NEW.id, NEW.id, (SELECT project_id FROM feed WHERE kind = 'dataset' AND entity_id = NEW.dataset_id), NEW.dataset_id, NEW.deleted_at IS NOT NULL);
    END;

CREATE TRIGGER feed_item_update AFTER UPDATE ON items
    BEGIN
    DELETE FROM feed WHERE kind = 'item' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('item', NEW.id, NEW.id, (SELECT project_id FROM feed WHERE kind = 'dataset' AND entity_id = NEW.dataset_id), NEW.dataset_id, NEW.deleted_at IS NOT NULL);
    END;

CREATE INDEX ix_items_dataset_created ON items (dataset_id, type, created_at, id, hidden, deleted_at);

CREATE INDEX ix_items_dataset_id ON items (dataset_id, id);

CREATE INDEX ix_items_dataset_path ON items (dataset_id, filename);

CREATE INDEX ix_items_dataset_updated ON items (dataset_id, updated_at, id);

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

CREATE TRIGGER feed_member_delete AFTER DELETE ON members
    BEGIN
    DELETE FROM feed WHERE kind = 'member' AND entity_id = OLD.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('member', OLD.id, OLD.email, OLD.project_id, NULL, 1);
    END;

CREATE TRIGGER feed_member_insert AFTER INSERT ON members
    BEGIN
    DELETE FROM feed WHERE kind = 'member' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('member', NEW.id, NEW.email, NEW.project_id, NULL, NEW.deleted_at IS NOT NULL);
    END;

CREATE TRIGGER feed_member_update AFTER UPDATE ON members
    BEGIN
    DELETE FROM feed WHERE kind = 'member' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('member', NEW.id, NEW.email, NEW.project_id, NULL, NEW.deleted_at IS NOT NULL);
    END;

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

CREATE TRIGGER feed_ontology_delete AFTER DELETE ON ontologies
    BEGIN
    DELETE FROM feed WHERE kind = 'ontology' AND entity_id = OLD.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('ontology', OLD.id, OLD.id, OLD.project_id, NULL, 1);
    END;

CREATE TRIGGER feed_ontology_insert AFTER INSERT ON ontologies
    BEGIN
    DELETE FROM feed WHERE kind = 'ontology' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('ontology', NEW.id, NEW.id, NEW.project_id, NULL, NEW.deleted_at IS NOT NULL);
    END;

CREATE TRIGGER feed_ontology_update AFTER UPDATE ON ontologies
    BEGIN
    DELETE FROM feed WHERE kind = 'ontology' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('ontology', NEW.id, NEW.id, NEW.project_id, NULL, NEW.deleted_at IS NOT NULL);
    END;

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
    reason VARCHAR, tries INTEGER DEFAULT '0' NOT NULL, not_before VARCHAR,
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

CREATE TRIGGER feed_project_delete AFTER DELETE ON projects
    BEGIN
    DELETE FROM feed WHERE kind = 'project' AND entity_id = OLD.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('project', OLD.id, OLD.id, OLD.id, NULL, 1);
    END;

CREATE TRIGGER feed_project_insert AFTER INSERT ON projects
    BEGIN
    DELETE FROM feed WHERE kind = 'project' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('project', NEW.id, NEW.id, NEW.id, NULL, NEW.deleted_at IS NOT NULL);
    END;

CREATE TRIGGER feed_project_update AFTER UPDATE ON projects
    BEGIN
    DELETE FROM feed WHERE kind = 'project' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('project', NEW.id, NEW.id, NEW.id, NULL, NEW.deleted_at IS NOT NULL);
    END;

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

CREATE TRIGGER feed_recipe_delete AFTER DELETE ON recipes
    BEGIN
    DELETE FROM feed WHERE kind = 'recipe' AND entity_id = OLD.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('recipe', OLD.id, OLD.id, OLD.project_id, NULL, 1);
    END;

CREATE TRIGGER feed_recipe_insert AFTER INSERT ON recipes
    BEGIN
    DELETE FROM feed WHERE kind = 'recipe' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('recipe', NEW.id, NEW.id, NEW.project_id, NULL, NEW.deleted_at IS NOT NULL);
    END;

CREATE TRIGGER feed_recipe_update AFTER UPDATE ON recipes
    BEGIN
    DELETE FROM feed WHERE kind = 'recipe' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('recipe', NEW.id, NEW.id, NEW.project_id, NULL, NEW.deleted_at IS NOT NULL);
    END;

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

CREATE TRIGGER feed_task_delete AFTER DELETE ON tasks
    BEGIN
    DELETE FROM feed WHERE kind = 'task' AND entity_id = OLD.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('task', OLD.id, OLD.id, OLD.project_id, OLD.dataset_id, 1);
    END;

CREATE TRIGGER feed_task_insert AFTER INSERT ON tasks
    BEGIN
    DELETE FROM feed WHERE kind = 'task' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('task', NEW.id, NEW.id, NEW.project_id, NEW.dataset_id, NEW.deleted_at IS NOT NULL);
    END;

CREATE TRIGGER feed_task_update AFTER UPDATE ON tasks
    BEGIN
    DELETE FROM feed WHERE kind = 'task' AND entity_id = NEW.id;
    INSERT INTO feed (kind, entity_id, wire_id, project_id, dataset_id, deleted)
    VALUES ('task', NEW.id, NEW.id, NEW.project_id, NEW.dataset_id, NEW.deleted_at IS NOT NULL);
    END;

CREATE INDEX ix_tasks_dataset_id ON tasks (dataset_id);

CREATE INDEX ix_tasks_project_id ON tasks (project_id);

CREATE UNIQUE INDEX ix_tasks_remote_id ON tasks (remote_id);

CREATE TABLE tombstones (
    kind VARCHAR NOT NULL,
    entity_id VARCHAR NOT NULL,
    remote_id VARCHAR,
    document JSON NOT NULL,
    parents JSON NOT NULL,
    facts JSON NOT NULL,
    deleted_by VARCHAR NOT NULL,
    deleted_at VARCHAR NOT NULL,
    origin VARCHAR NOT NULL, emptied_at VARCHAR,
    PRIMARY KEY (kind, entity_id)
);

CREATE INDEX ix_tombstones_deleted ON tombstones (emptied_at, deleted_at);

CREATE INDEX ix_tombstones_remote_id ON tombstones (remote_id);

CREATE TABLE unfollowed (
    item_id VARCHAR NOT NULL,
    dataset_id VARCHAR NOT NULL,
    PRIMARY KEY (item_id)
);

CREATE INDEX ix_unfollowed_dataset ON unfollowed (dataset_id, item_id);
