//! `kill -9` at every writing call of an apply over the ASDK, and the same command again: exactly the desired state,
//! nothing twice, and at no moment a task that is switched on and not whole.
//!
//! Each call is met twice: before it has reached the server, and after the server has made it and nobody has heard of it.

use std::collections::BTreeMap;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Child;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;

use serde_json::Value;

use super::Api;
use super::World;
use crate::world::LIMIT;
use crate::world::until;

/// How messages that change nothing begin.
const READS: [&str; 6] = ["Get", "Run", "Export", "Item", "Find", "Is"];

/// Which writing call is met, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// It never reaches the server.
    Before(usize),
    /// It is made, and its answer is lost.
    After(usize),
}

/// How it is run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    NewPlan,
    SamePlan,
}

/// What stands between the program and the server, and kills the program when its time has come.
struct Between {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    writes: Mutex<Vec<String>>,
    at: Mutex<Option<At>>,
    child: Mutex<Option<Child>>,
}

impl Between {
    fn of(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let to = world.server.url.split_once("//").unwrap().1.to_owned();
        let shared = Arc::new(Shared::default());
        let passing = Arc::clone(&shared);
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, to) = (Arc::clone(&passing), to.clone());
                thread::spawn(move || pass(stream, &to, &shared));
            }
        });
        Self { url, shared }
    }

    fn writes(&self) -> Vec<String> {
        self.shared.writes.lock().unwrap().clone()
    }
}

/// Passes one request on, and its answer back.
fn pass(mut stream: TcpStream, to: &str, shared: &Shared) -> Option<()> {
    stream.set_read_timeout(Some(LIMIT)).ok()?;
    let request = whole(&mut stream)?;
    let head = String::from_utf8_lossy(&request).into_owned();
    let message = message(&head);
    let met = message.filter(|name| !READS.iter().any(|read| name.starts_with(read))).and_then(|name| {
        let mut writes = shared.writes.lock().unwrap();
        writes.push(name);
        let n = writes.len();
        let at = *shared.at.lock().unwrap();
        at.filter(|at| matches!(at, At::Before(m) | At::After(m) if *m == n))
    });
    if let Some(At::Before(_)) = met {
        die(shared);
        return None;
    }
    let mut behind = TcpStream::connect(to).ok()?;
    let end = request.windows(2).position(|two| two == b"\r\n")?;
    behind.write_all(&request[..end + 2]).ok()?;
    // One request a connection, so that each is seen.
    behind.write_all(b"Connection: close\r\n").ok()?;
    behind.write_all(&request[end + 2..]).ok()?;
    let mut answer = Vec::new();
    behind.read_to_end(&mut answer).ok()?;
    if met.is_some() {
        die(shared);
        return None;
    }
    stream.write_all(&answer).ok()
}

/// Kills the program before it can do anything else.
fn die(shared: &Shared) {
    let mut child = None;
    until("the program is known", || {
        child = shared.child.lock().unwrap().take();
        child.is_some()
    });
    let mut child = child.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
}

fn whole(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut piece = [0; 8192];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap_or(0));
            if bytes.len() >= end + 4 + length {
                return Some(bytes);
            }
        }
        match stream.read(&mut piece) {
            Ok(n) if n > 0 => bytes.extend_from_slice(&piece[..n]),
            _ => return None,
        }
    }
}

/// The message that a request calls, by its action.
fn message(head: &str) -> Option<String> {
    let line = head
        .lines()
        .take_while(|line| !line.is_empty())
        .find(|line| line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case("soapaction")))?;
    line.trim().trim_end_matches('"').rsplit('/').next().map(str::to_owned)
}

/// A world whose project goes through what stands between.
fn ready(change: Option<fn(&World)>) -> (World, Between) {
    let world = World::new(Api::Altiris);
    if let Some(change) = change {
        world.settle();
        change(&world);
    }
    let between = Between::of(&world);
    world.project.edit("consign.yaml", |text| text.replace(&world.server.url, &between.url));
    (world, between)
}

/// A state in which GUIDs have become names, and what changes with each run is gone.
fn state(world: &World) -> Vec<Value> {
    let mut items = world.items();
    let names: BTreeMap<String, String> = items
        .iter()
        .map(|item| (item["guid"].as_str().unwrap().to_owned(), format!("{}/{}", item["kind"], item["name"])))
        .collect();
    for item in &mut items {
        let map = item.as_object_mut().unwrap();
        for volatile in ["revision", "createdAt", "modifiedAt"] {
            map.remove(volatile);
        }
        named(item, &names);
    }
    items.sort_by_key(ToString::to_string);
    items
}

fn named(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = names.get(text.as_str()) {
                text.clone_from(name);
            }
        }
        Value::Array(list) => {
            list.iter_mut().for_each(|value| named(value, names));
            // Collections of a task have no order.
            list.sort_by_key(ToString::to_string);
        }
        Value::Object(map) => map.values_mut().for_each(|value| named(value, names)),
        _ => {}
    }
}

/// Whoever looks now finds no task switched on that is neither as it was nor as it is to be.
fn nothing_half_made_is_on(world: &World, whole: &[Vec<Value>], point: &str) {
    let on = |item: &&Value| item["kind"] == "Task" && item["spec"]["enabled"] == true;
    for task in state(world).iter().filter(on) {
        assert!(whole.iter().any(|state| state.contains(task)), "{point}: switched on and half made: {task:#}");
    }
}

struct Case {
    change: Option<fn(&World)>,
    before: Vec<Value>,
    after: Vec<Value>,
    calls: Vec<String>,
}

impl Case {
    /// What an undisturbed apply does.
    fn new(change: Option<fn(&World)>) -> Self {
        let (world, between) = ready(change);
        let before = state(&world);
        world.settle();
        Self { change, before, after: state(&world), calls: between.writes() }
    }

    fn dies_and_converges(&self, at: At, again: Again) {
        let n = match at {
            At::Before(n) | At::After(n) => n,
        };
        let point = format!("{at:?} ({}), {again:?}", self.calls[n - 1]);
        let (world, between) = ready(self.change);
        let plan = (again == Again::SamePlan).then(|| {
            world.project.run(&["plan", "--out", "the.plan"]).exits(0);
            "the.plan"
        });
        *between.shared.at.lock().unwrap() = Some(at);
        let what = plan.unwrap_or("--auto-approve");
        let mut command = world.project.command(&["apply", what, "--parallelism", "1"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        *between.shared.child.lock().unwrap() = Some(child);
        until(&point, || between.writes().len() >= n && between.shared.child.lock().unwrap().is_none());
        *between.shared.at.lock().unwrap() = None;
        nothing_half_made_is_on(&world, &[self.before.clone(), self.after.clone()], &point);
        let left = world.items();
        let mut ran = world.project.run(&["apply", what, "--parallelism", "1"]);
        if again == Again::SamePlan && ran.code == Some(4) {
            // Beside a task that is being replaced stands its half-made successor: what the computers would do by the rest of
            // the plan can be told no more, so it is refused, and nothing of it is written. A new plan goes on.
            assert_eq!(world.items(), left, "{point}: refused, and written all the same");
            ran = world.project.run(&["apply", "--auto-approve", "--parallelism", "1"]);
        }
        assert_eq!(ran.code, Some(0), "{point}\n{}\n{}", ran.out, ran.err);
        world.project.is_settled();
        let found = state(&world);
        let odd: Vec<&Value> = found
            .iter()
            .filter(|item| !self.after.contains(item))
            .chain(self.after.iter().filter(|item| !found.contains(item)))
            .collect();
        assert!(odd.is_empty() && found.len() == self.after.len(), "{point}: {odd:#?}");
    }

    /// Goes through every call, two at a time.
    fn through_all(&self) {
        assert!(self.calls.len() > 5, "it writes: {:?}", self.calls);
        let mut points = Vec::new();
        for n in 1..=self.calls.len() {
            let (first, second) =
                if n % 2 == 0 { (Again::NewPlan, Again::SamePlan) } else { (Again::SamePlan, Again::NewPlan) };
            points.extend([(At::Before(n), first), (At::After(n), second)]);
        }
        let points = Mutex::new(points.into_iter());
        thread::scope(|scope| {
            let workers: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        loop {
                            let Some((at, again)) = points.lock().unwrap().next() else { return };
                            self.dies_and_converges(at, again);
                        }
                    })
                })
                .collect();
            for worker in workers {
                worker.join().unwrap();
            }
        });
    }
}

#[test]
fn kill_9_at_each_call_of_a_new_site_and_again_ends_in_exactly_the_desired_state() {
    Case::new(None).through_all();
}

#[test]
fn kill_9_at_each_call_of_a_change_and_again_ends_in_exactly_the_desired_state() {
    Case::new(Some(change)).through_all();
}

/// An edited program and task, a task with another priority, a renamed collection, and a package that goes with its task.
fn change(world: &World) {
    let project = &world.project;
    project.replace("consign.yaml", "prune: false", "prune: true");
    project.replace("delivery/packages.yaml", "maxRunTime: 30m", "maxRunTime: 25m");
    project.replace("delivery/tasks.yaml", "priority: high", "priority: low");
    project.replace("delivery/tasks.yaml", "deferUpTo: 5h", "deferUpTo: 1h");
    project.edit("delivery/collections.yaml", |text| {
        text.replace("{name: Kiosks, ", "{name: Hall, aliases: [Kiosks], ").replace("[Kiosks]\n", "[Hall]\n")
    });
    project.edit("delivery/tasks.yaml", |text| {
        let parts: Vec<&str> = text.split("---\n").filter(|part| !part.contains("Set wallpaper")).collect();
        parts.join("---\n").replace("[Kiosks]", "[Hall]")
    });
    project.edit("delivery/packages.yaml", |text| {
        let at = text.rfind("---").unwrap();
        text[..at].to_owned()
    });
}
