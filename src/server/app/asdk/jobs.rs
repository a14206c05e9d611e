//! Jobs and tasks of the task server (altiris-asdk §4.14), over what computers of this server run.
//!
//! A delivery task runs one program; a job runs such tasks in a row ([`run`](super::run)). The rules of conditions are in no
//! document: they are kept and shown, and a job that has one is not run.

use serde_json::json;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::entry;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::folders;
use crate::server::app::asdk::no_such;
use crate::server::app::asdk::object;
use crate::server::app::asdk::object::Condition;
use crate::server::app::asdk::object::Node;
use crate::server::app::asdk::object::Object;
use crate::server::app::asdk::object::Runs;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::object::ServerTask;
use crate::server::app::asdk::program;
use crate::server::app::asdk::wrong_type;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::app::writer::Writer;
use crate::server::store::Connection;

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
}
