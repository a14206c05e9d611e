//! The HTML report in a real Chromium: it loads, opens, filters and searches; nothing in it acts that is not ours; and it
//! says everything without scripts as well.

use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

use consign::model::item::Item;
use consign::model::item::Spec;
use consign::model::kind::ItemKey;
use consign::model::kind::Kind;
use consign::plan::Plan;
use consign::report::view::About;
use consign::report::view::View;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::browser::Browser;
use crate::world::LIMIT;

/// What would act in a page, if it were let.
const PAYLOADS: &[&str] = &[
    "\"><img src=x onerror=\"window.pwned=1;alert(1)\">",
    "'><svg/onload=alert(1)>",
    "</script><script>window.pwned=1;alert(1)</script>",
    "</style><style>*{display:none!important}</style>",
    "</title><base href=\"https://evil.example/\"><script src=//evil.example/x.js></script>",
    "<iframe srcdoc=\"<script>parent.pwned=1</script>\"></iframe>",
    "</details></section></main><form action=https://evil.example><button id=open>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<meta http-equiv=refresh content=\"0;url=https://evil.example\">",
    "\u{202e}\u{1b}[2J<!--",
];

fn plan(changes: Vec<Value>, consequences: Vec<Value>, server: &str) -> Plan {
    let mut plan: Plan = serde_json::from_value(json!({
        "format_version": "1.0", "consign_version": "0.1.0", "timestamp": "2026-12-01T12:00:00Z",
        "expires": "2026-12-02T12:00:00Z",
        "server": {"name": server, "url": "https://ns01.example",
            "identity": {"instance": "00000000-0000-0000-0000-000000000007", "name": "n", "api": "native", "version": "1"}},
        "applyable": true, "complete": true, "errored": false, "prior_state": {"state": null, "items": 9},
        "resource_changes": changes, "held": [], "unmanaged": [], "consequences": consequences, "findings": [],
        "preconditions": [], "bounds": [], "coverage": {"kinds": {}, "unmodelled": []}, "directory": [], "steps": [],
        "summary": {"add": 0, "change": 0, "replace": 0, "delete": 0, "unchanged": 0, "held": 0, "unmanaged": 0},
        "hash": "",
    }))
    .unwrap();
    for change in &plan.resource_changes {
        match change.action() {
            consign::plan::Action::Create => plan.summary.add += 1,
            consign::plan::Action::Update => plan.summary.change += 1,
            consign::plan::Action::Replace => plan.summary.replace += 1,
            consign::plan::Action::Delete => plan.summary.delete += 1,
        }
    }
    plan.hash = consign::plan::file::hash(&plan);
    plan
}

fn task(name: &str) -> Item {
    let spec = json!({
        "package": "Office", "program": "Install", "collections": ["Desktops"], "run": {"schedule": {"daily": "17:00"}},
    });
    Item::new(ItemKey::new(Kind::Task, name), Spec::Task(serde_json::from_value(spec).unwrap()))
}

fn change(item: &Item, actions: &[&str], reason: &str, fields: &[(&str, Value, Value)]) -> Value {
    let fields: Vec<Value> = fields
        .iter()
        .map(|(path, before, after)| json!({"path": path, "before": before, "after": after, "effect": "future_runs"}))
        .collect();
    let (is_new, is_gone) = (actions == ["create"], actions == ["delete"]);
    json!({
        "address": item.key.to_string(), "key": item.key, "actions": actions, "action_reason": reason,
        "guid": if is_new { Value::Null } else { json!("00000000-0000-0000-0000-000000000003") },
        "fields": fields, "before": if is_new { Value::Null } else { json!(item) },
        "after": if is_gone { Value::Null } else { json!(item) },
    })
}

fn consequence(rule: &str, severity: &str, subject: &str, text: &str) -> Value {
    json!({
        "code": rule, "severity": severity, "subject": subject, "kind": "re_run",
        "magnitude": {"value": 4812, "unit": "computers", "of": 5000}, "parts": {"succeeded": 4655}, "basis": "confirmed",
        "observed_at": "2026-12-01T10:00:00Z", "mechanism": text, "sample": ["PC-1", text], "because": [subject],
        "over": if severity == "error" { json!("4,812 is over 500") } else { Value::Null },
    })
}

/// A plan as reviewers meet them.
fn usual() -> Plan {
    let office = task("Office suite");
    let line = |version: &str| json!(format!("setup.exe /configure office-{version}.xml /quiet /norestart"));
    let mut changes = vec![
        change(
            &office,
            &["delete", "create"],
            "replace_because_identity_regenerates",
            &[(
                "spec.steps",
                json!(["Office/Install", "Office/Configure", "Visio/Install"]),
                json!(["Office/Configure", "Office/Install", "Visio/Install"]),
            )],
        ),
        change(&task("Retired VPN client"), &["delete"], "delete_because_no_manifest", &[]),
        change(
            &task("Configure Office"),
            &["update"],
            "update_because_fields_differ",
            &[
                ("spec.commandLine", line("2024"), line("2027")),
                (
                    "spec.description",
                    json!("Sets what the suite needs.\nAsk the desk."),
                    json!("Sets what it needs.\nAsk the desk."),
                ),
            ],
        ),
        change(&task("Install 7-Zip"), &["create"], "create_because_not_found", &[]),
    ];
    for n in 0..12 {
        let item = task(&format!("Patch run, building {n}"));
        let fields = [("spec.run.schedule", json!({"daily": "17:00"}), json!({"daily": "18:30"}))];
        changes.push(change(&item, &["update"], "update_because_fields_differ", &fields));
    }
    let consequences = vec![
        consequence(
            "SEQ-1",
            "error",
            "task/Office suite",
            "its step list changed, so everyone who ran it runs it again",
        ),
        consequence("TSK-4", "warning", "task/Configure Office", "who ran it keeps what it has"),
    ];
    plan(changes, consequences, "prod-ns01")
}

/// A plan as a page in a file.
fn page(directory: &TempDir, plan: &Plan) -> PathBuf {
    let about = About { consign_version: "0.1.0".to_owned(), exit: (3, "blocked"), ..About::default() };
    let file = directory.path().join("page.html");
    std::fs::write(&file, consign::report::html::page(&View::of_plan(plan, &about))).unwrap();
    file
}

fn shot(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Waits until the page says that so many entries are shown; it says it a moment after what was done to it.
#[track_caller]
fn says(browser: &mut Browser, expected: &str) {
    let begun = Instant::now();
    loop {
        let said =
            browser.value("new Promise((done) => setTimeout(() => done(document.getElementById('said').value)))");
        if said == expected {
            return;
        }
        assert!(begun.elapsed() < LIMIT, "it says `{said}`, not `{expected}`");
    }
}

#[test]
fn a_reviewer_opens_filters_and_searches() {
    let Some(mut browser) = Browser::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    browser.open(&page(&directory, &usual()));
    assert_eq!(browser.value("document.title"), "consign plan: prod-ns01");
    assert_eq!(
        browser.value("document.querySelector('.lead').textContent"),
        "4,812 computers will re-run Office suite ⬆; blocked"
    );
    says(&mut browser, "18 of 18 shown");
    assert!(browser.screenshot(&shot("page-light.png")) > 20_000);

    // A change opens by the mouse, and by the keyboard.
    let is_open = "[...document.querySelectorAll('details.c')].find((node) => node.textContent.includes('Configure Office')).open";
    browser.value("document.querySelectorAll('details.c').forEach((node) => node.open = false)");
    browser.value("[...document.querySelectorAll('details.c')].find((node) => node.textContent.includes('Configure Office')).id = 'one'");
    browser.click("#one > summary");
    assert_eq!(browser.value(is_open), true);
    browser.value("document.querySelector('#one > summary').focus()");
    browser.key("Enter", "\r");
    assert_eq!(browser.value(is_open), false);
    browser.key("Enter", "\r");
    let words = browser.value("[...document.querySelectorAll('#one ins')].map((node) => node.textContent)");
    assert_eq!(words[0], "2027", "what differs is marked word by word: {words}");

    // Search, from anywhere by one key.
    browser.value("document.activeElement.blur()");
    browser.key("/", "/");
    assert_eq!(browser.value("document.activeElement.name"), "search");
    browser.call("Input.insertText", json!({ "text": "building 7" }));
    says(&mut browser, "12 of 18 shown");
    browser.call("Input.insertText", json!({ "text": "x" }));
    says(&mut browser, "0 of 18 shown");
    browser.click("#f button[type=reset]");
    says(&mut browser, "18 of 18 shown");

    // Rule, severity and kind.
    for (name, value, shown) in
        [("rule", "SEQ-1", 2), ("level", "error", 1), ("level", "warning", 2), ("kind", "task", 18)]
    {
        browser.value(&format!(
            "(() => {{ const one = document.getElementById('f').elements[{name:?}]; one.value = {value:?}; \
             one.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"
        ));
        says(&mut browser, &format!("{shown} of 18 shown"));
        browser.click("#f button[type=reset]");
    }
    browser.click("#shut");
    assert_eq!(browser.value("document.querySelectorAll('details.c[open]').length"), 0);
    browser.click("#open");
    assert_eq!(browser.value("document.querySelectorAll('details.c:not([open])').length"), 0);

    let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
    browser.call("Emulation.setEmulatedMedia", dark);
    let back = browser.value("getComputedStyle(document.body).backgroundColor");
    assert_eq!(back, "rgb(20, 23, 29)");
    browser.value("document.getElementById('changes').scrollIntoView({behavior: 'instant'})");
    browser.screenshot(&shot("page-dark.png"));
    nothing_acted(&mut browser, 1);
}

/// No script but ours ran, nothing was asked of a network, no dialog opened, no policy was broken.
#[track_caller]
fn nothing_acted(browser: &mut Browser, pages: usize) {
    assert_eq!(browser.value("typeof window.pwned"), "undefined");
    assert_eq!(browser.happened("Page.javascriptDialogOpening"), 0);
    let requests: Vec<&Value> =
        browser.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent").collect();
    assert_eq!(requests.len(), pages, "{requests:#?}");
    let told: Vec<&Value> = browser
        .events
        .iter()
        .filter(|event| event["method"] == "Log.entryAdded" || event["method"] == "Runtime.exceptionThrown")
        .collect();
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn payloads_in_every_field_do_nothing() {
    let Some(mut browser) = Browser::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    for (n, payload) in PAYLOADS.iter().enumerate() {
        let item = task(payload);
        let fields =
            [("spec.commandLine", json!(payload), json!([payload])), (*payload, json!({*payload: 1}), Value::Null)];
        let changes = vec![
            change(&item, &["update"], "update_because_fields_differ", &fields),
            change(&task(&format!("gone {payload}")), &["delete"], "delete_because_no_manifest", &[]),
        ];
        let told = [("SEQ-1", "error"), (*payload, "warning")];
        let told = told.map(|(rule, severity)| consequence(rule, severity, &item.key.to_string(), payload));
        let mut plan = plan(changes, told.into(), payload);
        plan.server.url = (*payload).to_owned();
        plan.findings.push(consign::plan::Finding {
            rule: (*payload).to_owned(),
            severity: consign::model::project::Severity::Warning,
            subject: (*payload).to_owned(),
            message: (*payload).to_owned(),
            help: (*payload).to_owned(),
        });
        plan.coverage.unmodelled.push((*payload).to_owned());
        plan.hash = consign::plan::file::hash(&plan);
        browser.open(&page(&directory, &plan));
        let counts = browser.value(
            "['script', 'style', 'img', 'iframe', 'form', 'base', 'meta', 'a'].map((tag) => document.querySelectorAll(tag).length)",
        );
        assert_eq!(counts, json!([1, 1, 0, 0, 1, 0, 5, 1]), "{payload}");
        says(&mut browser, "5 of 5 shown");
        nothing_acted(&mut browser, n + 1);
    }
}

#[test]
fn the_policy_of_the_page_stops_what_would_get_through() {
    let Some(mut browser) = Browser::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = page(&directory, &usual());
    let text = std::fs::read_to_string(&file).unwrap();
    let bad =
        "<main>\n<script>window.pwned=1</script><img src=\"https://evil.example/x.png\" onerror=\"window.pwned=2\">";
    std::fs::write(&file, text.replacen("<main>", bad, 1)).unwrap();
    browser.open(&file);
    assert_eq!(browser.value("typeof window.pwned"), "undefined");
    assert!(browser.happened("Log.entryAdded") > 0, "the browser says that it stopped something");
}

#[test]
fn a_page_says_everything_without_scripts_and_on_paper() {
    let Some(mut browser) = Browser::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = page(&directory, &usual());
    browser.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    browser.open(&file);
    let answer = browser.call("DOM.getDocument", json!({ "depth": 0 }));
    let html = browser.call("DOM.getOuterHTML", json!({ "nodeId": answer["root"]["nodeId"] }));
    let html = html["outerHTML"].as_str().unwrap();
    for text in
        ["Office suite", "Retired VPN client", "Patch run, building 11", "<ins>2027</ins>.xml", "SEQ-1", "upTo: 4812"]
    {
        assert!(html.contains(text), "{text}");
    }
    assert!(
        html.contains("role=\"search\" aria-label=\"Filter\"") && html.contains("id=\"f\" hidden"),
        "no dead controls"
    );
    browser.screenshot(&shot("page-no-scripts.png"));
    let pdf = browser.call("Page.printToPDF", json!({ "printBackground": true }));
    let pdf =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, pdf["data"].as_str().unwrap()).unwrap();
    assert!(pdf.starts_with(b"%PDF") && pdf.len() > 10_000);
    std::fs::write(shot("page.pdf"), pdf).unwrap();
}

#[test]
fn a_page_can_be_used_without_seeing_it() {
    let Some(mut browser) = Browser::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    browser.open(&page(&directory, &usual()));
    let nameless = browser.value(
        "[...document.querySelectorAll('input, select, button, svg, a')].filter((node) => \
         !(node.labels?.length || node.textContent.trim() || node.getAttribute('aria-label'))).map((node) => node.outerHTML)",
    );
    assert_eq!(nameless, json!([]), "everything that is used has a name");
    let levels = browser.value("[...document.querySelectorAll('h1, h2, h3')].map((node) => Number(node.tagName[1]))");
    let levels: Vec<i64> = serde_json::from_value(levels).unwrap();
    assert_eq!(levels[0], 1);
    assert!(levels[1..].iter().all(|level| *level == 2), "headings nest: {levels:?}");
    assert_eq!(browser.value("document.documentElement.lang"), "en");
    assert_eq!(browser.value("[...document.querySelectorAll('th')].every((node) => node.scope === 'col')"), true);
    for scheme in ["light", "dark"] {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser.call("Emulation.setEmulatedMedia", media);
        let low = browser.value(CONTRAST);
        assert_eq!(low, json!([]), "{scheme}: every text stands out from what it stands on");
    }
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    let roles: Vec<&str> =
        tree["nodes"].as_array().unwrap().iter().filter_map(|node| node["role"]["value"].as_str()).collect();
    for role in ["main", "search", "heading", "table", "searchbox", "status"] {
        assert!(roles.contains(&role), "{role} in {roles:?}");
    }
}

#[test]
fn a_page_fits_a_phone() {
    let Some(mut browser) = Browser::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let phone = json!({ "width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true });
    browser.call("Emulation.setDeviceMetricsOverride", phone);
    browser.open(&page(&directory, &usual()));
    browser.value("document.querySelectorAll('details').forEach((node) => node.open = true)");
    assert_eq!(browser.value("document.documentElement.scrollWidth"), 390, "nothing is wider than the page");
    let narrow = browser.value(
        "[...document.querySelectorAll('.t td:nth-child(3)')].filter((node) => node.offsetWidth < 300).map((node) => node.outerHTML)",
    );
    assert_eq!(narrow, json!([]), "what a row says has the width of the page");
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    let is_cell = |node: &&Value| node["role"]["value"] == "cell";
    assert!(tree["nodes"].as_array().unwrap().iter().filter(is_cell).count() >= 12, "it is a table all the same");
    browser.screenshot(&shot("page-phone.png"));
}

/// Texts whose contrast is below 4.5 to 1 (WCAG 2.1, 1.4.3), by the colours that the browser worked out.
const CONTRAST: &str = r"(() => {
  const parse = (text) => text.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const back = (node) => {
    for (; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const low = new Set();
  for (const node of document.querySelectorAll('main *, header *, footer *')) {
    if (node.closest('svg') || ![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(back(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.add(node.tagName + '.' + node.className);
  }
  return [...low];
})()";

#[test]
fn a_page_of_5_000_changes_loads_and_filters() {
    let Some(mut browser) = Browser::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let changes = (0..5_000).map(|n| {
        let line = |v: u32| json!(format!("msiexec.exe /i product-{n}-{v}.msi /qn /norestart"));
        let item = task(&format!("Install product {n}"));
        change(&item, &["update"], "update_because_fields_differ", &[("spec.commandLine", line(1), line(2))])
    });
    let file = page(&directory, &plan(changes.collect(), Vec::new(), "prod"));
    assert!(std::fs::metadata(&file).unwrap().len() < 5_000_000);
    browser.open(&file);
    says(&mut browser, "5,000 of 5,000 shown");
    browser.value("document.getElementById('f').search.focus()");
    browser.call("Input.insertText", json!({ "text": "product 4999" }));
    says(&mut browser, "1 of 5,000 shown");
    let took = browser.value("performance.getEntriesByType('navigation')[0].loadEventEnd");
    println!("5,000 changes: loaded after {took} ms");
    nothing_acted(&mut browser, 1);
}
