//! `consign lsp` as an editor knows it: the program itself, over its streams.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use super::client::Client;
use super::client::cursor;
use super::client::uri;
use crate::world::consign;
use crate::world::example;
use crate::world::run;

const PROJECT: &str = "apiVersion: consign/v1\nkind: Project\nmanifests: [delivery]\nservers:\n  lab:\n    \
    api: native\n    url: http://127.0.0.1:1\n    folders: [Software Delivery]\n    variables: {share: files}\n    \
    overlays: [overlays/lab]\nexternals:\n  Collection: [All Computers]\nsecrets:\n  svc: {env: SVC_PW}\n";

const PACKAGE: &str = "apiVersion: consign/v1\nkind: Package\nmetadata: {name: 7-Zip, folder: Software Delivery/Apps}\n\
    spec:\n  source: {unc: '\\\\${{ share }}\\7zip'}\n  programs:\n    - name: Install\n      \
    commandLine: msiexec /i 7z.msi /qn /norestart\n    - name: Remove\n      commandLine: msiexec /x 7z.msi /qn /norestart\n";

const TASK: &str = "# A task.\napiVersion: consign/v1\nkind: Task\nmetadata: {name: Install 7-Zip}\nspec:\n  \
    package: 7-Zip\n  program: Install\n  collections: [Pilot, All Computers]\n  removeAfterSuccess: true\n";

const COLLECTIONS: &str = "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: Pilot}\nspec: {members: [PC-1]}\n\
    ---\napiVersion: consign/v1\nkind: Collection\nmetadata:\n  name: \"Büro 🖥\"  # An emoji takes two units.\nspec:\n  \
    include: [Pilot]\n  limitedTo: All Computers\n";

const OVERLAY: &str = "apiVersion: consign/v1\nkind: Package\nmetadata: {name: 7-Zip}\nspec:\n  programs:\n    \
    - name: Install\n      maxRunTime: 2h\n";

/// A project in a directory of its own, and an editor that has it open.
struct Editor {
    root: PathBuf,
    client: Client,
    _directory: TempDir,
}

impl Editor {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(more: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let all = [
            ("consign.yaml", PROJECT),
            ("delivery/package.yaml", PACKAGE),
            ("delivery/task.yaml", TASK),
            ("delivery/collections.yaml", COLLECTIONS),
            ("overlays/lab/package.yaml", OVERLAY),
        ];
        for (path, text) in all.iter().chain(more) {
            write(&root.join(path), text);
        }
        let client = started(&[&root], json!({}));
        Self { root, client, _directory: directory }
    }

    fn uri(&self, path: &str) -> String {
        uri(&self.root.join(path))
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    /// Opens a file as it is on disk; its findings.
    #[track_caller]
    fn open(&mut self, path: &str) -> Vec<Value> {
        let text = self.read(path);
        self.open_as(path, &text)
    }

    #[track_caller]
    fn open_as(&mut self, path: &str, text: &str) -> Vec<Value> {
        let uri = self.uri(path);
        self.client.open(&uri, text);
        self.client.findings_of(&uri)
    }

    /// Another text, not written; the findings once they are as wanted.
    #[track_caller]
    fn change(&mut self, path: &str, text: &str, wanted: impl FnMut(&[Value]) -> bool) -> Vec<Value> {
        let uri = self.uri(path);
        self.client.change(&uri, 2, text);
        self.client.findings_until(&uri, wanted)
    }

    /// What is asked of the place that is marked in a file's text.
    #[track_caller]
    fn at(&mut self, method: &str, path: &str, marked: &str) -> Value {
        let (_, place) = self.place(path, marked);
        let uri = self.uri(path);
        self.client.at(method, &uri, place)
    }

    /// Where `‸` stands in the words of a file.
    #[track_caller]
    fn place(&self, path: &str, marked: &str) -> (String, (usize, usize)) {
        let text = self.read(path);
        let words = marked.replace('‸', "");
        assert_eq!(text.matches(&words).count(), 1, "{words} in {text}");
        cursor(&text.replace(&words, marked))
    }

    /// Makes an edit as an editor would, in files.
    fn apply(&self, edit: &Value) {
        for (uri, edits) in edits_of(edit) {
            let path = url::Url::parse(&uri).unwrap().to_file_path().unwrap();
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, applied(&text, &edits)).unwrap();
        }
    }

    fn validates(&self) {
        run_in(&self.root, &["validate"]);
    }
}

#[track_caller]
fn run_in(root: &Path, arguments: &[&str]) {
    let mut command = consign();
    command.current_dir(root).args(arguments);
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A server that was told of folders, and whatever else the client can.
fn started(folders: &[&Path], general: Value) -> Client {
    let mut command = consign();
    let mut client = Client::start(command.args(["lsp", "--stdio"]));
    let folders: Vec<Value> = folders.iter().map(|path| json!({"uri": uri(path), "name": "folder"})).collect();
    let capabilities = json!({
        "general": general,
        "workspace": {
            "workspaceEdit": {"documentChanges": true},
            "didChangeWatchedFiles": {"dynamicRegistration": true},
        },
    });
    let result = client.request(
        "initialize",
        json!({"processId": null, "rootUri": null, "capabilities": capabilities, "workspaceFolders": folders}),
    );
    assert_eq!(result["serverInfo"]["name"], "consign");
    client.notify("initialized", json!({}));
    client
}

/// The edits of each file.
fn edits_of(edit: &Value) -> BTreeMap<String, Vec<Value>> {
    let files = edit["documentChanges"].as_array().unwrap();
    let one = |file: &Value| {
        (file["textDocument"]["uri"].as_str().unwrap().to_owned(), file["edits"].as_array().unwrap().clone())
    };
    files.iter().map(one).collect()
}

/// A text with edits, by the protocol's own counting.
fn applied(text: &str, edits: &[Value]) -> String {
    let offset = |position: &Value| {
        let (line, column) = (position["line"].as_u64().unwrap(), position["character"].as_u64().unwrap());
        let start = (0..line).fold(0, |at, _| at + text[at..].find('\n').unwrap() + 1);
        let mut units = 0;
        for (at, c) in text[start..].char_indices() {
            if units == column {
                return start + at;
            }
            units += c.len_utf16() as u64;
        }
        text.len()
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            (offset(&range["start"]), offset(&range["end"]), edit["newText"].as_str().unwrap())
        })
        .collect();
    edits.sort_unstable();
    assert!(edits.windows(2).all(|pair| pair[0].1 <= pair[1].0), "edits overlap: {edits:?}");
    let mut text = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        text.replace_range(start..end, new);
    }
    text
}

/// `line:character` of where a location begins, and the file's name.
fn begin(location: &Value) -> String {
    let start = &location["range"]["start"];
    let name = location["uri"].as_str().unwrap().rsplit('/').next().unwrap();
    format!("{name}:{}:{}", start["line"], start["character"])
}

fn codes(findings: &[Value]) -> Vec<&str> {
    findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

#[test]
fn a_conversation_begins_and_ends_as_the_protocol_has_it() {
    let mut command = consign();
    let mut early = Client::start(command.arg("lsp"));
    assert_eq!(early.refused("textDocument/hover", json!({}))["code"], -32002);
    early.notify("exit", Value::Null);
    assert_eq!(early.wait().code(), Some(1), "it was not asked to shut down");

    let editor = Editor::new();
    assert_eq!(editor.client.hang_up().code(), Some(1));

    let mut editor = Editor::new();
    assert_eq!(editor.client.refused("initialize", json!({"capabilities": {}}))["code"], -32600);
    assert_eq!(editor.client.refused("textDocument/nothing", json!({}))["code"], -32601);
    assert_eq!(editor.client.refused("textDocument/hover", json!({"position": 7}))["code"], -32602);
    editor.client.notify("$/somethingNew", json!([1]));
    editor.client.notify("textDocument/didChange", json!("nothing"));
    editor.client.request("shutdown", Value::Null);
    assert_eq!(editor.client.refused("textDocument/hover", json!({}))["code"], -32600);
    editor.client.notify("exit", Value::Null);
    assert_eq!(editor.client.wait().code(), Some(0));
    assert_eq!(Editor::new().client.end().code(), Some(0));
}

#[test]
fn what_is_no_message_is_told_and_passed_over() {
    let mut editor = Editor::new();
    for (bytes, n_answers) in [
        ("Content-Length: 5\r\n\r\n{\"a\":", 1),
        ("Content-Length: 1\r\n\r\n{\"jsonrpc\": \"2.0\"}", 1),
        ("Content-Length: none\r\n\r\n", 1),
        ("Content-Length: 999999999999\r\n\r\n", 1),
        ("Content-Length: 2\r\n\r\n[]", 1),
        ("Content-Length: 4\r\n\r\nnull", 1),
        ("Content-Length: 18\r\n\r\n{\"jsonrpc\": \"2.0\"}", 1),
        ("nonsense\r\nmore: nonsense\r\n\r\n", 0),
    ] {
        editor.client.raw(bytes.as_bytes());
        for _ in 0..n_answers {
            let answer = editor.client.until(bytes, |message| message.get("error").is_some());
            let code = answer["error"]["code"].as_i64().unwrap();
            assert!(answer["id"].is_null() && (code == -32700 || code == -32600), "{bytes}: {answer}");
        }
        // The conversation goes on.
        let symbols = editor.client.request("workspace/symbol", json!({"query": "pilot"}));
        assert_eq!(symbols[0]["name"], "Pilot", "{bytes}");
    }
    assert_eq!(editor.client.end().code(), Some(0));
}

#[test]
fn a_request_that_is_taken_back_is_answered_once() {
    let mut editor = Editor::new();
    let ids: Vec<i64> = (0..20).map(|_| editor.client.ask("workspace/symbol", json!({"query": ""}))).collect();
    for id in &ids {
        editor.client.notify("$/cancelRequest", json!({"id": id}));
    }
    editor.client.notify("$/cancelRequest", json!({"id": 12345}));
    let last = editor.client.ask("workspace/symbol", json!({"query": ""}));
    let mut answered = Vec::new();
    editor.client.until("the last answer", |message| {
        if message.get("method").is_some() {
            return false;
        }
        match message.get("error") {
            Some(error) => assert_eq!(error["code"], -32800),
            None => assert!(!message["result"].as_array().unwrap().is_empty()),
        }
        answered.push(message["id"].as_i64().unwrap());
        message["id"] == json!(last)
    });
    answered.sort_unstable();
    assert_eq!(answered, ids.iter().copied().chain([last]).collect::<Vec<i64>>());
    assert_eq!(editor.client.end().code(), Some(0));
}

#[test]
fn findings_follow_what_is_typed_over_all_files() {
    let mut editor = Editor::new();
    assert_eq!(editor.open("delivery/task.yaml"), Vec::<Value>::new());
    assert_eq!(editor.open("delivery/package.yaml"), Vec::<Value>::new());

    // A name that leads nowhere, behind an emoji: columns are counted in UTF-16.
    let wrong = TASK.replace("[Pilot, All Computers]", "['🖥🖥', Pilott]");
    let found = editor.change("delivery/task.yaml", &wrong, |found| found.len() == 2);
    assert_eq!(codes(&found), ["MAN-10", "MAN-10"]);
    assert_eq!(found[1]["range"]["start"], json!({"line": 7, "character": 24}));
    assert_eq!(found[1]["range"]["end"], json!({"line": 7, "character": 30}));
    assert_eq!(found[1]["severity"], 1);
    let message = found[1]["message"].as_str().unwrap();
    assert!(message.contains("`Pilott`") && message.contains("did you mean `Pilot`?"), "{message}");

    // What leads to the rule's page leads to its heading.
    let href = found[1]["codeDescription"]["href"].as_str().expect("a page");
    let (file, line) = href.split_once("#L").unwrap();
    let page = fs::read_to_string(url::Url::parse(file).unwrap().to_file_path().unwrap()).unwrap();
    assert_eq!(page.lines().nth(line.parse::<usize>().unwrap() - 1), Some("## MAN-10"));

    // Another file becomes wrong by what is typed in this one, and is right again.
    editor.change("delivery/task.yaml", TASK, <[Value]>::is_empty);
    editor.open("delivery/collections.yaml");
    let collections = editor.uri("delivery/collections.yaml");
    let renamed = COLLECTIONS.replace("{name: Pilot}", "{name: Piloten}").replace("[Pilot]", "[Piloten]");
    editor.client.change(&collections, 2, &renamed);
    let task = editor.uri("delivery/task.yaml");
    let found = editor.client.findings_until(&task, |found| !found.is_empty());
    assert_eq!(codes(&found), ["MAN-10"]);
    assert_eq!(editor.client.published[&editor.uri("delivery/package.yaml")], 1, "nothing new was told of it");
    editor.client.close(&collections); // What was not written is gone.
    editor.client.findings_until(&task, <[Value]>::is_empty);

    // A file that is only in the editor belongs to the project as well.
    let new =
        editor.open_as("delivery/new.yaml", &TASK.replace("Install 7-Zip", "Another").replace("Pilot,", "Nobody,"));
    assert_eq!(codes(&new), ["MAN-10"]);
    assert!(!editor.root.join("delivery/new.yaml").exists());
    // And so does the project file.
    editor.open("consign.yaml");
    let found = editor.change("consign.yaml", &PROJECT.replace("manifests", "manifest"), |found| !found.is_empty());
    assert!(codes(&found).contains(&"MAN-2"), "{found:?}");
    assert_eq!(editor.client.end().code(), Some(0));
}

#[test]
fn changes_of_parts_are_taken_in_their_order() {
    let mut editor = Editor::new();
    let text = "\u{feff}".to_owned() + &TASK.replace('\n', "\r\n").replace("A task.", "🖥🖥 Ä");
    editor.open_as("delivery/task.yaml", &text);
    let uri = editor.uri("delivery/task.yaml");
    let (_, (line, character)) = cursor(&text.replace("[Pilot,", "[‸Pilot,"));
    let edit = |line: usize, from: usize, to: usize, text: &str| {
        let at = |character: usize| json!({"line": line, "character": character});
        json!({"range": {"start": at(from), "end": at(to)}, "text": text})
    };
    // `Pilot` becomes `Pilots`; then the emoji of the first line goes, which moves nothing in the other.
    let changes = json!([edit(line, character + 5, character + 5, "s"), edit(0, 3, 7, "")]);
    editor.client.notify(
        "textDocument/didChange",
        json!({"textDocument": {"uri": uri, "version": 2}, "contentChanges": changes}),
    );
    let found = editor.client.findings_until(&uri, |found| !found.is_empty());
    assert_eq!(found[0]["range"]["start"], json!({"line": line, "character": character}));
    assert!(found[0]["message"].as_str().unwrap().contains("`Pilots`"));
    // Places that are not there do no harm.
    let changes =
        json!([edit(line, character + 5, character + 6, ""), edit(99, 7, 9, "# the end"), edit(3, 900, 2, "")]);
    editor.client.notify(
        "textDocument/didChange",
        json!({"textDocument": {"uri": uri, "version": 3}, "contentChanges": changes}),
    );
    let found = editor.client.findings_until(&uri, |found| codes(found) != ["MAN-10"]);
    assert!(!found.iter().any(|one| one["code"] == "MAN-10"), "{found:?}");
}

#[test]
fn names_lead_to_where_they_are_declared_and_used() {
    let mut editor = Editor::with(&[(
        "delivery/more.yaml",
        "apiVersion: consign/v1\nkind: Folder\nmetadata: {name: Apps, folder: Software Delivery}\nspec: {}\n---\n\
         apiVersion: consign/v1\nkind: SequentialTask\nmetadata: {name: All}\nspec:\n  collections: [\"Büro 🖥\"]\n  \
         steps:\n    - {package: '7-Zip', program: Install}\n    - {package: 7-Zip, program: Remove}\n",
    )]);
    for path in ["delivery/task.yaml", "delivery/package.yaml", "delivery/more.yaml", "consign.yaml"] {
        editor.open(path);
    }
    let mut defined = |path: &str, marked: &str| {
        let found = editor.at("textDocument/definition", path, marked);
        found.as_array().map(|all| all.iter().map(begin).collect::<Vec<_>>().join(" ")).unwrap_or_default()
    };
    assert_eq!(defined("delivery/task.yaml", "package: 7-‸Zip"), "package.yaml:2:17");
    assert_eq!(defined("delivery/task.yaml", "program: Install‸"), "package.yaml:6:12");
    assert_eq!(defined("delivery/task.yaml", "[‸Pilot,"), "collections.yaml:2:17");
    assert_eq!(defined("delivery/task.yaml", "All ‸Computers"), "consign.yaml:11:15");
    assert_eq!(defined("delivery/more.yaml", "Büro 🖥‸\""), "collections.yaml:8:8");
    assert_eq!(defined("delivery/package.yaml", "Delivery/‸Apps"), "more.yaml:2:17");
    assert_eq!(defined("delivery/package.yaml", "sha‸re"), "consign.yaml:8:16");
    assert_eq!(defined("delivery/task.yaml", "‸# A task."), "");
    let mut used = |path: &str, marked: &str, with_declaration: bool| {
        let (_, (line, character)) = editor.place(path, marked);
        let uri = editor.uri(path);
        let params = json!({"textDocument": {"uri": uri}, "position": {"line": line, "character": character},
            "context": {"includeDeclaration": with_declaration}});
        let found = editor.client.request("textDocument/references", params);
        found.as_array().unwrap().iter().map(begin).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        used("delivery/package.yaml", "name: 7-Zip‸", false),
        "more.yaml:11:16 more.yaml:12:16 task.yaml:5:11 package.yaml:2:17"
    );
    assert_eq!(
        used("delivery/package.yaml", "name: Insta‸ll", true),
        "more.yaml:11:34 package.yaml:6:12 task.yaml:6:11 package.yaml:5:12"
    );
    assert_eq!(used("delivery/task.yaml", "[Pi‸lot", false), "collections.yaml:10:12 task.yaml:7:16");

    let symbols = editor.at_symbols("delivery/package.yaml");
    assert_eq!(symbols[0]["name"], "7-Zip");
    let programs: Vec<&Value> = symbols[0]["children"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(programs, ["Install", "Remove"]);
    for (query, first) in [("büro", "Büro 🖥"), ("task/install", "Install 7-Zip"), ("rmv", "Remove")] {
        let found = editor.client.request("workspace/symbol", json!({"query": query}));
        assert_eq!(found[0]["name"], first, "{query}");
    }
    let none = editor.client.request("workspace/symbol", json!({"query": "nothing of the kind"}));
    assert_eq!(none, json!([]));
}

impl Editor {
    fn at_symbols(&mut self, path: &str) -> Value {
        let uri = self.uri(path);
        self.client.request("textDocument/documentSymbol", json!({"textDocument": {"uri": uri}}))
    }
}

#[test]
fn what_is_told_of_a_place_is_what_it_is_for() {
    let task = TASK.replace("spec:", "spec:\n  # consign: allow TSK-7 because one is always on\n  priority: high");
    let mut editor = Editor::with(&[("delivery/task.yaml", &task)]);
    editor.open("delivery/task.yaml");
    let mut told = |marked: &str| {
        let hover = editor.at("textDocument/hover", "delivery/task.yaml", marked);
        hover["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    let package = told("package: 7-‸Zip");
    for part in ["**package** `7-Zip`", "delivery/package.yaml:3", "task `Install 7-Zip`", "overlay of package `7-Zip`"]
    {
        assert!(package.contains(part), "{part} in {package}");
    }
    let external = told("All Comp‸uters");
    assert!(external.contains("Looked after by others") && external.contains("consign.yaml:12"), "{external}");
    let priority = told("prio‸rity");
    for part in
        ["**Task.priority**", "Its place in an agent's queue", "`veryHigh`", "Default: `\"normal\"`", "A change:"]
    {
        assert!(priority.contains(part), "{part} in {priority}");
    }
    assert!(told("TS‸K-7").starts_with("**TSK-7**"));
    assert_eq!(told("one is al‸ways"), "");
}

#[test]
fn another_name_is_written_everywhere_and_the_old_one_is_an_alias() {
    let crlf = "\u{feff}".to_owned() + &COLLECTIONS.replace('\n', "\r\n");
    let mut editor = Editor::with(&[
        ("delivery/collections.yaml", &crlf),
        (
            "delivery/more.yaml",
            "apiVersion: consign/v1\nkind: Folder\nmetadata: {name: Apps, folder: Software Delivery}\nspec: {}\n---\n\
             apiVersion: consign/v1\nkind: SequentialTask\nmetadata: {name: All}\nspec:\n  \
             collections:\n    - \"Büro 🖥\"   # the office\n  steps:\n    - {package: '7-Zip', program: Install}\n",
        ),
    ]);
    editor.validates();
    let mut rename = |path: &str, marked: &str, new: &str| {
        let (_, (line, character)) = editor.place(path, marked);
        let uri = editor.uri(path);
        let text = editor.read(path);
        editor.client.open(&uri, &text);
        let position = json!({"line": line, "character": character});
        let asked = json!({"textDocument": {"uri": uri}, "position": position});
        let prepared = editor.client.request("textDocument/prepareRename", asked);
        assert!(prepared["placeholder"].is_string(), "{prepared}");
        let params = json!({"textDocument": {"uri": uri}, "position": position, "newName": new});
        let edit = editor.client.request("textDocument/rename", params);
        editor.apply(&edit);
        editor.client.close(&uri);
        editor.client.notify("workspace/didChangeWatchedFiles", json!({"changes": []}));
        editor.validates();
        edits_of(&edit).into_keys().map(|uri| uri.rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        rename("delivery/task.yaml", "package: 7-‸Zip", "7-Zip: new"),
        "more.yaml package.yaml task.yaml package.yaml"
    );
    assert_eq!(
        rename("delivery/package.yaml", "name: Insta‸ll", "Install silently"),
        "more.yaml package.yaml task.yaml package.yaml"
    );
    assert_eq!(rename("delivery/collections.yaml", "name: Pi‸lot", "Piloten 🛩"), "collections.yaml task.yaml");
    assert_eq!(rename("delivery/collections.yaml", "Büro ‸🖥", "Büro"), "collections.yaml more.yaml");
    assert_eq!(rename("delivery/package.yaml", "Delivery/‸Apps", "Programme"), "more.yaml package.yaml");
    let package = editor.read("delivery/package.yaml");
    assert!(
        package.contains("metadata: {name: '7-Zip: new', folder: Software Delivery/Programme, aliases: [7-Zip]}"),
        "{package}"
    );
    assert!(package.contains("- name: Install silently\n      aliases: [Install]\n      commandLine"), "{package}");
    let collections = editor.read("delivery/collections.yaml");
    let head = "\u{feff}apiVersion: consign/v1\r\nkind: Collection\r\nmetadata: {name: ";
    assert!(collections.starts_with(head) && collections.contains(", aliases: [Pilot]}\r\n"), "{collections}");
    assert!(collections.contains("  name: Büro  # An emoji takes two units.\r\n  aliases: ["), "{collections}");
    assert!(!collections.replace("\r\n", "").contains('\n'), "line ends are as they were");
    assert!(editor.read("delivery/more.yaml").contains("    - Büro   # the office\n"), "a comment stays");
    assert!(editor.read("overlays/lab/package.yaml").contains("metadata: {name: '7-Zip: new'}\n"), "it needs no alias");

    // Back again: the name of today is no alias, the one in between is.
    assert_eq!(back(&mut editor, "delivery/package.yaml", "{name: '7-‸Zip: new'", "7-Zip"), "7-Zip");
    let package = editor.read("delivery/package.yaml");
    assert!(
        package.contains("{name: 7-Zip, folder: Software Delivery/Programme, aliases: ['7-Zip: new']"),
        "{package}"
    );
    editor.validates();
}

fn back(editor: &mut Editor, path: &str, marked: &str, new: &str) -> String {
    let (_, (line, character)) = editor.place(path, marked);
    let uri = editor.uri(path);
    let position = json!({"line": line, "character": character});
    let params = json!({"textDocument": {"uri": uri}, "position": position, "newName": new});
    let edit = editor.client.request("textDocument/rename", params);
    editor.apply(&edit);
    new.to_owned()
}

#[test]
fn tsk_3_a_program_that_an_overlay_names_alone_is_one_of_the_tasks_package() {
    let overlay = "apiVersion: consign/v1\nkind: Task\nmetadata: {name: Install 7-Zip}\n\
                   spec: {collections: [Pilot], program: Remove}\n";
    let mut editor = Editor::with(&[("overlays/lab/task.yaml", overlay)]);
    let path = "overlays/lab/task.yaml";
    editor.open(path);
    let found = editor.at("textDocument/definition", path, "program: Re‸move");
    assert!(begin(&found[0]).starts_with("package.yaml"), "{found}");
    let uri = editor.uri(path);
    let (_, (line, character)) = editor.place(path, "program: Re‸move");
    let position = json!({"line": line, "character": character});
    let asked = json!({"textDocument": {"uri": uri}, "position": position, "context": {"includeDeclaration": false}});
    let used = editor.client.request("textDocument/references", asked);
    assert_eq!(used.as_array().unwrap().len(), 1, "{used}");
    let offers = editor.at("textDocument/completion", path, "program: ‸Remove");
    let labels: Vec<&str> = offers.as_array().unwrap().iter().map(|one| one["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["Install", "Remove"]);
    for (from, to) in [("name: Rem‸ove", "Uninstall"), ("{name: 7-‸Zip", "Zip: 7")] {
        back(&mut editor, "delivery/package.yaml", from, to);
        editor.client.notify("workspace/didChangeWatchedFiles", json!({"changes": []}));
        editor.validates();
    }
    back(&mut editor, "delivery/task.yaml", "name: Install 7‸-Zip", "Other");
    editor.validates();
    let head = overlay.replace("Install 7-Zip", "Other");
    assert_eq!(editor.read(path), head.replace("Remove", "Uninstall"));
}

#[test]
fn tsk_3_a_program_beside_a_package_that_an_overlay_changes_is_not_renamed_alone() {
    let other = PACKAGE.replace("name: 7-Zip,", "name: Other,");
    let overlay = "apiVersion: consign/v1\nkind: Task\nmetadata: {name: Install 7-Zip}\nspec: {package: Other}\n";
    let mut editor = Editor::with(&[("delivery/other.yaml", &other), ("overlays/lab/task.yaml", overlay)]);
    editor.validates();
    for path in ["delivery/other.yaml", "delivery/package.yaml"] {
        editor.open(path);
        let (_, (line, character)) = editor.place(path, "name: Inst‸all");
        let position = json!({"line": line, "character": character});
        let params = json!({"textDocument": {"uri": editor.uri(path)}, "position": position, "newName": "X"});
        let error = editor.client.refused("textDocument/rename", params);
        assert!(error["message"].as_str().unwrap().contains("`delivery/task.yaml` names it and"), "{error}");
    }
    back(&mut editor, "delivery/other.yaml", "name: Rem‸ove", "X");
    editor.validates();
}

#[test]
fn what_a_new_name_leaves_has_the_form_of_fmt() {
    let more = "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: A, folder: Software Delivery/Apps}\nspec:\n  \
                members: []\n---\napiVersion: consign/v1\nkind: Collection\nmetadata:\n  name: B\n  folder: F\n  labels:\n    \
                a: b\nspec:\n  members: []\n";
    let mut editor = Editor::with(&[("delivery/more.yaml", more)]);
    run_in(&editor.root, &["fmt", "delivery/more.yaml"]);
    back(&mut editor, "delivery/more.yaml", "name: ‸A", "C");
    editor.client.notify("workspace/didChangeWatchedFiles", json!({"changes": []}));
    back(&mut editor, "delivery/more.yaml", "name: ‸B", "D");
    let text = editor.read("delivery/more.yaml");
    assert_eq!(text.matches("aliases: ").count(), 2, "{text}");
    run_in(&editor.root, &["fmt", "--check", "delivery/more.yaml"]);
}

#[test]
fn a_list_of_earlier_names_in_lines_stays_in_lines() {
    let listed = "apiVersion: consign/v1\nkind: Collection\nmetadata:\n  name: Pilot\n  aliases:\n    # The first ones.\n    \
                  - Testers   # until 2024\n    - Early\nspec: {members: [PC-1]}\n---\napiVersion: consign/v1\nkind: Collection\n\
                  metadata: {name: Büro}\nspec: {}\n";
    let mut editor = Editor::with(&[("delivery/collections.yaml", listed)]);
    back(&mut editor, "delivery/collections.yaml", "name: Pi‸lot", "Pilots");
    let text = editor.read("delivery/collections.yaml");
    assert!(text.contains("    # The first ones.\n    - Pilot\n    - Testers   # until 2024\n    - Early\n"), "{text}");
    editor.validates();
    editor.client.notify("workspace/didChangeWatchedFiles", json!({"changes": []}));
    back(&mut editor, "delivery/collections.yaml", "name: Pi‸lots", "Testers");
    let text = editor.read("delivery/collections.yaml");
    assert!(text.contains("    - Pilots\n    - Pilot\n    - Early\n"), "{text}");
    editor.validates();
}

#[test]
fn a_name_that_cannot_be_had_is_refused_with_a_reason() {
    let variable = "apiVersion: consign/v1\nkind: Collection\nmetadata: {name: files}\nspec: {}\n---\napiVersion: consign/v1\n\
                    kind: Collection\nmetadata: {name: Users, aliases: [Early]}\nspec: {include: ['${{ share }}']}\n";
    let mut editor = Editor::with(&[("delivery/variable.yaml", variable)]);
    editor.open("delivery/collections.yaml");
    editor.open("delivery/task.yaml");
    let mut refused = |path: &str, marked: &str, new: &str| {
        let (_, (line, character)) = editor.place(path, marked);
        let uri = editor.uri(path);
        let params =
            json!({"textDocument": {"uri": uri}, "position": {"line": line, "character": character}, "newName": new});
        let error = editor.client.refused("textDocument/rename", params);
        assert_eq!(error["code"], -32803, "{error}");
        error["message"].as_str().unwrap().to_owned()
    };
    for (new, why) in [
        ("", "is empty"),
        (" Pilot", "a space at an end (MAN-14)"),
        ("Pi\u{202e}lot", "invisible"),
        ("BÜRO 🖥", "there is a collection `Büro 🖥` already"),
        ("All Computers", "already"),
        ("Early", "collection `Users` was called so before"),
        (&"x".repeat(256), "255"),
        ("a ${{ b }}", "variable"),
    ] {
        let message = refused("delivery/collections.yaml", "name: Pi‸lot", new);
        assert!(message.contains(why), "{new}: {message}");
    }
    for new in ["Software Request : x", "a software request"] {
        assert!(refused("delivery/task.yaml", "name: Install‸ 7-Zip", new).contains("(TSK-1)"), "{new}");
    }
    assert!(refused("delivery/task.yaml", "All Com‸puters", "x").contains("what others look after"));
    let folder = refused("delivery/package.yaml", "Delivery/‸Apps", "x");
    assert!(folder.contains("folder `Software Delivery/Apps`") && folder.contains("kind Folder"), "{folder}");
    assert!(refused("delivery/variable.yaml", "{name: fi‸les}", "x").contains("with a variable"));
    assert!(refused("delivery/task.yaml", "# A ‸task", "x").contains("no name here"));
}

#[test]
fn names_of_the_project_are_offered_where_names_go() {
    let mut editor = Editor::new();
    editor.open("delivery/task.yaml");
    let uri = editor.uri("delivery/task.yaml");
    let mut version = 1;
    let mut offered = |text: &str| {
        let (text, place) = cursor(text);
        version += 1;
        editor.client.change(&uri, version, &text);
        let items = editor.client.at("textDocument/completion", &uri, place);
        let labels: Vec<String> =
            items.as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect();
        let first = items.as_array().unwrap().first().map(|item| applied(&text, &[item["textEdit"].clone()]));
        (labels.join(", "), first.unwrap_or_default())
    };
    let head = "apiVersion: consign/v1\nkind: Task\nmetadata: {name: X}\nspec:\n  package: 7-Zip\n";
    let task = |rest: &str| format!("{head}{rest}");
    assert_eq!(offered(&task("  program: ‸\n")).0, "Install, Remove");
    assert_eq!(offered(&task("  program: Ins‸\n  enabled: true\n")).0, "Install, Remove");
    assert_eq!(offered(&task("  program: 'Ins‸tall' # x\n")).0, "Install, Remove");
    assert_eq!(offered(&head.replace("7-Zip\n", "‸\n")).0, "7-Zip");
    let collections = "All Computers, Büro 🖥, Pilot";
    for rest in [
        "  collections: [‸]\n",
        "  collections: [Pilot, ‸]\n",
        "  collections: [Pilot, 'B‸\n",
        "  collections: [Pilot, B‸\n  enabled: true\n",
        "  collections:\n    - ‸\n",
        "  collections:\n    - Pilot\n    - Al‸l\n  enabled: true\n",
    ] {
        assert_eq!(offered(&task(rest)).0, collections, "{rest}");
    }
    let (_, written) = offered(&task("  collections: [Pilot, '🖥B‸']\n"));
    assert_eq!(written, task("  collections: [Pilot, All Computers]\n"), "the whole value gives way");
    let flow = "apiVersion: consign/v1\nkind: Task\nmetadata: {name: X}\nspec: {package: 7-Zip, program: ‸}\n";
    assert_eq!(offered(flow).0, "Install, Remove");
    assert_eq!(offered(&flow.replace("‸}", "Rem‸")).0, "Install, Remove", "a bracket may be open");
    assert_eq!(offered(&task("  agentDisplayName: ‸\n")).0, "", "no name goes there");
    assert_eq!(offered(&task("  agentDisplayName: on ${{ ‸\n")).0, "share");
    assert_eq!(
        offered(&task("  agentDisplayName: on ${{ sh‸are }}\n")).1,
        task("  agentDisplayName: on ${{ share }}\n")
    );
    assert!(
        offered("apiVersion: consign/v1\nkind: Task\nmetadata: {name: X, folder: ‸}\n")
            .0
            .contains("Software Delivery/Apps")
    );
    let rules = offered(&task("  # consign: allow TSK‸\n")).0;
    assert!(rules.contains("TSK-12") && rules.contains("PRG-2"), "{rules}");
    assert!(!rules.contains("TSK-7") && !rules.contains("MAN-14"), "only lints can be allowed: {rules}");
    assert_eq!(offered("# consign: allow PRG-1 because of ‸\n").0, "");
    let account = "apiVersion: consign/v1\nkind: Package\nmetadata: {name: X}\nspec:\n  programs:\n    - name: A\n      \
                   runWith: {account: 'C\\u', passwordFrom: {secret: ‸}}\n";
    assert_eq!(offered(account).0, "svc");
    let accepted = "apiVersion: consign/v1\nkind: Task\nmetadata:\n  name: X\n  acknowledge:\n    - rule: ‸\n";
    assert!(offered(accepted).0.contains("SEQ-1"));
}

#[test]
fn findings_are_mended_where_they_stand() {
    let task = TASK.replace("[Pilot,", "[Pilott,") + "  warnUser: {deferUpTo: 1m}\n  enabled: yes\n  prioriti: high\n";
    let mut editor = Editor::with(&[("delivery/task.yaml", &task)]);
    let uri = editor.uri("delivery/task.yaml");
    let found = editor.open("delivery/task.yaml");
    assert!(codes(&found).contains(&"MAN-2") && codes(&found).contains(&"MAN-3"), "{found:?}");
    let whole = json!({"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}});
    let mut actions = |text: &str, only: Value, found: &[Value]| {
        let mut context = json!({"diagnostics": found});
        if !only.is_null() {
            context["only"] = only;
        }
        let params = json!({"textDocument": {"uri": uri}, "range": whole, "context": context});
        let actions = editor.client.request("textDocument/codeAction", params);
        let one = |action: &Value| {
            let edits = edits_of(&action["edit"]);
            (action["title"].as_str().unwrap().to_owned(), applied(text, &edits[&uri]), action.clone())
        };
        actions.as_array().unwrap().iter().map(one).collect::<Vec<_>>()
    };
    let quick = actions(&task, json!(["quickfix"]), &found);
    let fix = |title: &str| {
        quick.iter().find(|(one, _, _)| one.contains(title)).unwrap_or_else(|| panic!("{title}: {quick:?}"))
    };
    assert!(fix("rename it to `priority`").1.contains("  priority: high\n"));
    assert_eq!(fix("rename it to `priority`").2["diagnostics"][0]["code"], "MAN-2");
    assert_eq!(fix("rename it to `priority`").2.get("isPreferred"), None, "something else may have been meant");
    assert!(fix("write `true`").1.contains("  enabled: true\n"));
    assert_eq!(fix("write `true`").2["isPreferred"], true);
    // All at once: what `validate --fix` would mend.
    let all = actions(&task, json!(["source.fixAll"]), &[]);
    let no_refactoring = actions(&task, json!(["refactor"]), &found);
    assert_eq!((all.len(), no_refactoring.len()), (1, 0));
    let mut command = consign();
    let ran = run({
        command.current_dir(&editor.root).args(["validate", "--fix"]);
        command
    });
    assert!(ran.err.contains("Mended "), "{}", ran.err);
    assert_eq!(all[0].1, fs::read_to_string(editor.root.join("delivery/task.yaml")).unwrap());

    // Once it can be read, the rest is found: a name that leads nowhere, and a lint.
    let quick = |editor: &mut Editor, text: &str, code: &str, title: &str| {
        let found = editor.change("delivery/task.yaml", text, |found| codes(found).contains(&code));
        let uri = editor.uri("delivery/task.yaml");
        let params = json!({"textDocument": {"uri": uri}, "range": whole, "context": {"diagnostics": found}});
        let actions = editor.client.request("textDocument/codeAction", params);
        let all = actions.as_array().unwrap();
        let action = all.iter().find(|one| one["title"].as_str().unwrap().contains(title));
        let action = action.unwrap_or_else(|| panic!("{title} in {actions}"));
        applied(text, &edits_of(&action["edit"])[&uri])
    };
    let readable = TASK.replace("[Pilot,", "[Pilott,").replace("Success: true", "Success: false");
    let meant = quick(&mut editor, &readable, "MAN-10", "write `Pilot`");
    assert_eq!(meant, readable.replace("Pilott", "Pilot"));
    let allowed = quick(&mut editor, &meant, "PKG-3", "allow PKG-3");
    assert!(
        allowed.contains("  collections: [Pilot, All Computers] # consign: allow PKG-3 because SAY WHY\n"),
        "{allowed}"
    );
    editor.change("delivery/task.yaml", &allowed, <[Value]>::is_empty);
}

#[test]
fn a_file_in_no_project_is_looked_at_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    let mut client = started(&[], json!({}));
    let lone = uri(&root.join("lone.yaml"));
    client.open(&lone, &TASK.replace("program: Install", "program: Install\n  prioriti: high"));
    let found = client.findings_of(&lone);
    assert_eq!(codes(&found), ["MAN-2"], "what it refers to may be elsewhere");
    client.change(&lone, 2, &TASK.replace("Install 7-Zip", "My Software Request"));
    let found = client.findings_until(&lone, |found| codes(found) != ["MAN-2"]);
    assert_eq!(codes(&found), ["TSK-1"]);
    client.close(&lone);
    client.findings_until(&lone, <[Value]>::is_empty);
    let other = uri(&root.join("workflow.yaml"));
    client.open(&other, "on: push\njobs: {}\n");
    assert_eq!(client.findings_of(&other), Vec::<Value>::new(), "it is none of ours");
    client.open("untitled:Untitled-1", &TASK.replace("kind: Task", "kind: Tusk"));
    assert_eq!(codes(&client.findings_of("untitled:Untitled-1")), ["MAN-3"]);
    // A project comes about around it.
    client.open(&lone, TASK);
    assert_eq!(client.findings_of(&lone), Vec::<Value>::new());
    write(
        &root.join("consign.yaml"),
        &PROJECT.replace("[delivery]", "[lone.yaml]").replace("overlays: [overlays/lab]", "prune: false"),
    );
    write(&root.join("lone.yaml"), TASK);
    client.notify("workspace/didChangeWatchedFiles", json!({"changes": []}));
    let found = client.findings_until(&lone, |found| !found.is_empty());
    assert!(codes(&found).contains(&"PKG-8"), "{found:?}");
    assert_eq!(client.end().code(), Some(0));
}

#[test]
fn several_folders_are_several_projects_and_files_are_watched() {
    let (mut one, other) = (Editor::new(), Editor::new());
    let other_root = other.root.clone();
    one.client = started(&[one.root.as_path(), other_root.as_path()], json!({}));
    one.client.until("watching", |message| message["method"] == "client/registerCapability");
    let found = one.client.request("workspace/symbol", json!({"query": "collection/pilot"}));
    assert_eq!(found.as_array().unwrap().len(), 2, "{found}");
    // A file changes on disk; nobody has it open.
    let task = other_root.join("delivery/task.yaml");
    fs::write(&task, TASK.replace("package: 7-Zip", "package: 8-Zip")).unwrap();
    one.client.notify("workspace/didChangeWatchedFiles", json!({"changes": [{"uri": uri(&task), "type": 2}]}));
    let found = one.client.findings_until(&uri(&task), |found| !found.is_empty());
    assert_eq!(codes(&found), ["PKG-8"]);
    fs::remove_file(&task).unwrap();
    one.client.notify("workspace/didChangeWatchedFiles", json!({"changes": [{"uri": uri(&task), "type": 3}]}));
    one.client.findings_until(&uri(&task), <[Value]>::is_empty);
    // A folder more, a folder less.
    let event = json!({"event": {"added": [], "removed": [{"uri": uri(&other_root), "name": "x"}]}});
    one.client.notify("workspace/didChangeWorkspaceFolders", event);
    let found = one.client.request("workspace/symbol", json!({"query": "collection/pilot"}));
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    // The project file goes, and with it the project.
    fs::remove_file(one.root.join("consign.yaml")).unwrap();
    one.client.notify("workspace/didChangeWatchedFiles", json!({"changes": []}));
    assert_eq!(one.client.request("workspace/symbol", json!({"query": ""})), json!([]));
    assert_eq!(one.client.end().code(), Some(0));
}

#[test]
fn columns_are_bytes_where_the_client_counts_so() {
    let mut editor = Editor::new();
    editor.client = started(&[editor.root.as_path()], json!({"positionEncodings": ["utf-8", "utf-16"]}));
    let found = editor.open_as("delivery/task.yaml", &TASK.replace("[Pilot, All Computers]", "[Pilot, '🖥', Nobody]"));
    let columns: Vec<u64> = found.iter().map(|one| one["range"]["start"]["character"].as_u64().unwrap()).collect();
    assert_eq!(columns, [23, 31]);
}

/// How long it takes from a key to what it leads to, over a large project. Prints what it measured.
#[test]
fn a_large_project_is_looked_at_again_with_each_change() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    copy(&example("estate"), &root);
    let mut client = started(&[root.as_path()], json!({}));
    let begun = Instant::now();
    let symbols = client.request("workspace/symbol", json!({"query": "package/"}));
    let first = begun.elapsed();
    assert!(symbols.as_array().unwrap().len() > 500);
    let package = symbols.as_array().unwrap().iter().find(|one| one["containerName"] == "Package").unwrap();
    let path = url::Url::parse(package["location"]["uri"].as_str().unwrap()).unwrap().to_file_path().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    client.open(&uri(&path), &text);
    client.findings_of(&uri(&path));
    let mut longest = Duration::ZERO;
    for round in 0..5 {
        let broken = text.replacen("kind: Package", "kind: Pakage", 1);
        let begun = Instant::now();
        client.change(&uri(&path), 2 * round + 2, &broken);
        client.findings_until(&uri(&path), |found| !found.is_empty());
        longest = longest.max(begun.elapsed());
        client.change(&uri(&path), 2 * round + 3, &text);
        client.findings_until(&uri(&path), <[Value]>::is_empty);
    }
    println!("the estate: first look {first:?}, the longest way from a change to its findings {longest:?}");
    let told: usize = client.published.values().sum();
    assert!(told < 5_000, "only what changed is told: {told}");
    assert_eq!(client.end().code(), Some(0));
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let there = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir_all(&there).unwrap();
            copy(&path, &there);
        } else {
            fs::copy(&path, &there).unwrap();
        }
    }
}
