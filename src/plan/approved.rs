//! Whether a plan that was made again stays within the one that was approved.
//!
//! What was approved is a bound: the new plan may do less of it, and nothing else. So a plan file from a place that others
//! can write to (an artifact of a pull request's pipeline) decides at most how much of the manifests is let through, never
//! what is written: that comes from the manifests that were merged.

use std::collections::BTreeMap;

use crate::diff::FieldChange;
use crate::diff::PASSWORD_PATH;
use crate::model::kind::ItemKey;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Plan;
use crate::plan::bounds;
use crate::plan::bounds::Broken;
use crate::rules::plan::PLN_13;

/// Something in a new plan that was not approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// It is for another server: another database, even under the same name.
    OtherServer,
    /// A change of an item that was not to change.
    Change {
        /// The item.
        address: String,
        /// What would happen to it.
        action: Action,
    },
    /// Something else would happen to the item, or to another item of its name.
    Otherwise {
        /// The item.
        address: String,
        /// What was approved.
        approved: Action,
        /// What would happen now.
        now: Action,
    },
    /// A field would change from or to something else.
    Field {
        /// The item.
        address: String,
        /// The field.
        path: String,
    },
    /// What is made, replaced or deleted is not what was shown.
    Content {
        /// The item.
        address: String,
    },
    /// Computers would do more.
    Consequence(Broken),
}

impl std::fmt::Display for Beyond {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OtherServer => write!(f, "it was approved for another server"),
            Self::Change { address, action } => write!(f, "{address}: to {} it was not approved", word(*action)),
            Self::Otherwise { address, approved, now } if approved == now => {
                write!(f, "{address}: it is another item of that name now")
            }
            Self::Otherwise { address, approved, now } => {
                write!(f, "{address}: to {} it was approved, not to {} it", word(*approved), word(*now))
            }
            Self::Field { address, path } => write!(f, "{address}: `{path}` is not what was approved"),
            Self::Content { address } => write!(f, "{address}: what it holds is not what was approved"),
            Self::Consequence(broken) => write!(f, "{broken}"),
        }
    }
}

const fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "change",
        Action::Replace => "replace",
        Action::Delete => "delete",
    }
}

/// What a new plan does beyond an approved one, in the order of its changes; empty: it lies within.
pub fn beyond(approved: &Plan, now: &Plan) -> Vec<Beyond> {
    if approved.server.identity.instance != now.server.identity.instance || approved.server.url != now.server.url {
        return vec![Beyond::OtherServer];
    }
    let known: BTreeMap<&ItemKey, &Change> = approved.resource_changes.iter().map(|one| (&one.key, one)).collect();
    let mut out = Vec::new();
    for change in &now.resource_changes {
        match known.get(&change.key) {
            Some(one) => of_change(one, change, is_unseen(approved, change), &mut out),
            None if is_unseen(approved, change) && change.fields.iter().all(is_password) => {}
            None => out.push(Beyond::Change { address: change.address.clone(), action: change.action() }),
        }
    }
    out.extend(bounds::broken(approved, &now.consequences, &[]).into_iter().map(Beyond::Consequence));
    out
}

/// Whether an approved plan says of an item that its password was not compared (PLN-13): no proposal can see that one
/// changed, and the reference to it is in the manifest that was reviewed.
fn is_unseen(approved: &Plan, now: &Change) -> bool {
    now.action() == Action::Update
        && approved.findings.iter().any(|one| one.rule == PLN_13.id && one.subject == now.address)
}

fn is_password(field: &FieldChange) -> bool {
    field.path == PASSWORD_PATH
}

fn of_change(approved: &Change, now: &Change, is_unseen: bool, out: &mut Vec<Beyond>) {
    let address = || now.address.clone();
    if approved.actions != now.actions || approved.guid != now.guid {
        out.push(Beyond::Otherwise { address: address(), approved: approved.action(), now: now.action() });
        return;
    }
    for field in &now.fields {
        let is_approved = approved.fields.contains(field) || (is_unseen && is_password(field));
        if !is_approved {
            out.push(Beyond::Field { address: address(), path: field.path.clone() });
        }
    }
    // Of what is changed in place the fields tell all. What is made or lost is to be the same, whole.
    let is_same = now.action() == Action::Update
        || (&approved.before, &approved.after, &approved.after_sensitive)
            == (&now.before, &now.after, &now.after_sensitive);
    if !is_same {
        out.push(Beyond::Content { address: address() });
    }
}

/// Whether the approved plan is what would be planned now: the same changes, to items that have not moved since.
pub fn is_still(approved: &Plan, now: &Plan) -> bool {
    approved.server.identity.instance == now.server.identity.instance
        && approved.resource_changes == now.resource_changes
        && approved.preconditions == now.preconditions
        && approved.steps == now.steps
}
