//! A client of the language server protocol, as an editor is one: frames, requests, what the server says by itself.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::world::LIMIT;

/// A server as a process, and what it has said so far.
pub struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    messages: mpsc::Receiver<Value>,
    next: i64,
    /// What it answers `workspace/configuration` with, by section.
    pub settings: Value,
    /// The last findings of each file, by URI.
    pub findings: BTreeMap<String, Value>,
    /// How often findings were published, by URI.
    pub published: BTreeMap<String, usize>,
    /// What the server asked of its client.
    pub asked: Vec<Value>,
}

impl Client {
    pub fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            while let Some(message) = read(&mut stdout) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Self {
            child,
            stdin,
            messages,
            next: 0,
            settings: json!({}),
            findings: BTreeMap::new(),
            published: BTreeMap::new(),
            asked: Vec::new(),
        }
    }

    /// Sends bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("the stream is open");
        // A server that has ended takes nothing more; its exit code is what a test looks at then.
        let _ = stdin.write_all(bytes).and_then(|()| stdin.flush());
    }

    pub fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request and goes on; its number.
    pub fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// The answer to a request: `Ok` its result, `Err` its error.
    #[track_caller]
    pub fn answer(&mut self, id: i64) -> Result<Value, Value> {
        let found = self.until(&format!("the answer to {id}"), |message| {
            message.get("method").is_none() && message["id"] == json!(id)
        });
        match found.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(found["result"].clone()),
        }
    }

    /// A request that the server is to take.
    #[track_caller]
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params);
        self.answer(id).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// A request that it is to refuse; the error.
    #[track_caller]
    pub fn refused(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params);
        match self.answer(id) {
            Ok(result) => panic!("{method} was taken: {result}"),
            Err(error) => error,
        }
    }

    /// Takes messages until one is as wanted.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        let end = Instant::now() + LIMIT;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.messages.recv_timeout(left) {
                Ok(message) => {
                    self.note(&message);
                    if wanted(&message) {
                        return message;
                    }
                }
                Err(error) => panic!("{what}: {error}"),
            }
        }
    }

    fn note(&mut self, message: &Value) {
        match (message["method"].as_str(), message.get("id")) {
            (Some("textDocument/publishDiagnostics"), _) => {
                let uri = message["params"]["uri"].as_str().unwrap().to_owned();
                *self.published.entry(uri.clone()).or_default() += 1;
                self.findings.insert(uri, message["params"]["diagnostics"].clone());
            }
            (Some(method), Some(id)) => {
                self.asked.push(message.clone());
                let result = if method == "workspace/configuration" {
                    let items = message["params"]["items"].as_array().unwrap();
                    let of = |item: &Value| match &self.settings[item["section"].as_str().unwrap_or_default()] {
                        Value::Null => json!({}),
                        settings => settings.clone(),
                    };
                    items.iter().map(of).collect()
                } else {
                    Value::Null
                };
                self.send(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
            }
            _ => {}
        }
    }

    pub fn open(&mut self, uri: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": "yaml", "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({"textDocument": document}));
    }

    pub fn close(&mut self, uri: &str) {
        self.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    }

    /// The whole text anew.
    pub fn change(&mut self, uri: &str, version: i64, text: &str) {
        let document = json!({"uri": uri, "version": version});
        let params = json!({"textDocument": document, "contentChanges": [{"text": text}]});
        self.notify("textDocument/didChange", params);
    }

    /// The findings of a file, as soon as they are published after what was sent before.
    #[track_caller]
    pub fn findings_of(&mut self, uri: &str) -> Vec<Value> {
        self.until(&format!("findings of {uri}"), |message| {
            message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri
        });
        self.findings[uri].as_array().unwrap().clone()
    }

    /// The findings of a file once they are as wanted.
    #[track_caller]
    pub fn findings_until(&mut self, uri: &str, mut wanted: impl FnMut(&[Value]) -> bool) -> Vec<Value> {
        let mut are_so = |list: &Value| list.as_array().is_some_and(|list| wanted(list));
        self.until(&format!("wanted findings of {uri}"), |message| {
            let params = &message["params"];
            message["method"] == "textDocument/publishDiagnostics"
                && params["uri"] == uri
                && are_so(&params["diagnostics"])
        });
        self.findings[uri].as_array().unwrap().clone()
    }

    #[track_caller]
    pub fn at(&mut self, method: &str, uri: &str, (line, character): (usize, usize)) -> Value {
        let position = json!({"line": line, "character": character});
        self.request(method, json!({"textDocument": {"uri": uri}, "position": position}))
    }

    /// Says good-bye as the protocol has it.
    #[track_caller]
    pub fn end(mut self) -> ExitStatus {
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        self.wait()
    }

    /// Closes the stream without a word.
    #[track_caller]
    pub fn hang_up(mut self) -> ExitStatus {
        self.stdin = None;
        self.wait()
    }

    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let mut ended = None;
        crate::world::until("the server ends", || {
            ended = self.child.try_wait().expect("its state can be asked");
            ended.is_some()
        });
        ended.expect("the line above waited for it")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(stream: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).expect("a server sends JSON"))
}

/// The URI of a path.
pub fn uri(path: &Path) -> String {
    url::Url::from_file_path(path).expect("an absolute path").to_string()
}

/// Line and character of the first `‸` in a text, counted in UTF-16 units, and the text without it.
#[track_caller]
pub fn cursor(text: &str) -> (String, (usize, usize)) {
    let at = text.find('‸').expect("a cursor");
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let place = (before.matches('\n').count(), before[line_start..].encode_utf16().count());
    (text.replacen('‸', "", 1), place)
}
