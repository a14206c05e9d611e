//! What the server does by itself, once a day: the purge (PUR-2).

use std::time::Duration;

use crate::server::app::App;
use crate::server::app::refused::Refused;
use crate::server::http::Chain;
use crate::server::http::blocking;

/// How many items, or numbers of rows, one write looks at: some milliseconds, which is what others wait for it.
const PIECE: u32 = 10_000;

/// How long the server leaves its store to others between two pieces.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks every so often whether the purge of the day is due, and does it. Never ends; where it is dropped, the purge is
/// left between two pieces, and is due again. What fails is told in the log and tried again at the next look.
pub(super) async fn purge(app: App, look: Duration) {
    loop {
        if let Err(refused) = purge_if_due(&app).await {
            tracing::error!(error = %Chain(&refused), "the daily purge failed, and is tried again");
        }
        tokio::time::sleep(look).await;
    }
}

async fn purge_if_due(app: &App) -> Result<(), Refused> {
    let Some(mut purge) = blocking(|| app.begin_daily_purge())? else { return Ok(()) };
    while blocking(|| app.purge_piece(&mut purge, PIECE))? {
        tokio::time::sleep(PAUSE).await;
    }
    let done = blocking(|| app.end_daily_purge(&purge))?;
    tracing::info!(items = done.items(), rows = done.rows(), "purged");
    Ok(())
}
