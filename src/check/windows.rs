//! Maintenance windows: MW-9.

use super::context::Context;
use crate::model::item::Spec;
use crate::model::kind::Kind;
use crate::model::units::Duration;
use crate::rules::window::MW_9;

/// 5 minutes to 24 hours, in whole minutes (MW-9).
pub(super) fn check(context: &mut Context<'_>) {
    for item in context.site.of_kind(Kind::MaintenanceWindow) {
        let Spec::MaintenanceWindow(window) = &item.spec else { continue };
        let length = window.duration;
        context.whole_minutes(&MW_9, item, "duration", length);
        if length < Duration::minutes(5) {
            let message = format!("a window lasts at least 5 minutes, and this one `{length}`");
            context.value(&MW_9, &item.key, "duration", message, "write `5m` or more");
        } else if length > Duration::hours(24) {
            let message = format!("a window lasts at most 24 hours, and this one `{length}`");
            context.value(
                &MW_9,
                &item.key,
                "duration",
                message,
                "write `24h` or less; for longer times write several windows",
            );
        }
    }
}
