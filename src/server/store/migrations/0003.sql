-- Incidents of the portal: what waits for approval of one program or sequential task (PTL-5). Requests join the one that was
-- not opened yet, of which there is at most one an item.
CREATE TABLE portal_incidents (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    item       TEXT NOT NULL,
    package    TEXT,
    created_ms INTEGER NOT NULL,
    opened_ms  INTEGER
) STRICT;
CREATE UNIQUE INDEX portal_incidents_joined ON portal_incidents (item) WHERE opened_ms IS NULL;

-- Requests ask for an item: a program of a package, or a sequential task (SEQ-6). Numbers are still never given twice.
CREATE TABLE portal_requests_new (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    computer   TEXT NOT NULL,
    user       TEXT NOT NULL,
    item       TEXT NOT NULL,
    package    TEXT,
    status     TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    folder     TEXT,
    task       TEXT,
    collection TEXT,
    incident   INTEGER
) STRICT;
INSERT INTO portal_requests_new
    SELECT id, computer, user, program, package, status, created_ms, changed_ms, folder, task, collection, NULL
    FROM portal_requests;
DELETE FROM sqlite_sequence WHERE name = 'portal_requests_new';
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'portal_requests_new', seq FROM sqlite_sequence WHERE name = 'portal_requests';
DROP TABLE portal_requests;
ALTER TABLE portal_requests_new RENAME TO portal_requests;
CREATE INDEX portal_requests_task ON portal_requests (task);
CREATE INDEX portal_requests_computer ON portal_requests (computer);
CREATE INDEX portal_requests_status ON portal_requests (status, changed_ms);
CREATE INDEX portal_requests_incident ON portal_requests (incident);

-- What waited without one gets one.
INSERT INTO portal_incidents (item, package, created_ms)
    SELECT item, package, min(created_ms) FROM portal_requests WHERE status = 'AwaitingApproval' GROUP BY item ORDER BY 3;
UPDATE portal_requests
    SET incident = (SELECT id FROM portal_incidents WHERE portal_incidents.item = portal_requests.item)
    WHERE status = 'AwaitingApproval';
