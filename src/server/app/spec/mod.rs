//! What an item says, by kind: the server's own types, which are at once what its API shows and what its rows hold.
//!
//! Fields that a request leaves out take the documented default; fields that are not known are refused.

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::model::guid::Guid;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::store::refs;

pub mod estate;
pub mod package;
pub mod parts;
pub mod task;

use crate::server::app::spec::estate::AgentSettings;
use crate::server::app::spec::estate::Collection;
use crate::server::app::spec::estate::Folder;
use crate::server::app::spec::estate::MaintenanceWindow;
use crate::server::app::spec::estate::PatchPlugin;
use crate::server::app::spec::estate::PortalDefaults;
use crate::server::app::spec::estate::PortalSettings;
use crate::server::app::spec::estate::PurgeSettings;
use crate::server::app::spec::package::Package;
use crate::server::app::spec::package::Program;
use crate::server::app::spec::parts::Grant;
use crate::server::app::spec::parts::Run;
use crate::server::app::spec::parts::Schedule;
use crate::server::app::spec::task::DeliveryPolicy;
use crate::server::app::spec::task::Remediation;
use crate::server::app::spec::task::SequentialTask;
use crate::server::app::spec::task::StepTask;
use crate::server::app::spec::task::Task;

/// `true`, as the default of a field.
pub(crate) const fn yes() -> bool {
    true
}

/// What an item says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "each is named as the type it holds, which says what it is")]
pub enum Spec {
    AgentSettings(AgentSettings),
    Collection(Collection),
    DeliveryPolicy(DeliveryPolicy),
    Folder(Folder),
    MaintenanceWindow(MaintenanceWindow),
    Package(Package),
    PatchPlugin(PatchPlugin),
    PortalDefaults(PortalDefaults),
    PortalSettings(PortalSettings),
    Program(Box<Program>),
    PurgeSettings(PurgeSettings),
    SequentialTask(Box<SequentialTask>),
    StepTask(StepTask),
    Task(Box<Task>),
}

/// What is wrong with a spec: the field, below `spec`, the rule if there is one, and why.
#[derive(Debug)]
pub struct Wrong {
    field: String,
    rule: Option<&'static str>,
    why: String,
}

impl Wrong {
    fn rule(field: impl Into<String>, rule: &'static str, why: impl Into<String>) -> Self {
        Self { field: field.into(), rule: Some(rule), why: why.into() }
    }
}

impl From<Wrong> for Refused {
    fn from(wrong: Wrong) -> Self {
        let refused = Self::new(Code::Invalid, wrong.why).with("field", format!("spec/{}", wrong.field));
        match wrong.rule {
            Some(rule) => refused.with("rule", rule),
            None => refused,
        }
    }
}

/// A reference that a spec makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where it stands below `spec`.
    pub field: String,
    /// What it points at.
    pub child: Guid,
    /// The kind that must be.
    pub kind: Kind,
    /// The hint of its row.
    pub hint: &'static str,
}

impl Spec {
    /// Reads what an item of this kind says.
    ///
    /// # Errors
    /// When it does not fit the kind.
    pub fn read(kind: Kind, value: &Value) -> Result<Self, serde_json::Error> {
        Ok(match kind {
            Kind::AgentSettings => Self::AgentSettings(Deserialize::deserialize(value)?),
            Kind::Collection => Self::Collection(Deserialize::deserialize(value)?),
            Kind::DeliveryPolicy => Self::DeliveryPolicy(Deserialize::deserialize(value)?),
            Kind::Folder => Self::Folder(Deserialize::deserialize(value)?),
            Kind::MaintenanceWindow => Self::MaintenanceWindow(Deserialize::deserialize(value)?),
            Kind::Package => Self::Package(Deserialize::deserialize(value)?),
            Kind::PatchPlugin => Self::PatchPlugin(Deserialize::deserialize(value)?),
            Kind::PortalDefaults => Self::PortalDefaults(Deserialize::deserialize(value)?),
            Kind::PortalSettings => Self::PortalSettings(Deserialize::deserialize(value)?),
            Kind::Program => Self::Program(Deserialize::deserialize(value)?),
            Kind::PurgeSettings => Self::PurgeSettings(Deserialize::deserialize(value)?),
            Kind::SequentialTask => Self::SequentialTask(Deserialize::deserialize(value)?),
            Kind::StepTask => Self::StepTask(Deserialize::deserialize(value)?),
            Kind::Task => Self::Task(Deserialize::deserialize(value)?),
        })
    }

    /// Reads what a request says, fills and normalises it, and holds it to the rules that concern it alone.
    ///
    /// # Errors
    /// `invalid`, with the field and the rule.
    pub fn parse(kind: Kind, value: &Value) -> Result<Self, Refused> {
        if !value.is_object() {
            let why = "a spec is an object".to_owned();
            return Err(Wrong { field: String::new(), rule: None, why }.into());
        }
        Self::read(kind, value).map_err(|error| blame(kind, value, &error))?.checked()
    }

    /// Normalises it, and holds it to the rules that concern it alone.
    ///
    /// # Errors
    /// `invalid`, with the field and the rule.
    pub(in crate::server::app) fn checked(mut self) -> Result<Self, Refused> {
        if let Self::Program(program) = &mut self {
            program.normalise();
        }
        self.check()?;
        Ok(self)
    }

    fn check(&self) -> Result<(), Wrong> {
        match self {
            Self::Package(spec) => spec.check()?,
            Self::Program(spec) => spec.check()?,
            Self::Task(spec) => task::check_priority(spec.priority)?,
            Self::SequentialTask(spec) => spec.check()?,
            Self::MaintenanceWindow(spec) => spec.check()?,
            Self::PortalSettings(spec) => spec.check()?,
            _ => {}
        }
        for (field, schedule) in self.schedules() {
            if let Some(fault) = schedule.fault() {
                return Err(Wrong { field: field.to_owned(), rule: None, why: fault.to_owned() });
            }
        }
        if self.grants().iter().any(|grant| grant.principal.trim().is_empty()) {
            return Err(Wrong::rule("portal", "PTL-1", "a right is a principal's"));
        }
        Ok(())
    }

    fn schedules(&self) -> Vec<(&'static str, &Schedule)> {
        let of_run = |run: &'_ Run| matches!(run, Run::Schedule { .. });
        match self {
            Self::Task(spec) if of_run(&spec.run) => run_schedule(&spec.run),
            Self::SequentialTask(spec) if of_run(&spec.run) => run_schedule(&spec.run),
            Self::MaintenanceWindow(spec) => vec![("schedule", &spec.schedule)],
            Self::PatchPlugin(spec) => spec.scan.iter().map(|scan| ("scan", scan)).collect(),
            Self::DeliveryPolicy(spec) => {
                let mut found: Vec<_> = spec.compliance.iter().map(|at| ("compliance", at)).collect();
                if let Remediation::Schedule { schedule } = &spec.remediation {
                    found.push(("remediation", schedule));
                }
                found
            }
            _ => Vec::new(),
        }
    }

    fn grants(&self) -> &[Grant] {
        match self {
            Self::Folder(spec) => &spec.portal.grants,
            Self::Program(spec) => &spec.portal.grants,
            Self::SequentialTask(spec) => &spec.portal.grants,
            Self::PortalDefaults(spec) => &spec.grants,
            _ => &[],
        }
    }

    /// The references it makes to other items, with the hint of each. A sequential task's to its programs are those of
    /// its step tasks, but are listed too, because they must be there.
    pub fn references(&self) -> Vec<Reference> {
        let mut found = Vec::new();
        let mut add = |field: String, child: Guid, kind: Kind, hint: &'static str| {
            found.push(Reference { field, child, kind, hint });
        };
        for (at, child) in self.collections().iter().enumerate() {
            add(format!("collections/{at}"), *child, Kind::Collection, refs::APPLIES);
        }
        for (field, package, program) in self.pairs() {
            let (of_package, of_program) = match self {
                Self::DeliveryPolicy(_) => (refs::USES_RESOURCE, refs::USES_RESOURCE),
                _ => (refs::USES_PACKAGE, refs::USES_PROGRAM),
            };
            add(format!("{field}package"), package, Kind::Package, of_package);
            add(format!("{field}program"), program, Kind::Program, of_program);
        }
        if let Self::Collection(spec) = self {
            for (at, child) in spec.include.iter().enumerate() {
                add(format!("include/{at}"), *child, Kind::Collection, refs::INCLUDES);
            }
            for (at, child) in spec.exclude.iter().enumerate() {
                add(format!("exclude/{at}"), *child, Kind::Collection, refs::EXCLUDES);
            }
            if let Some(child) = spec.limited_to {
                add("limitedTo".to_owned(), child, Kind::Collection, refs::LIMITED);
            }
        }
        found
    }

    /// The packages it names, each with a program that must be one of that package (TSK-3).
    pub fn pairs(&self) -> Vec<(String, Guid, Guid)> {
        match self {
            Self::Task(spec) => vec![(String::new(), spec.package, spec.program)],
            Self::StepTask(spec) => vec![(String::new(), spec.package, spec.program)],
            Self::SequentialTask(spec) => {
                let steps = spec.steps.iter().enumerate();
                steps.map(|(at, step)| (format!("steps/{at}/"), step.package, step.program)).collect()
            }
            Self::DeliveryPolicy(spec) => {
                let resources = spec.resources.iter().enumerate();
                resources.map(|(at, one)| (format!("resources/{at}/"), one.package, one.program)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it is in force: what is switched off reaches nobody.
    pub const fn is_enabled(&self) -> bool {
        match self {
            Self::Task(spec) => spec.enabled,
            Self::SequentialTask(spec) => spec.enabled,
            Self::MaintenanceWindow(spec) => spec.enabled,
            Self::PortalSettings(spec) => spec.enabled,
            Self::DeliveryPolicy(spec) => spec.enabled,
            Self::AgentSettings(spec) => spec.enabled,
            Self::PatchPlugin(spec) => spec.enabled,
            _ => true,
        }
    }

    /// Whether it is taken off a computer after its success (TSK-10).
    pub const fn leaves_after_success(&self) -> bool {
        match self {
            Self::Task(spec) => spec.remove_after_success,
            Self::SequentialTask(spec) => spec.remove_after_success,
            _ => false,
        }
    }

    /// Whom it is for.
    pub fn collections(&self) -> &[Guid] {
        match self {
            Self::Task(spec) => &spec.collections,
            Self::SequentialTask(spec) => &spec.collections,
            Self::MaintenanceWindow(spec) => &spec.collections,
            Self::PortalSettings(spec) => &spec.collections,
            Self::DeliveryPolicy(spec) => &spec.collections,
            Self::AgentSettings(spec) => &spec.collections,
            Self::PatchPlugin(spec) => &spec.collections,
            _ => &[],
        }
    }
}

fn run_schedule(run: &Run) -> Vec<(&'static str, &Schedule)> {
    match run {
        Run::Schedule { schedule } => vec![("run", schedule)],
        Run::Manual {} | Run::AsSoonAsPossible {} => Vec::new(),
    }
}

/// Which field of a spec does not fit: the one without which the complaint is another.
fn blame(kind: Kind, value: &Value, error: &serde_json::Error) -> Refused {
    let why = error.to_string();
    let named = ["unknown field `", "missing field `"].iter().find_map(|start| {
        let rest = &why[why.find(start)? + start.len()..];
        rest.split('`').next().map(str::to_owned)
    });
    let culprit = value.as_object().and_then(|fields| {
        fields.keys().find(|key| {
            let mut rest = fields.clone();
            rest.remove(*key);
            Spec::read(kind, &Value::Object(rest)).map_or_else(|other| other.to_string() != why, |_| true)
        })
    });
    let field = match (culprit, named) {
        (Some(culprit), Some(named)) if *culprit != named => format!("{culprit}/{named}"),
        (Some(culprit), _) => culprit.clone(),
        (None, Some(named)) => named,
        (None, None) => String::new(),
    };
    let rule = match field.split('/').next().unwrap_or_default() {
        "source" => Some("PKG-2"),
        "maxRunTimeMinutes" => Some("PRG-3"),
        "priority" => Some("TSK-2"),
        "durationMinutes" => Some("MW-9"),
        "portal" | "grants" => Some("PTL-1"),
        _ => None,
    };
    // serde repeats what it could not read, and here that may be a password.
    let why = if field.starts_with("runWith") { "the account and its password cannot be read".to_owned() } else { why };
    Wrong { field, rule, why }.into()
}

impl JsonSchema for Spec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Spec".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "What the item says, by its kind.", "anyOf": [
            generator.subschema_for::<AgentSettings>(),
            generator.subschema_for::<Collection>(),
            generator.subschema_for::<DeliveryPolicy>(),
            generator.subschema_for::<Folder>(),
            generator.subschema_for::<MaintenanceWindow>(),
            generator.subschema_for::<Package>(),
            generator.subschema_for::<PatchPlugin>(),
            generator.subschema_for::<PortalDefaults>(),
            generator.subschema_for::<PortalSettings>(),
            generator.subschema_for::<Program>(),
            generator.subschema_for::<PurgeSettings>(),
            generator.subschema_for::<SequentialTask>(),
            generator.subschema_for::<StepTask>(),
            generator.subschema_for::<Task>(),
        ] })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn refused(kind: Kind, value: Value, field: &str, rule: Option<&str>) {
        let refused = Spec::parse(kind, &value).unwrap_err();
        assert_eq!(refused.code, Code::Invalid, "{refused:?}");
        let detail = |key: &str| refused.details.get(key).and_then(Value::as_str).map(str::to_owned);
        assert_eq!(detail("field").as_deref(), Some(format!("spec/{field}").as_str()), "{refused:?}");
        assert_eq!(detail("rule").as_deref(), rule, "{refused:?}");
    }

    fn answered(kind: Kind, value: Value) -> Value {
        serde_json::to_value(Spec::parse(kind, &value).unwrap()).unwrap()
    }

    const GUID: &str = "00000000-0000-0000-0000-000000000001";

    #[test]
    fn pkg_1_the_version_is_1_0_unless_said_otherwise() {
        assert_eq!(answered(Kind::Package, json!({}))["version"], "1.0");
        assert_eq!(answered(Kind::Package, json!({"version": "24.08"}))["version"], "24.08");
    }

    #[test]
    fn pkg_2_each_source_has_what_it_needs() {
        for source in [
            json!({"type": "url", "url": "https://x"}),
            json!({"type": "url", "url": "https://x", "directory": "C:\\x"}),
            json!({"type": "url", "url": "", "directory": "\\\\s\\d"}),
            json!({"type": "unc", "path": "C:\\x"}),
            json!({"type": "local", "path": " "}),
            json!({"type": "ftp"}),
            json!("none"),
        ] {
            refused(Kind::Package, json!({ "source": source }), "source", Some("PKG-2"));
        }
        refused(Kind::Package, json!({"source": {"type": "none", "x": 1}}), "source/x", Some("PKG-2"));
        let whole = json!({"type": "url", "url": "https://x", "directory": "\\\\s\\d"});
        assert_eq!(answered(Kind::Package, json!({ "source": whole }))["source"], whole);
    }

    #[test]
    fn prg_3_zero_means_360_and_negative_is_refused() {
        let minutes = |value: Value| answered(Kind::Program, value)["maxRunTimeMinutes"].clone();
        assert_eq!(minutes(json!({"maxRunTimeMinutes": 0})), 360);
        assert_eq!(minutes(json!({})), 360);
        assert_eq!(minutes(json!({"maxRunTimeMinutes": null})), Value::Null);
        assert_eq!(minutes(json!({"maxRunTimeMinutes": 5})), 5);
        refused(Kind::Program, json!({"maxRunTimeMinutes": -1}), "maxRunTimeMinutes", Some("PRG-3"));
        refused(Kind::Program, json!({"maxRunTimeMinutes": 1.5}), "maxRunTimeMinutes", Some("PRG-3"));
    }

    #[test]
    fn tsk_2_priorities_are_1_to_4() {
        let task = |priority: i64| json!({"package": GUID, "program": GUID, "priority": priority});
        for bad in [0, 5, -1] {
            refused(Kind::Task, task(bad), "priority", Some("TSK-2"));
            refused(Kind::SequentialTask, json!({ "priority": bad }), "priority", Some("TSK-2"));
        }
        for good in 1..=4 {
            assert_eq!(answered(Kind::Task, task(good))["priority"], good);
        }
    }

    #[test]
    fn mw_9_a_window_lasts_5_minutes_to_24_hours() {
        let window = |minutes: i64| json!({"schedule": {"type": "daily", "time": "17:00"}, "durationMinutes": minutes});
        for bad in [4, 1441, 0, -5] {
            refused(Kind::MaintenanceWindow, window(bad), "durationMinutes", Some("MW-9"));
        }
        for good in [5, 1440] {
            assert_eq!(answered(Kind::MaintenanceWindow, window(good))["durationMinutes"], good);
        }
    }

    #[test]
    fn ptl_1_there_are_two_rights() {
        let portal = |right: &str| json!({"portal": {"grants": [{"principal": "CORP\\a", "right": right}]}});
        for kind in [Kind::Program, Kind::Folder] {
            refused(kind, portal("modify"), "portal", Some("PTL-1"));
            for good in ["install", "installOnApproval"] {
                assert_eq!(answered(kind, portal(good))["portal"]["grants"][0]["right"], good);
            }
        }
        let nobody = json!({"grants": [{"principal": " ", "right": "install"}]});
        refused(Kind::PortalDefaults, nobody, "portal", Some("PTL-1"));
    }

    #[test]
    fn ptl_6_a_request_holds_a_program() {
        refused(Kind::PortalSettings, json!({"maxPerRequest": 0}), "maxPerRequest", Some("PTL-6"));
    }

    #[test]
    fn seq_3_a_step_depends_on_earlier_ones() {
        let step = |on: u64| json!({"package": GUID, "program": GUID, "dependsOn": [{"step": on}]});
        for bad in [0, 2, 3] {
            let steps = json!({"steps": [step(1), step(bad)]});
            refused(Kind::SequentialTask, steps, "steps/0/dependsOn", Some("SEQ-3"));
        }
        let first = json!({"package": GUID, "program": GUID});
        refused(Kind::SequentialTask, json!({"steps": [first, step(2)]}), "steps/1/dependsOn", Some("SEQ-3"));
        assert!(Spec::parse(Kind::SequentialTask, &json!({"steps": [first, step(1)]})).is_ok());
    }

    #[test]
    fn unknown_missing_and_misshapen_fields_are_named() {
        refused(Kind::Package, json!({"verison": "1"}), "verison", None);
        refused(Kind::Task, json!({"program": GUID}), "package", None);
        refused(Kind::Task, json!({"package": "x", "program": GUID}), "package", None);
        refused(
            Kind::Task,
            json!({"package": GUID, "program": GUID, "run": {"type": "manual", "x": 1}}),
            "run/x",
            None,
        );
        let weekly = json!({"type": "weekly", "days": [], "time": "17:00"});
        refused(Kind::PatchPlugin, json!({ "scan": weekly }), "scan", None);
        for kind in Kind::ALL {
            assert!(Spec::parse(kind, &json!([])).is_err());
            assert!(Spec::parse(kind, &json!({"no such field": 1})).is_err(), "{}", kind.name());
        }
    }

    #[test]
    fn what_is_answered_reads_back_the_same() {
        let pair = json!({"package": GUID, "program": GUID});
        for kind in Kind::ALL {
            let least = match kind {
                Kind::Task => pair.clone(),
                Kind::StepTask => json!({"package": GUID, "program": GUID, "sequence": null}),
                Kind::MaintenanceWindow => json!({"schedule": {"type": "every", "intervalSeconds": 60, "from":
                    "2026-12-01T08:00"}, "durationMinutes": 60}),
                Kind::SequentialTask => json!({ "steps": [pair] }),
                Kind::DeliveryPolicy => json!({ "resources": [pair] }),
                Kind::Program => json!({"runWith": {"type": "account", "account": "CORP\\a"}}),
                _ => json!({}),
            };
            let spec = Spec::parse(kind, &least).unwrap();
            let shown = serde_json::to_value(&spec).unwrap();
            assert_eq!(Spec::parse(kind, &shown).unwrap(), spec, "{}", kind.name());
        }
    }

    #[test]
    fn a_password_goes_in_and_never_comes_out() {
        let value = json!({"runWith": {"type": "account", "account": "CORP\\a", "password": "canary-1"}});
        let spec = Spec::parse(Kind::Program, &value).unwrap();
        assert!(!serde_json::to_string(&spec).unwrap().contains("canary"));
        assert!(!format!("{spec:?}").contains("canary"));
        for bad in [json!(987_654), json!({"x": 987_654}), json!([987_654])] {
            let value = json!({"runWith": {"type": "account", "account": "CORP\\a", "password": bad}});
            let refused = Spec::parse(Kind::Program, &value).unwrap_err();
            assert!(!format!("{refused:?}").contains("987"), "{refused:?}");
        }
    }
}
