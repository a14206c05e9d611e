//! Jobs and tasks of the task server (altiris-asdk §4.14), over what computers of this server run.
//!
//! A delivery task runs one program; a job runs such tasks in a row. To run one makes a hidden task, or a hidden sequential
//! task, for the computers that it is given, so that their state is what agents report of it. The rules of conditions are
//! in no document: they are kept and shown, and a job that has one is not run.

use std::collections::BTreeSet;

use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::entry;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::folders;
use crate::server::app::asdk::no_such;
use crate::server::app::asdk::not_implemented;
use crate::server::app::asdk::object;
use crate::server::app::asdk::object::Condition;
use crate::server::app::asdk::object::Instance;
use crate::server::app::asdk::object::Node;
use crate::server::app::asdk::object::Object;
use crate::server::app::asdk::object::Runs;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::object::ServerTask;
use crate::server::app::asdk::program;
use crate::server::app::asdk::wrong_type;
use crate::server::app::item::Attribute;
use crate::server::app::items::Body;
use crate::server::app::items::Draft;
use crate::server::app::kind::Kind;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::spec::parts::Run;
use crate::server::app::writer::Writer;
use crate::server::limits::Limits;
use crate::server::store::Connection;
use crate::server::store::fleet;
use crate::server::store::fleet::LogFilter;

/// The job or task with this GUID.
///
/// # Errors
/// `not_found`; a wrong type for what is none.
pub fn find(sql: &Connection, guid: Guid) -> Result<(String, ServerTask), Refused> {
    match entry::find(sql, guid)? {
        Entry::Object(Object { name, says: Says::Task(task), .. }) => Ok((name, task)),
        _ => Err(wrong_type(guid, Class::ClientJob)),
    }
}

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
    /// The jobs and tasks in a folder, of a class where one is named.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no folder.
    pub fn server_tasks_in(&self, folder: Guid, class: Option<Class>) -> Result<Vec<Guid>, Refused> {
        let entries = self.entries_in(folder, false)?;
        let is_one =
            |entry: &&Entry| entry.class().is_server_task() && class.is_none_or(|class| entry.class() == class);
        Ok(entries.iter().filter(is_one).map(Entry::guid).collect())
    }

    /// A job or task: its name and what it says.
    ///
    /// # Errors
    /// As [`find`].
    pub fn server_task(&self, guid: Guid) -> Result<(String, ServerTask), Refused> {
        self.store().read(|sql| find(sql, guid))
    }

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

/// The node with this GUID, wherever it lies.
fn node(nodes: &mut [Node], guid: Guid) -> Option<&mut Node> {
    for node in nodes {
        if node.guid == guid {
            return Some(node);
        }
        if let Some(condition) = &mut node.condition {
            let found = self::node(&mut condition.then, guid).is_some();
            let branch = if found { &mut condition.then } else { &mut condition.otherwise };
            if let Some(found) = self::node(branch, guid) {
                return Some(found);
            }
        }
    }
    None
}

/// Takes out the node with this GUID, wherever it lies, and the conditions that look at it.
fn take_out(nodes: &mut Vec<Node>, guid: Guid) -> bool {
    let before = nodes.len();
    nodes.retain(|node| node.guid != guid && node.condition.as_ref().is_none_or(|condition| condition.of != guid));
    let mut found = nodes.len() != before;
    for node in nodes {
        if let Some(condition) = &mut node.condition {
            found |= take_out(&mut condition.then, guid);
            found |= take_out(&mut condition.otherwise, guid);
        }
    }
    found
}

fn uses(nodes: &[Node], task: Guid) -> bool {
    nodes.iter().any(|node| {
        let within = |condition: &Condition| uses(&condition.then, task) || uses(&condition.otherwise, task);
        node.task == Some(task) || node.condition.as_deref().is_some_and(within)
    })
}

fn no_node(guid: Guid) -> Refused {
    no_such("the job has no such node").with("guid", guid.to_string())
}

impl Writer<'_> {
    /// Makes a job.
    ///
    /// # Errors
    /// As of a new object.
    pub fn create_job(
        &mut self,
        class: Class,
        name: &str,
        description: &str,
        folder: Guid,
        fails_if_any_fails: bool,
    ) -> Result<Guid, Refused> {
        let task = ServerTask {
            task_class: class,
            description: description.to_owned(),
            runs: None,
            nodes: Vec::new(),
            fails_if_any_fails,
            confirmed: true,
        };
        Ok(self.create_object(name, Some(folder), Says::Task(task), None)?.guid)
    }

    /// Makes a delivery task for a program, called by its name, in the folder of jobs and tasks.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no program; `invalid` for a program of another package, or of none.
    pub fn create_delivery_task(&mut self, class: Class, package: Guid, line: Guid) -> Result<Guid, Refused> {
        entry::find_item(self.sql, package, Class::Package)?;
        let program = program::find(self.sql, line)?;
        if program.package != Some(package) {
            let why = "the command line is not one of the package";
            return Err(Refused::invalid("commandLineGuid", why).with("rule", "TSK-3"));
        }
        let task = ServerTask {
            task_class: class,
            description: String::new(),
            runs: Some(Runs { package, program: line }),
            nodes: Vec::new(),
            fails_if_any_fails: false,
            confirmed: true,
        };
        Ok(self.create_object(&program.name, Some(folders::TASKS), Says::Task(task), None)?.guid)
    }

    fn change_job(
        &mut self,
        job: Guid,
        change: impl FnOnce(&mut ServerTask) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let (_, task) = find(self.sql, job)?;
        if !matches!(task.task_class, Class::ClientJob | Class::ServerJob) {
            return Err(wrong_type(job, Class::ClientJob));
        }
        self.edit_object(job, |object| match &mut object.says {
            Says::Task(task) => {
                change(task)?;
                task.confirmed = false;
                Ok(())
            }
            _ => Err(wrong_type(job, Class::ClientJob)),
        })?;
        Ok(())
    }

    fn task_node(&self, job: Guid, task: Guid, fails_job: bool) -> Result<Node, Refused> {
        find(self.sql, task)?;
        if task == job {
            return Err(Refused::new(Code::Cycle, "a job does not run itself"));
        }
        Ok(Node { guid: self.ids.guid(), task: Some(task), fails_job, condition: None })
    }

    /// Adds a task to a job, at its begin or its end; gives the node.
    ///
    /// # Errors
    /// `not_found`; a wrong type; `cycle`.
    pub fn add_to_job(&mut self, job: Guid, task: Guid, fails_job: bool, first: bool) -> Result<Guid, Refused> {
        let node = self.task_node(job, task, fails_job)?;
        let guid = node.guid;
        self.change_job(job, |own| {
            if first {
                own.nodes.insert(0, node);
            } else {
                own.nodes.push(node);
            }
            Ok(())
        })?;
        Ok(guid)
    }

    /// Adds a condition after a node; gives its node.
    ///
    /// # Errors
    /// As [`Self::add_to_job`]; `not_found` for the node.
    pub fn add_condition(&mut self, job: Guid, of: Guid, rules: &str) -> Result<Guid, Refused> {
        let condition = Condition { of, rules: vec![rules.to_owned()], then: Vec::new(), otherwise: Vec::new() };
        let made = Node { guid: self.ids.guid(), task: None, fails_job: false, condition: Some(Box::new(condition)) };
        let guid = made.guid;
        self.change_job(job, |own| {
            let place = own.nodes.iter().position(|node| node.guid == of).ok_or_else(|| no_node(of))?;
            own.nodes.insert(place + 1, made);
            Ok(())
        })?;
        Ok(guid)
    }

    fn change_condition(
        &mut self,
        job: Guid,
        condition: Guid,
        change: impl FnOnce(&mut Condition),
    ) -> Result<(), Refused> {
        self.change_job(job, |own| {
            let found = node(&mut own.nodes, condition).ok_or_else(|| no_node(condition))?;
            let found = found
                .condition
                .as_mut()
                .ok_or_else(|| Refused::invalid("conditionGuid", "the node is no condition"))?;
            change(found);
            Ok(())
        })
    }

    /// Adds rules to a condition.
    ///
    /// # Errors
    /// As [`Self::add_condition`]; `invalid` for a node that is no condition.
    pub fn add_condition_rules(&mut self, job: Guid, condition: Guid, rules: &str) -> Result<(), Refused> {
        self.change_condition(job, condition, |own| own.rules.push(rules.to_owned()))
    }

    /// Adds a task to what is done when a condition holds, or does not; gives the node.
    ///
    /// # Errors
    /// As [`Self::add_condition_rules`].
    pub fn add_to_condition(
        &mut self,
        job: Guid,
        condition: Guid,
        task: Guid,
        fails_job: bool,
        holds: bool,
    ) -> Result<Guid, Refused> {
        let node = self.task_node(job, task, fails_job)?;
        let guid = node.guid;
        self.change_condition(
            job,
            condition,
            |own| {
                if holds { own.then.push(node) } else { own.otherwise.push(node) }
            },
        )?;
        Ok(guid)
    }

    /// Takes a node out of a job; `None`: all of them.
    ///
    /// # Errors
    /// As [`Self::add_condition`].
    pub fn remove_from_job(&mut self, job: Guid, node: Option<Guid>) -> Result<(), Refused> {
        self.change_job(job, |own| match node {
            None => {
                own.nodes.clear();
                Ok(())
            }
            Some(node) if take_out(&mut own.nodes, node) => Ok(()),
            Some(node) => Err(no_node(node)),
        })
    }

    /// Confirms the changes of a job; before that it is not run.
    ///
    /// # Errors
    /// `not_found`; a wrong type for what is no job.
    pub fn confirm_job(&mut self, job: Guid) -> Result<(), Refused> {
        self.change_job(job, |_| Ok(()))?;
        self.edit_object(job, |object| {
            if let Says::Task(task) = &mut object.says {
                task.confirmed = true;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Removes a job or task that no job runs.
    pub(super) fn delete_server_task(&mut self, object: &Object) -> Result<(), Refused> {
        for class in [Class::ClientJob, Class::ServerJob] {
            for job in object::of_class(self.sql, class)? {
                if let Says::Task(task) = &job.says
                    && uses(&task.nodes, object.guid)
                {
                    let user = json!({ "guid": job.guid.to_string(), "kind": class.name(), "name": job.name });
                    return Err(Refused::new(Code::InUse, "a job runs the task").with("users", json!([user])));
                }
            }
        }
        self.drop_object(object)
    }

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
