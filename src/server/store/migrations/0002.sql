-- Computers. A number is never given twice, so that what outlives a computer (a licence, LIC-4) is nobody else's.
CREATE TABLE computers (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    guid      TEXT NOT NULL UNIQUE,
    name      TEXT NOT NULL,
    domain    TEXT NOT NULL,
    zone      TEXT NOT NULL,
    last_seen TEXT,
    retired   INTEGER NOT NULL,
    roles     TEXT NOT NULL,
    -- How often it said that it restarted.
    restarts  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What queries of collections always have.
CREATE VIEW vComputer AS
    SELECT guid AS Guid, name AS Name, domain AS Domain, zone AS TimeZone, last_seen AS LastSeen, retired AS Retired
    FROM computers;

-- Inventory. The table with number 7 is kept as `inventory_7`, its columns as `c1`, `c2`, …; queries see the view.
CREATE TABLE inventory_tables (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL COLLATE NOCASE UNIQUE
) STRICT;
CREATE TABLE inventory_columns (
    inventory INTEGER NOT NULL REFERENCES inventory_tables (id),
    position  INTEGER NOT NULL,
    name      TEXT NOT NULL COLLATE NOCASE,
    PRIMARY KEY (inventory, position),
    UNIQUE (inventory, name)
) STRICT, WITHOUT ROWID;

-- Tasks and packages that history speaks of; they may be gone as items.
CREATE TABLE subjects (
    id   INTEGER PRIMARY KEY,
    guid TEXT NOT NULL UNIQUE
) STRICT;

-- Executions (`Evt_AeX_SWD_Execution`), and with `class` 1 the progress of sequential tasks (PUR-2).
CREATE TABLE executions (
    id       INTEGER PRIMARY KEY,
    class    INTEGER NOT NULL,
    computer INTEGER NOT NULL,
    task     INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    step     INTEGER,
    code     INTEGER,
    success  INTEGER
) STRICT;

-- How the last run of a task as a whole went on a computer; stays when executions are purged.
CREATE TABLE latest (
    task     INTEGER NOT NULL,
    computer INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    success  INTEGER,
    ended_ms INTEGER,
    PRIMARY KEY (task, computer)
) STRICT, WITHOUT ROWID;

-- Status events (DLV-3): `class` 2 of packages (`Evt_AeX_SWD_Package`), 3 of jobs (`Evt_AeX_SWD_Status`).
CREATE TABLE events (
    id       INTEGER PRIMARY KEY,
    class    INTEGER NOT NULL,
    computer INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    task     INTEGER,
    package  INTEGER,
    at_ms    INTEGER NOT NULL
) STRICT;

-- What a computer was told last, and what left it after its success (TSK-10).
CREATE TABLE told (
    computer INTEGER NOT NULL,
    subject  INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (computer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX told_subject ON told (subject, computer);

CREATE TABLE cached (
    package  INTEGER NOT NULL,
    computer INTEGER NOT NULL,
    PRIMARY KEY (package, computer)
) STRICT, WITHOUT ROWID;
CREATE INDEX cached_computer ON cached (computer);

-- What the distribution point has of a package: files and places as of its last update (PKG-6, PKG-7), and when either
-- became another.
CREATE TABLE snapshots (
    package    INTEGER PRIMARY KEY,
    bytes      INTEGER NOT NULL,
    hash       TEXT NOT NULL,
    codebases  TEXT,
    changed_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE plugins (
    computer INTEGER PRIMARY KEY
) STRICT;
CREATE TABLE licence_pool (
    one                    INTEGER PRIMARY KEY CHECK (one = 1),
    pool                   INTEGER NOT NULL,
    expires_ms             INTEGER,
    maintenance_expires_ms INTEGER
) STRICT;
CREATE TABLE licences (
    computer INTEGER PRIMARY KEY
) STRICT;

-- Requests of the software portal (PTL-4). Numbers are never given twice; items are named by GUID and may be gone.
CREATE TABLE portal_requests (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    computer   TEXT NOT NULL,
    user       TEXT NOT NULL,
    package    TEXT NOT NULL,
    program    TEXT NOT NULL,
    status     TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    folder     TEXT,
    task       TEXT,
    collection TEXT
) STRICT;
CREATE INDEX portal_requests_task ON portal_requests (task);
CREATE INDEX portal_requests_computer ON portal_requests (computer);
CREATE INDEX portal_requests_status ON portal_requests (status, changed_ms);
