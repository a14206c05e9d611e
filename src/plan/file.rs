//! The plan file: JSON that names itself by a digest over all it holds.

use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use crate::plan::FORMAT_VERSION;
use crate::plan::Plan;

/// Why a plan file is refused.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It is no JSON, most often because it was cut.
    #[error("it is not a whole plan: {0}")]
    NotJson(#[source] serde_json::Error),
    /// It does not say what it is.
    #[error("it is no plan of consign: it has no `format_version`")]
    NotAPlan,
    /// It is of a format this program does not read.
    #[error("it has format {found}; this program reads {FORMAT_VERSION}: plan again with the same version of consign")]
    OtherVersion {
        /// Its version.
        found: String,
    },
    /// It was changed after it was made.
    #[error("it was changed after it was made: its content does not have the hash {stated}")]
    Edited {
        /// The hash it states.
        stated: String,
    },
    /// It has the right hash and the wrong shape.
    #[error("its content is not that of a plan: {0}")]
    Shape(#[source] serde_json::Error),
    /// It has the right shape and makes no sense.
    #[error("it is not sound: {0}")]
    Unsound(#[from] crate::plan::checker::Unsound),
}

/// The name of a plan: SHA-256 over its JSON without the `hash`, in hexadecimal.
pub fn hash(plan: &Plan) -> String {
    let value = serde_json::to_value(plan).expect("the plan prints as JSON: its maps have text keys");
    hash_value(value)
}

fn hash_value(mut value: Value) -> String {
    if let Value::Object(map) = &mut value {
        map.shift_remove("hash");
    }
    let text = serde_json::to_vec(&value).expect("a JSON value prints as JSON");
    Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of a plan file.
pub fn write(plan: &Plan) -> String {
    let mut text = serde_json::to_string_pretty(plan).expect("the plan prints as JSON: its maps have text keys");
    text.push('\n');
    text
}

/// Reads a plan file and checks that it is whole, untouched, of our version and sound.
///
/// # Errors
/// See [`PlanFileError`].
pub fn read(text: &[u8]) -> Result<Plan, PlanFileError> {
    let value: Value = serde_json::from_slice(text).map_err(PlanFileError::NotJson)?;
    let found = value.get("format_version").and_then(Value::as_str).ok_or(PlanFileError::NotAPlan)?;
    if found.split('.').next() != FORMAT_VERSION.split('.').next() {
        return Err(PlanFileError::OtherVersion { found: found.to_owned() });
    }
    let stated = value.get("hash").and_then(Value::as_str).unwrap_or_default().to_owned();
    if hash_value(value.clone()) != stated {
        return Err(PlanFileError::Edited { stated });
    }
    let plan: Plan = serde_json::from_value(value).map_err(PlanFileError::Shape)?;
    crate::plan::checker::check(&plan)?;
    Ok(plan)
}
