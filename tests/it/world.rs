//! A project in a directory of its own, the program as people run it, and a server as a process: what the black-box
//! tests need, and no knowledge of how the program is built.

use std::ffi::OsStr;
use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

/// How long anything may take before the test says that it hangs.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Waits until something holds, and fails when it does not come about.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < LIMIT, "{what}: not within {LIMIT:?}");
        thread::sleep(Duration::from_millis(2)); // Between two looks; the condition decides.
    }
}

/// The program with a clean environment.
pub fn consign() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_consign"));
    clean(&mut command);
    command
}

/// Leaves a command nothing of this process's environment but where programs are.
pub fn clean(command: &mut Command) {
    command.env_clear().stdin(Stdio::null());
    for name in ["PATH", "HOME"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
}

/// A directory below `examples/`.
pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// How a command ended and what it said.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    /// Both streams as they were, one after the other.
    pub raw: Vec<u8>,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        let raw = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr), raw }
    }

    /// Fails unless it ended with this code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Fails unless one of the streams has this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let both = format!("{}{}", self.out, self.err);
        assert!(both.contains(text), "no `{text}` in\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Fails unless standard error has exactly one message.
    #[track_caller]
    pub fn one_message(self) -> Self {
        let n = self.err.lines().filter(|line| line.starts_with("error")).count();
        assert_eq!(n, 1, "--- stderr\n{}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in\n{}\n{}", self.out, self.err))
    }
}

/// A project in a temporary directory.
pub struct Project {
    pub root: PathBuf,
    _directory: TempDir,
}

impl Project {
    /// A copy of `examples/NAME`, for this server.
    pub fn of_example(name: &str, server: &Server) -> Self {
        let project = Self::copy(&example(name));
        project.point_to(server);
        project
    }

    /// A copy of a directory.
    pub fn copy(from: &Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap().join("project");
        copy_tree(from, &root);
        Self { root, _directory: directory }
    }

    /// A project that declares what these manifests say; `more` are further lines of its server.
    pub fn of(server: &Server, more: &str, manifests: &[(&str, &str)]) -> Self {
        Self::at(&server.url, &server.token, more, manifests)
    }

    /// The same, for whatever is at this address.
    pub fn at(url: &str, token: &str, more: &str, manifests: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap().join("project");
        fs::create_dir_all(root.join("delivery")).unwrap();
        let project = Self { root, _directory: directory };
        project.write(
            "consign.yaml",
            &format!(
                "apiVersion: consign/v1\nkind: Project\nmanifests: [delivery]\nservers:\n  lab:\n    \
                 url: {url}\n    tokenFrom: {{file: token}}\n    folders: [Software Delivery]\n{more}"
            ),
        );
        project.write("token", token);
        for (path, text) in manifests {
            project.write(&format!("delivery/{path}"), text);
        }
        project
    }

    /// Another server's address and token, in place of those in the file.
    pub fn point_to(&self, server: &Server) {
        self.edit("consign.yaml", |text| {
            let text = text.replace("http://127.0.0.1:7450", &server.url);
            text.replace("tokenFrom: {env: CONSIGN_TOKEN}", "tokenFrom: {file: token}")
        });
        self.write("token", &server.token);
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// Changes a file; it must be another one afterwards.
    #[track_caller]
    pub fn edit(&self, name: &str, change: impl FnOnce(String) -> String) {
        let before = self.read(name);
        let after = change(before.clone());
        assert_ne!(before, after, "the edit of {name} changes nothing");
        self.write(name, &after);
    }

    /// Changes a file, or not.
    pub fn edit_if(&self, name: &str, change: impl FnOnce(String) -> String) {
        self.write(name, &change(self.read(name)));
    }

    /// Replaces a text in a file; it must be there.
    #[track_caller]
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        self.edit(name, |text| text.replace(from, to));
    }

    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = consign();
        command.current_dir(&self.root).args(arguments);
        command
    }

    /// Runs a command in the project, with a limit on time.
    #[track_caller]
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Ran {
        run(self.command(arguments))
    }

    /// Applies, and expects that all goes well.
    #[track_caller]
    pub fn apply(&self) -> Ran {
        self.run(&["apply", "--auto-approve"]).exits(0)
    }

    /// Fails unless there is nothing to do.
    #[track_caller]
    pub fn is_settled(&self) {
        self.run(&["plan", "--detailed-exitcode"]).exits(0).says("Plan: 0 to add, 0 to change, 0 to replace");
    }

    /// How many lines of this type there are in journals other than these.
    pub fn n_entries(&self, earlier: &[PathBuf], kind: &str) -> usize {
        let mark = format!("\"type\":\"{kind}\"");
        let journals = self.journals().into_iter().filter(|path| !earlier.contains(path));
        let texts = journals.filter_map(|path| fs::read_to_string(path).ok());
        texts.map(|text| text.lines().filter(|line| line.contains(&mark)).count()).sum()
    }

    /// Journals left behind.
    pub fn journals(&self) -> Vec<PathBuf> {
        match fs::read_dir(self.path(".consign/journal")) {
            Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
            Err(_) => Vec::new(),
        }
    }
}

/// Runs a command to its end; one that does not end is killed, and fails the test.
#[track_caller]
pub fn run(mut command: Command) -> Ran {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        out.read_to_end(&mut bytes).map(|_| bytes)
    });
    let errors = thread::spawn(move || {
        let mut bytes = Vec::new();
        err.read_to_end(&mut bytes).map(|_| bytes)
    });
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > LIMIT * 3 {
            child.kill().unwrap();
            panic!("{command:?} does not end");
        }
        thread::sleep(Duration::from_millis(2)); // Between two looks; its end decides.
    };
    let (stdout, stderr) = (reader.join().unwrap().unwrap(), errors.join().unwrap().unwrap());
    Ran::of(Output { status, stdout, stderr })
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_tree(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// `consign serve`, as a process; it ends with this value.
pub struct Server {
    pub url: String,
    pub token: String,
    pub directory: TempDir,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that is gone already is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer of a server.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, String::from_utf8_lossy(&self.body)))
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }
}

impl Server {
    /// A new, empty one.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With these faults.
    pub fn with_faults(rules: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("faults.yaml");
        fs::write(&path, rules).unwrap();
        Self::spawn(directory, &["--faults".into(), path.into_os_string()])
    }

    /// With more arguments and a larger environment.
    pub fn with_environment(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let arguments: Vec<_> = arguments.iter().map(Into::into).collect();
        Self::listen_in(tempfile::tempdir().unwrap(), "127.0.0.1:0", &arguments, environment)
    }

    /// With more arguments.
    pub fn with(arguments: &[&str]) -> Self {
        let arguments: Vec<_> = arguments.iter().map(Into::into).collect();
        Self::spawn(tempfile::tempdir().unwrap(), &arguments)
    }

    /// Ends it by force, and starts it again with the same data, at another port.
    pub fn restart(self) -> Self {
        let directory = self.end();
        Self::spawn(directory, &[])
    }

    /// The same, with faults.
    pub fn restart_with_faults(self, rules: &str) -> Self {
        let directory = self.end();
        let path = directory.path().join("faults.yaml");
        fs::write(&path, rules).unwrap();
        Self::spawn(directory, &["--faults".into(), path.into_os_string()])
    }

    /// Ends it by force, puts files back as they were, and starts it at the same address.
    pub fn put_back(self, files: &[(PathBuf, Vec<u8>)]) -> Self {
        let address = self.address().to_owned();
        let directory = self.end();
        for ending in ["consign.db-wal", "consign.db-shm"] {
            drop(fs::remove_file(directory.path().join("data").join(ending)));
        }
        for (path, bytes) in files {
            fs::write(path, bytes).unwrap();
        }
        Self::listen(directory, &address, &[])
    }

    /// Ends it by force; what it stored stays.
    fn end(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.directory, tempfile::tempdir().unwrap())
    }

    pub fn spawn(directory: TempDir, arguments: &[std::ffi::OsString]) -> Self {
        Self::listen(directory, "127.0.0.1:0", arguments)
    }

    /// A new, empty one at the address of one that has ended.
    pub fn in_place_of(other: Self) -> Self {
        let address = other.address().to_owned();
        drop(other);
        Self::listen(tempfile::tempdir().unwrap(), &address, &[])
    }

    fn listen(directory: TempDir, address: &str, arguments: &[std::ffi::OsString]) -> Self {
        Self::listen_in(directory, address, arguments, &[])
    }

    fn listen_in(
        directory: TempDir,
        address: &str,
        arguments: &[std::ffi::OsString],
        environment: &[(&str, &str)],
    ) -> Self {
        let data = directory.path().join("data");
        let mut child = consign()
            .args(["serve", "--listen", address, "--data"])
            .arg(&data)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("it says `{line}`")).to_owned();
        let token = fs::read_to_string(data.join("admin.token")).unwrap().trim().to_owned();
        Self { url, token, directory, child }
    }

    fn address(&self) -> &str {
        self.url.split_once("//").unwrap().1.trim_end_matches('/')
    }

    /// Sends one request as the administrator.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let body = body.map(|body| serde_json::to_vec(body).unwrap()).unwrap_or_default();
        self.ask_with(method, path, "application/json", headers, &body)
    }

    /// The same, with a text of some type.
    pub fn send(&self, method: &str, path: &str, kind: &str, text: &str) -> Answer {
        self.ask_with(method, path, kind, &[], text.as_bytes())
    }

    /// Loads what is known of computers.
    pub fn load(&self, lines: &[Value]) {
        let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.send("POST", "/v1/fleet", "application/x-ndjson", &body).is(200);
    }

    fn ask_with(&self, method: &str, path: &str, kind: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n",
            self.address(),
            body.len()
        );
        // The administrator, unless a header names somebody else.
        if headers.iter().all(|(name, _)| *name != "Authorization") {
            head.push_str(&format!("Authorization: Bearer {}\r\n", self.token));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
        let headers = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let status = headers.split(' ').nth(1).unwrap().parse().unwrap();
        let body = bytes[end + 4..].to_vec();
        let is_chunked = headers.contains("transfer-encoding: chunked");
        Answer { status, body: if is_chunked { joined(&body) } else { body } }
    }

    pub fn get(&self, path: &str) -> Value {
        self.ask("GET", path, &[], None).is(200).json()
    }

    /// Makes an item, and gives it.
    #[track_caller]
    pub fn create(&self, body: &Value) -> Value {
        self.ask("POST", "/v1/items", &[("If-None-Match", "*")], Some(body)).is(201).json()
    }

    /// Changes an item's state as somebody at the console would, and gives it.
    #[track_caller]
    pub fn change(&self, item: &Value, change: impl FnOnce(&mut Value)) -> Value {
        let mut body = json!({ "name": item["name"], "folder": item["folder"], "attributes": item["attributes"],
            "spec": item["spec"] });
        change(&mut body);
        let path = format!("/v1/items/{}", item["guid"].as_str().unwrap());
        let revision = format!("\"{}\"", item["revision"].as_str().unwrap());
        self.ask("PUT", &path, &[("If-Match", &revision)], Some(&body)).is(200).json()
    }

    #[track_caller]
    pub fn delete(&self, item: &Value) {
        let path = format!("/v1/items/{}", item["guid"].as_str().unwrap());
        let revision = format!("\"{}\"", item["revision"].as_str().unwrap());
        self.ask("DELETE", &path, &[("If-Match", &revision)], None).is(204);
    }

    /// Every item, as the state has it.
    pub fn items(&self) -> Vec<Value> {
        let body = self.ask("GET", "/v1/state", &[], None).is(200).body;
        let lines: Vec<Value> =
            String::from_utf8(body).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.last().unwrap()["type"], "end");
        lines.into_iter().filter(|line| line["type"] == "item").collect()
    }

    /// The only item of this kind and name.
    #[track_caller]
    pub fn item(&self, kind: &str, name: &str) -> Value {
        let mut found: Vec<Value> =
            self.items().into_iter().filter(|item| item["kind"] == kind && item["name"] == name).collect();
        assert_eq!(found.len(), 1, "{kind} {name}: {found:?}");
        found.remove(0)
    }

    /// How many items of this kind and name there are.
    pub fn n(&self, kind: &str, name: &str) -> usize {
        self.items().iter().filter(|item| item["kind"] == kind && item["name"] == name).count()
    }

    /// The folder's GUID, made when it is not there.
    pub fn folder(&self, name: &str) -> Value {
        match self.items().into_iter().find(|item| item["kind"] == "Folder" && item["name"] == name) {
            Some(item) => item["guid"].clone(),
            None => self.create(&json!({ "kind": "Folder", "name": name, "spec": {} }))["guid"].clone(),
        }
    }

    /// Every audit row.
    pub fn audit(&self) -> Vec<Value> {
        let mut out: Vec<Value> = Vec::new();
        let mut after = 0;
        loop {
            let page = self.get(&format!("/v1/audit?after={after}&limit=500"));
            out.extend(page["entries"].as_array().unwrap().iter().cloned());
            match &page["next"] {
                Value::Null => return out,
                next => after = next.as_u64().or_else(|| next.as_str()?.parse().ok()).unwrap(),
            }
        }
    }

    /// The audit rows of writes to items.
    pub fn writes(&self) -> Vec<Value> {
        let is_write = |row: &Value| !matches!(row["action"].as_str().unwrap(), "lease" | "token" | "purge");
        self.audit().into_iter().filter(is_write).collect()
    }

    /// Takes the lease for somebody else.
    pub fn take_lease(&self, ttl_seconds: u64) -> Value {
        let body = json!({ "holder": "another apply", "ttlSeconds": ttl_seconds });
        self.ask("POST", "/v1/leases", &[], Some(&body)).is(201).json()
    }
}

/// A chunked body's content.
fn joined(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n").expect("a chunk has a size");
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap().trim(), 16).unwrap();
        if size == 0 {
            return out;
        }
        out.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
}

/// Something at an address that answers as it is told: what stands in for servers that are none.
pub struct Fake {
    pub url: String,
    /// The first lines of the requests that came.
    pub requests: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// Answers each connection's first request with what `answer` gives for its first line; `None` never answers.
    pub fn start(answer: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self::of_whole(move |request| {
            let head = String::from_utf8_lossy(request);
            answer(head.lines().next().unwrap_or_default())
        })
    }

    /// The same, for the whole of the request: head and body.
    pub fn of_whole(answer: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || {
                    let Some(request) = read_request(&mut stream) else { return };
                    let head = String::from_utf8_lossy(&request);
                    let first = head.lines().next().unwrap_or_default().to_owned();
                    seen.lock().unwrap().push(first);
                    match answer(&request) {
                        // The other end may have had enough of it.
                        Some(bytes) => drop(stream.write_all(&bytes)),
                        None => drop(stream.read_to_end(&mut Vec::new())),
                    }
                });
            }
        });
        Self { url, requests }
    }

    /// Passes everything on to a server, a request a connection, and notes what was asked.
    pub fn before(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, to) = (Arc::clone(&requests), server.address().to_owned());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let (seen, to) = (Arc::clone(&seen), to.clone());
                thread::spawn(move || {
                    let Some(request) = read_request(&mut stream) else { return };
                    let end = request.windows(2).position(|two| two == b"\r\n").unwrap_or(request.len());
                    seen.lock().unwrap().push(String::from_utf8_lossy(&request[..end]).into_owned());
                    let mut behind = TcpStream::connect(to).unwrap();
                    // One request a connection, so that each is seen.
                    let mut passed = request[..end + 2].to_vec();
                    passed.extend_from_slice(b"Connection: close\r\n");
                    passed.extend_from_slice(&request[end + 2..]);
                    behind.write_all(&passed).unwrap();
                    let mut answer = Vec::new();
                    behind.read_to_end(&mut answer).unwrap();
                    drop(stream.write_all(&answer));
                });
            }
        });
        Self { url, requests }
    }

    pub fn seen(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// One request, head and body; `None` when the other end sent none.
fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    stream.set_read_timeout(Some(LIMIT)).ok()?;
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
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

/// An HTTP answer in full.
pub fn http(status: &str, kind: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Fails when bytes hold what a terminal would act on: escapes, control characters other than line ends, bidi marks.
#[track_caller]
pub fn assert_plain(ran: &Ran) {
    let text = std::str::from_utf8(&ran.raw).expect("it prints UTF-8");
    for character in text.chars() {
        let acts = character.is_control() && character != '\n'
            || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!acts, "U+{:04X} in\n{text:?}", u32::from(character));
    }
}
