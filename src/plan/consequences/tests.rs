//! Consequences, rule by rule.
