//! Running jobs and tasks of the task server (altiris-asdk §4.14): what computers of this server get for it, and how that goes.

use std::collections::BTreeSet;

use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::folders;
use crate::server::app::asdk::jobs::find;
use crate::server::app::asdk::not_implemented;
use crate::server::app::asdk::object;
use crate::server::app::asdk::object::Instance;
use crate::server::app::asdk::object::Object;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::object::ServerTask;
use crate::server::app::asdk::wrong_type;
use crate::server::app::item::Attribute;
use crate::server::app::items::Body;
use crate::server::app::items::Draft;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Refused;
use crate::server::app::spec::parts::Run;
use crate::server::app::writer::Writer;
use crate::server::limits::Limits;
use crate::server::store::Connection;
use crate::server::store::fleet;
use crate::server::store::fleet::LogFilter;

/// What a run is given (altiris-asdk §4.14): the `inputParameters`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Computers, collections and targets.
    pub resources: Vec<Guid>,
}

impl Inputs {
    /// Reads an `inputParameters`. Names that are not known are passed over, as the contract says.
    ///
    /// # Errors
    /// `invalid` for XML that cannot be read, and for a parameter that is missing.
    pub fn read(xml: &str) -> Result<Self, Refused> {
        let wrong = |why: String| Refused::invalid("inputParameters", why);
        let document =
            roxmltree::Document::parse(xml).map_err(|error| wrong(format!("the XML cannot be read: {error}")))?;
        let root = document.root_element();
        if root.tag_name().name() != "inputParameters" {
            return Err(wrong("the root of the XML is not `inputParameters`".to_owned()));
        }
        let (mut resources, mut requirements) = (None, false);
        for parameter in root.children().filter(|node| node.tag_name().name() == "parameter") {
            let part = |name: &str| parameter.children().find(|node| node.tag_name().name() == name);
            let name = part("name").and_then(|node| node.text()).unwrap_or_default().trim();
            let value = part("value");
            if name == "@AssignedResources" {
                let text = value.and_then(|node| node.text()).unwrap_or_default();
                let list = text.split(',').filter(|one| !one.trim().is_empty()).map(|one| {
                    one.trim().parse().map_err(|error: crate::model::guid::NotAGuid| wrong(error.to_string()))
                });
                resources = Some(list.collect::<Result<Vec<_>, _>>()?);
            } else if name == "@CompRequirements" {
                requirements = true;
            }
        }
        match (resources, requirements) {
            (Some(resources), true) if !resources.is_empty() => Ok(Self { resources }),
            (_, false) => Err(wrong("the parameter `@CompRequirements` is missing".to_owned())),
            _ => Err(wrong("the parameter `@AssignedResources` is missing or empty".to_owned())),
        }
    }
}

/// How a run goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The run.
    pub instance: Guid,
    /// What it is called.
    pub name: String,
    /// The class of what runs.
    pub class: Class,
    /// Who started it.
    pub started_by: String,
    /// When.
    pub started: jiff::Timestamp,
    /// When the last computer was done; `None` while some are not.
    pub ended: Option<jiff::Timestamp>,
    /// Each computer, and how it went there.
    pub computers: Vec<OnComputer>,
}

/// How a run goes on one computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnComputer {
    /// The computer.
    pub guid: Guid,
    /// What the program returned.
    pub code: Option<i64>,
    /// Whether that was a success; `None`: it has not run, or has not said.
    pub success: Option<bool>,
    /// When, in milliseconds since 1970.
    pub at_ms: Option<i64>,
}

impl App {
    /// The runs of a job or task, oldest first.
    ///
    /// # Errors
    /// As [`find`].
    pub fn task_instances(&self, task: Guid) -> Result<Vec<Guid>, Refused> {
        self.store().read(|sql| {
            find(sql, task)?;
            let mut found: Vec<(jiff::Timestamp, u64, Guid)> = Vec::new();
            for object in object::of_class(sql, Class::TaskInstance)? {
                if let Says::Instance(instance) = &object.says
                    && instance.instance_of == task
                {
                    found.push((object.created_at, object.revision.0, object.guid));
                }
            }
            found.sort_unstable();
            Ok(found.into_iter().map(|(_, _, guid)| guid).collect())
        })
    }

    /// How a run goes.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no run; `invalid` where nobody knows who a collection's members are.
    pub fn instance_status(&self, guid: Guid, limits: &Limits) -> Result<Status, Refused> {
        let (object, instance) = match self.entry(guid)? {
            Entry::Object(object) => match object.says.clone() {
                Says::Instance(instance) => (object, instance),
                _ => return Err(wrong_type(guid, Class::TaskInstance)),
            },
            Entry::Item(_) => return Err(wrong_type(guid, Class::TaskInstance)),
        };
        let mut computers = BTreeSet::new();
        for collection in &instance.collections {
            computers.extend(self.computers_in(*collection, limits)?);
        }
        let (class, found) = self.store().read(|sql| {
            let class = find(sql, instance.instance_of).map_or(Class::QuickDeliveryTask, |(_, task)| task.task_class);
            let mut found = Vec::new();
            for computer in computers {
                found.push(on_computer(sql, instance.policy, computer)?);
            }
            Ok::<_, Refused>((class, found))
        })?;
        let done = found.iter().all(|one| one.success.is_some());
        let last = found.iter().filter_map(|one| one.at_ms).max();
        let ended = last.filter(|_| done).and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        Ok(Status {
            instance: guid,
            name: object.name,
            class,
            started_by: instance.started_by,
            started: object.created_at,
            ended,
            computers: found,
        })
    }
}

fn on_computer(sql: &Connection, policy: Guid, computer: Guid) -> Result<OnComputer, Refused> {
    let filter = LogFilter { computer: Some(computer), task: Some(policy), after: 0, limit: i64::MAX.unsigned_abs() };
    let last = fleet::executions(sql, filter)?.into_iter().rfind(|row| row.step.is_none());
    Ok(OnComputer {
        guid: computer,
        code: last.as_ref().and_then(|row| row.code),
        success: last.as_ref().and_then(|row| row.success),
        at_ms: last.as_ref().map(|row| row.at_ms),
    })
}

impl Writer<'_> {
    /// Runs a job or task on computers, at once or at its times; gives the run.
    ///
    /// # Errors
    /// `not_found`; a wrong type; `invalid` for a job without tasks or with changes that were not confirmed; not implemented
    /// for jobs with conditions or with other tasks than deliveries.
    pub fn run_server_task(&mut self, guid: Guid, name: &str, inputs: &Inputs, run: &Run) -> Result<Guid, Refused> {
        let (own_name, task) = find(self.sql, guid)?;
        let name = if name.trim().is_empty() { own_name } else { name.to_owned() };
        let instance = self.ids.guid();
        let collections = self.collections_of(instance, &inputs.resources)?;
        let policy = match (&task.runs, task.task_class) {
            (Some(runs), _) => {
                let spec = json!({
                    "package": runs.package, "program": runs.program, "collections": collections, "run": run,
                });
                self.hidden_item(Kind::Task, instance, &name, spec)?
            }
            (None, Class::ClientJob) => {
                let steps = self.steps_of(&task)?;
                let spec = json!({ "steps": steps, "collections": collections, "run": run });
                self.hidden_item(Kind::SequentialTask, instance, &name, spec)?
            }
            (None, _) => return Err(not_implemented("server jobs are kept and not run on this server")),
        };
        let started_by = self.caller.principal.name.clone();
        let says = Instance { instance_of: guid, started_by, policy, collections, parts: Vec::new() };
        self.create_object(&name, None, Says::Instance(says), Some(instance))?;
        Ok(instance)
    }

    /// The steps of a job: each needs the success of those before it that the job fails with.
    fn steps_of(&self, job: &ServerTask) -> Result<Vec<serde_json::Value>, Refused> {
        if !job.confirmed {
            return Err(Refused::invalid("taskGuid", "the changes of the job were not confirmed"));
        }
        if job.nodes.is_empty() {
            return Err(Refused::invalid("taskGuid", "the job runs nothing"));
        }
        let mut steps = Vec::new();
        let mut needed = Vec::new();
        for (at, node) in job.nodes.iter().enumerate() {
            let Some(task) = node.task else {
                return Err(not_implemented("jobs with conditions are kept and not run on this server"));
            };
            let Some(runs) = find(self.sql, task)?.1.runs else {
                return Err(not_implemented("jobs within jobs are kept and not run on this server"));
            };
            let depends: Vec<_> = needed.iter().map(|step| json!({ "step": step })).collect();
            steps.push(json!({ "package": runs.package, "program": runs.program, "dependsOn": depends }));
            if node.fails_job || job.fails_if_any_fails {
                needed.push(at + 1);
            }
        }
        Ok(steps)
    }

    /// The collections of what a run is given: one of its own for the computers among them.
    fn collections_of(&mut self, instance: Guid, resources: &[Guid]) -> Result<Vec<Guid>, Refused> {
        let (mut collections, mut computers) = (Vec::new(), Vec::new());
        for resource in resources {
            match self.entry(*resource) {
                Ok(entry) if entry.class() == Class::Collection => collections.push(*resource),
                Ok(Entry::Object(Object { says: Says::Target(target), .. })) => collections.push(target.collection),
                Ok(_) => return Err(wrong_type(*resource, Class::Collection)),
                Err(_) => computers.push(*resource),
            }
        }
        if !computers.is_empty() {
            let members = self.names_of(&computers)?;
            let spec = json!({ "members": members });
            collections.push(self.hidden_item(Kind::Collection, instance, "Computers of the run", spec)?);
        }
        Ok(collections)
    }

    fn hidden_item(
        &mut self,
        kind: Kind,
        instance: Guid,
        name: &str,
        spec: serde_json::Value,
    ) -> Result<Guid, Refused> {
        let attributes = Some(BTreeSet::from([Attribute::Hidden]));
        let name: String = name.chars().take(200).collect();
        let body = Body { name: format!("{name} {instance}"), folder: Some(folders::TASKS), attributes, spec };
        Ok(self.create(Draft { kind, body, package: None })?.guid)
    }
}
