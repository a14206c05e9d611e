-- One row of facts about the database itself: `instance`, `name`, `sequence`, `audit_head`, `audit_seq`.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Items. `json` is the item exactly as every answer shows it, so that reading the whole state is one SELECT.
CREATE TABLE items (
    id        INTEGER PRIMARY KEY,
    guid      TEXT NOT NULL UNIQUE,
    kind      TEXT NOT NULL,
    name      TEXT NOT NULL,
    folder    TEXT REFERENCES items (guid) ON UPDATE CASCADE,
    package   TEXT REFERENCES items (guid) ON UPDATE CASCADE,
    revision  INTEGER NOT NULL,
    json      TEXT NOT NULL,
    container TEXT NOT NULL GENERATED ALWAYS AS (coalesce(package, folder, '')) VIRTUAL
) STRICT;
CREATE UNIQUE INDEX items_place ON items (kind, container, name) WHERE kind <> 'StepTask';
CREATE INDEX items_order ON items (kind, guid);
CREATE INDEX items_name ON items (name);
CREATE INDEX items_folder ON items (folder);
CREATE INDEX items_package ON items (package);

-- The vendor's ItemReference. A row goes with its parent; a child cannot go while something still refers to it.
CREATE TABLE refs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    parent      TEXT NOT NULL REFERENCES items (guid) ON UPDATE CASCADE ON DELETE CASCADE,
    child       TEXT NOT NULL REFERENCES items (guid) ON UPDATE CASCADE,
    hint        TEXT NOT NULL,
    type        TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    modified_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX refs_parent ON refs (parent, hint, child);
CREATE INDEX refs_child ON refs (child, hint);

-- Where a sequential task went that got a new GUID (SEQ-1).
CREATE TABLE replaced (
    old TEXT PRIMARY KEY,
    new TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX replaced_new ON replaced (new);

-- Passwords, as salted digests: enough to tell whether one changed, and nothing more.
CREATE TABLE secrets (
    guid   TEXT PRIMARY KEY REFERENCES items (guid) ON UPDATE CASCADE ON DELETE CASCADE,
    salt   BLOB NOT NULL,
    digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    role       TEXT NOT NULL,
    digest     BLOB NOT NULL UNIQUE,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: a fence is never used twice, whatever is deleted.
CREATE TABLE leases (
    fence      INTEGER PRIMARY KEY AUTOINCREMENT,
    guid       TEXT NOT NULL UNIQUE,
    holder     TEXT NOT NULL,
    token      TEXT NOT NULL,
    since      TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    released   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE idempotency (
    token      TEXT NOT NULL,
    key        TEXT NOT NULL,
    request    BLOB NOT NULL,
    status     INTEGER NOT NULL,
    etag       TEXT,
    body       TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (token, key)
) STRICT;
CREATE INDEX idempotency_age ON idempotency (created_ms);

-- `entry` is the row as JSON, byte for byte what `hash` was taken over.
CREATE TABLE audit (
    seq   INTEGER PRIMARY KEY,
    entry TEXT NOT NULL,
    hash  TEXT NOT NULL
) STRICT;
