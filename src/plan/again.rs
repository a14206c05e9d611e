//! The consequences of a stored plan, worked out again over what a server holds now.

use jiff::Timestamp;

use crate::model::collection::Query;
use crate::model::fleet::Fleet;
use crate::model::project::Policy;
use crate::plan::Consequence;
use crate::plan::Finding;
use crate::plan::consequences;
use crate::plan::consequences::Computers;
use crate::plan::consequences::World;
use crate::plan::consequences::no_fleet;
use crate::plan::estate::Laid;
use crate::plan::guard;
use crate::reach::Evaluated;
use crate::reach::Reach;

/// What a stored plan, or what is left of it, leads to by what was read now, and whom of the protected it would newly
/// reach (PLN-10): findings that block are errors.
pub fn judged(
    laid: &Laid<'_>,
    computers: Computers<'_>,
    now: Timestamp,
    policy: &Policy,
) -> (Vec<Consequence>, Vec<Finding>) {
    let (live, planned) = (laid.live(), laid.planned());
    let empty = no_fleet();
    let world = World::new(laid.changes(), &live, &planned, computers, &empty, now);
    (consequences::of(&world).0, guard::protected(policy, &world))
}

/// The queries of collections that no server has stored yet: whom they find is to be asked.
pub fn questions(laid: &Laid<'_>, fleet: &Fleet) -> Vec<Query> {
    Reach::new(&laid.planned(), &laid.live(), fleet, &Evaluated::new()).unanswered()
}
