//! Observed against desired: who is who, and what differs in what matters. Nothing here orders, judges or prints.

mod compare;
pub mod effects;
mod normalise;
mod pair;
mod password;
mod policy;

pub use compare::FieldChange;
pub use compare::compare;
pub use compare::is_same_step_list;
pub use compare::with_unmanaged;
pub use normalise::normalise;
pub use pair::Pairing;
pub use pair::Problem;
pub use pair::base_name;
pub use pair::pair;
pub use pair::rename_references;
pub use password::Expected;
pub use password::Marks;
pub use password::PASSWORD_PATH;
pub use password::account;
pub use password::lacks_password;
pub use password::password;
pub use policy::PolicyChange;
pub use policy::governed;
pub use policy::policy_changes;
