//! What is bounded of everything that comes from outside, and of what the server does by itself.

use std::time::Duration;

/// The bounds of a server.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest request body, in bytes.
    pub body_bytes: usize,
    /// All header lines of a request together, in bytes.
    pub header_bytes: usize,
    /// How long the header of a request may take to come, and a TLS handshake. HTTP/1.1 counts from the answer before,
    /// so this is also how long such a connection may rest between two requests.
    pub header_time: Duration,
    /// How long the body of a request may take to come.
    pub body_time: Duration,
    /// How long a connection may be without a byte to either side, a request under way included.
    pub idle_time: Duration,
    /// How long a piece of an answer may wait for a slow reader.
    pub stall_time: Duration,
    /// How long requests under way may take when the server ends.
    pub shutdown_time: Duration,
    /// How many connections there may be.
    pub connections: usize,
    /// How many requests one HTTP/2 connection may have under way.
    pub streams_http2: u32,
    /// How many readers may stream the whole state at the same time.
    pub state_streams: usize,
    /// How many operations a batch may hold.
    pub batch_operations: usize,
    /// How many rows one answer may list.
    pub page_rows: u64,
    /// The largest load of a fleet in one request, in bytes; a seed has no such bound.
    pub fleet_bytes: usize,
    /// How long such a load may take to come.
    pub fleet_time: Duration,
    /// The longest line of it, in bytes.
    pub fleet_line_bytes: u64,
    /// How many computers there may be.
    pub computers: usize,
    /// How many tables of inventory there may be.
    pub inventory_tables: usize,
    /// How many columns such a table may have.
    pub inventory_columns: usize,
    /// The longest query of a collection, in bytes.
    pub query_text_bytes: usize,
    /// How long such a query may take.
    pub query_time: Duration,
    /// How many rows it may return.
    pub query_rows: u64,
    /// How long a report of the ASDK may take.
    pub report_time: Duration,
    /// How many happenings a report may hold.
    pub report_happenings: usize,
    /// How often the server looks whether the purge of the day is due: so much later it may begin.
    pub purge_look: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 8 * 1024 * 1024,
            header_bytes: 32 * 1024,
            header_time: Duration::from_secs(30),
            body_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(120),
            stall_time: Duration::from_secs(30),
            shutdown_time: Duration::from_secs(10),
            connections: 1024,
            streams_http2: 64,
            state_streams: 32,
            batch_operations: 500,
            page_rows: 10_000,
            fleet_bytes: 256 * 1024 * 1024,
            fleet_time: Duration::from_secs(300),
            fleet_line_bytes: 1024 * 1024,
            computers: 2_000_000,
            inventory_tables: 256,
            inventory_columns: 64,
            query_text_bytes: 64 * 1024,
            query_time: Duration::from_secs(2),
            query_rows: 10_000_000,
            report_time: Duration::from_secs(30),
            report_happenings: 10_000,
            purge_look: Duration::from_secs(30),
        }
    }
}
