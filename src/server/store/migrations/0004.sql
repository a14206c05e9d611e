-- What the older API (`server/app/asdk`) knows and the items of this server are not: programs without a package, resource
-- targets, reports, software of the catalogue, jobs. `json` is what the object says, by its class.
CREATE TABLE asdk_objects (
    guid        TEXT PRIMARY KEY,
    class       TEXT NOT NULL,
    name        TEXT NOT NULL,
    folder      TEXT REFERENCES items (guid) ON UPDATE CASCADE,
    revision    INTEGER NOT NULL,
    created_at  TEXT NOT NULL,
    modified_at TEXT NOT NULL,
    json        TEXT NOT NULL,
    -- A password's salt and digest, as in `secrets`.
    salt        BLOB,
    digest      BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX asdk_objects_class ON asdk_objects (class, guid);
CREATE INDEX asdk_objects_name ON asdk_objects (name);
CREATE INDEX asdk_objects_folder ON asdk_objects (folder);

-- Which resource targets a policy was given, in this order. The policy itself says collections; a row whose target stands
-- for none of them any more counts for nothing.
CREATE TABLE asdk_targets (
    policy   TEXT NOT NULL REFERENCES items (guid) ON UPDATE CASCADE ON DELETE CASCADE,
    position INTEGER NOT NULL,
    target   TEXT NOT NULL,
    PRIMARY KEY (policy, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX asdk_targets_target ON asdk_targets (target);

-- Nodes of imported XML that nobody here understands, kept for the next export. `path` is the element they stood in, or `@`
-- and the name of an attribute.
CREATE TABLE asdk_opaque (
    guid     TEXT NOT NULL,
    path     TEXT NOT NULL,
    position INTEGER NOT NULL,
    xml      TEXT NOT NULL,
    PRIMARY KEY (guid, path, position)
) STRICT, WITHOUT ROWID;

-- What the older API says of an item beyond what the item says, as JSON.
CREATE TABLE asdk_extras (
    guid TEXT PRIMARY KEY,
    json TEXT NOT NULL
) STRICT, WITHOUT ROWID;
