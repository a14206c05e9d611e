//! Nothing acts: the payloads of reliability 3.6 in every field, in every format.

use pulldown_cmark::Event;
use pulldown_cmark::Parser;
use pulldown_cmark::Tag;
use serde_json::Value;

use crate::diag::is_hidden;
use crate::diag::visible_json;
use crate::report::github;
use crate::report::markdown;
use crate::report::render::Form;
use crate::report::render::Options;
use crate::report::render::render;
use crate::report::tests::samples;
use crate::report::view::View;

fn payloads() -> Vec<String> {
    let mut out: Vec<String> = [
        "\u{1b}[2J\u{1b}[1A",
        "\u{1b}]0;t\u{7}\u{1b}]8;;http://x\u{7}\u{1b}]52;c;eA==\u{7}",
        "\u{1b}Pq\u{1b}\\",
        "\u{9b}31m",
        "good\rbad",
        "a\u{8}\u{8}b",
        "\u{202e}gpj\u{2066}\u{200b}\u{feff}\u{e0041}\u{2028}",
        "::set-env name=x::y",
        "\n::add-mask::x\n::stop-commands::t",
        "x\n::error file=a::forged",
        "a%0A::set-output name=x::y%0D",
        "##vso[task.setvariable variable=x]y",
        "x ##vso[task.complete result=Succeeded;]",
        "x ##[set-output name=a]b",
        "\n##[error]x",
        ";type=warning;]x##VSO[task.x]",
        "\u{1b}[0Ksection_start:1:x[collapsed=true]\r\u{1b}[0Kx",
        "```\n# out\n```",
        "`a` ``b`` ```c```",
        "odd ` tick @team",
        "</details></summary><b>x",
        "<!-- consign:plan server=prod -->",
        "--> x <!--",
        "@team and @org/team #12 !3 GH-4",
        "![](https://evil.example/x.png)",
        "[x](javascript:alert(1)) <https://evil.example> www.evil.example https://evil.example",
        "a | b || c",
        "\\| \\` \\",
        "*a* _b_ ~~c~~ # d\n===\n---\n> e\n- f",
        "$x$ $$y$$ :smile: ~label %milestone &epic",
        "\"><img src=x onerror=alert(1)>",
        "'><svg/onload=alert(1)>",
        "</script><script>alert(1)</script>",
        "</style><style>*{display:none}",
        "{{constructor.constructor('alert(1)')()}}",
        "=cmd|' /C calc'!A0",
        "\n2026-01-01T00:00:00Z INFO approved",
        "]]> <![CDATA[ &amp; &#0; &x;",
        "consign_0\nconsign_1<<x",
        "{0} {1} [text](1)",
        "",
    ]
    .map(str::to_owned)
    .into();
    out.push("A".repeat(1_000_000));
    out
}

#[track_caller]
fn check(view: &View<'_>, form: Form) {
    let text = render(view, form, Options { full: true, ..Options::default() });
    let shown = if form.is_json() { visible_json(&text).into_owned() } else { text };
    if let Some(at) = shown.find(|c| is_hidden(c) && c != '\n') {
        panic!("{form:?} has something hidden: {:?}", shown[..at + 4].lines().last());
    }
    match form {
        Form::Azure => azure(&shown),
        Form::Github => github(view, &shown),
        _ => commands(&shown, form),
    }
    match form {
        Form::Json | Form::Sarif | Form::Gitlab => json(&shown, form),
        Form::Markdown => markdown(&shown),
        Form::Html => html(&shown),
        Form::Junit => {
            roxmltree::Document::parse(&shown).unwrap();
        }
        _ => {}
    }
}

/// No line is a command for a build server.
#[track_caller]
fn commands(text: &str, form: Form) {
    let lower = text.to_lowercase();
    assert!(!lower.contains("##vso[") && !lower.contains("##["), "{form:?}\n{text:.3000}");
    for line in text.lines() {
        // A second place of a finding, as compilers write it: no runner has a command of that name.
        let is_place = form == Form::Text && line.trim_start().starts_with("::: ");
        assert!(is_place || !line.trim_start().starts_with("::"), "{form:?}: {line:.200}");
    }
}

#[track_caller]
fn azure(text: &str) {
    for line in text.lines() {
        let n = line.to_lowercase().matches("##vso[").count();
        assert!(!line.contains("##[") && !line.trim_start().starts_with("::"), "{line:.300}");
        if n > 0 {
            let rest = line.strip_prefix("##vso[task.").expect("a command begins its line");
            let (head, message) = rest.split_once(']').expect("a command ends");
            assert!(n == 1 && !message.contains("##vso["), "{line:.300}");
            let (command, properties) = head.split_once(' ').unwrap_or((head, ""));
            assert!(["logissue", "setvariable", "uploadsummary"].contains(&command), "{line:.300}");
            let known = ["type", "sourcepath", "linenumber", "columnnumber", "code", "variable", "isOutput", ""];
            for property in properties.split(';') {
                assert!(known.contains(&property.split('=').next().unwrap()), "{line:.300}");
            }
            let types = properties.split(';').filter(|property| property.starts_with("type=")).count();
            assert_eq!(types, usize::from(command == "logissue"), "{line:.300}");
        }
    }
}

#[track_caller]
fn github(view: &View<'_>, text: &str) {
    assert!(!text.to_lowercase().contains("##vso[") && !text.contains("##["));
    for line in text.lines().filter(|line| line.trim_start().starts_with("::")) {
        let known = ["::error ", "::warning ", "::group::", "::endgroup::"];
        assert!(known.iter().any(|command| line.starts_with(command)), "{line:.300}");
        if let Some(properties) = line.strip_prefix("::error ").or_else(|| line.strip_prefix("::warning ")) {
            let (properties, _) = properties.split_once("::").expect("an annotation has a message");
            let known = ["file", "line", "endLine", "col", "endColumn", "title"];
            for property in properties.split(',') {
                assert!(known.contains(&property.split('=').next().unwrap()), "{line:.300}");
            }
        }
    }
    markdown(&github::summary(view));
    let outputs = github::outputs(view);
    let mut lines = outputs.lines();
    let mut names = Vec::new();
    while let Some(line) = lines.next() {
        let (name, mark) = line.split_once("<<").unwrap_or_else(|| panic!("{line}"));
        let value = lines.next().expect("a value");
        assert!(value != mark && lines.next() == Some(mark), "{outputs}");
        names.push(name);
    }
    assert!(names.contains(&"headline") && names.contains(&"exit-code"), "{names:?}");
}

#[track_caller]
fn json(text: &str, form: Form) {
    let value: Value = serde_json::from_str(text).unwrap();
    // What a page shows of it is as harmless as the text; a plan is for programs, and is as it was written.
    fn strings(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::String(text) => out.push(text.clone()),
            Value::Array(list) => list.iter().for_each(|one| strings(one, out)),
            Value::Object(map) => map.values().for_each(|one| strings(one, out)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    strings(&value, &mut all);
    if form != Form::Json {
        for text in all {
            assert!(!text.chars().any(|c| is_hidden(c) && c != '\n'), "{form:?}: {text:.300}");
        }
    }
    // Messages of SARIF may hold links.
    for result in value["runs"][0]["results"].as_array().into_iter().flatten() {
        assert!(!result["message"]["text"].as_str().unwrap().contains("]("), "{result:.300}");
    }
}

/// What a reader of Markdown makes of it: no link, no picture, no HTML but ours, and outside of code nothing that a host
/// would take for a mention, a reference or an address.
#[track_caller]
fn markdown(text: &str) {
    assert!(
        text.starts_with("<!-- consign:") && text.matches("<!-- consign:").count() <= 1 + in_code(text),
        "{text:.900}"
    );
    let mut code = 0_usize;
    let mut html = String::new();
    for event in Parser::new_ext(text, pulldown_cmark::Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code += 1,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => code -= 1,
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::BlockQuote(_)) => panic!("{text:.3000}"),
            Event::Html(part) => html.push_str(&part),
            Event::InlineHtml(part) => panic!("{part}\n{text:.3000}"),
            Event::Text(part) if code == 0 => {
                for bad in ["@", "#", "http", "www.", "<", "![", "GH-", "~", "$", "*"] {
                    assert!(!part.contains(bad), "`{bad}` in `{part}`\n{text:.3000}");
                }
            }
            _ => {}
        }
    }
    for line in html.lines().filter(|line| !line.trim().is_empty()) {
        let is_ours = line == "</details>"
            || (line.starts_with("<!-- consign:") && line.ends_with(" -->") && line.matches("--").count() == 2)
            || (line.starts_with("<details><summary>") && line.ends_with("</summary>") && tags(line).len() == 5);
        assert!(is_ours, "{line}\n{text:.3000}");
    }
    assert_eq!(html.matches("<details>").count(), html.matches("</details>").count());
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
    for row in &rows {
        let cells = row.replace("\\\\", "").replace("\\|", "").matches('|').count();
        assert_eq!(cells, 7, "{row}");
    }
}

fn in_code(text: &str) -> usize {
    text.matches("<!-- consign:plan server=prod -->").count()
}

/// The tags of a piece of HTML.
fn tags(text: &str) -> Vec<String> {
    text.match_indices('<').map(|(at, _)| text[at..].split(['>', ' ', '\n']).next().unwrap_or("").to_owned()).collect()
}

#[track_caller]
fn html(text: &str) {
    const TAGS: &[&str] = &[
        "!doctype", "html", "head", "meta", "title", "body", "a", "main", "header", "h1", "h2", "p", "ul", "li",
        "span", "b", "code", "div", "strong", "section", "pre", "form", "label", "input", "select", "option", "button",
        "output", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "ins", "del", "svg", "g", "rect",
        "path", "line", "text", "footer", "style", "script",
    ];
    let begin = text.find("<style>").unwrap() + "<style>".len();
    let end = text.find("</style>").unwrap();
    let script = text.rfind("<script>").unwrap();
    let body = format!("{}{}", &text[..begin], &text[end..script]);
    for tag in tags(&body) {
        let name = tag.trim_start_matches('<').trim_start_matches('/');
        assert!(TAGS.contains(&name), "{tag}\n{body:.300}");
    }
    for tag in body.split('<').filter_map(|part| part.split('>').next()) {
        for attribute in [" on", " src", " href", " style", " srcdoc", " action"] {
            let is_ours = tag == "a class=\"skip\" href=\"#changes\"";
            let names = unquoted(tag);
            assert!(is_ours || !names.contains(&format!("{attribute}=")) && !names.contains(" on"), "{tag:.300}");
        }
    }
    assert_eq!(text.matches("<script").count(), 1);
    assert!(text.contains("Content-Security-Policy"));
}

/// A tag without what stands in quotes.
fn unquoted(tag: &str) -> String {
    tag.split('"').step_by(2).collect()
}

#[test]
fn payloads_do_nothing_in_any_field_of_any_format() {
    let mut n = 0;
    for payload in payloads() {
        samples::each_view(&mut |_| payload.clone(), &mut |view| {
            for form in Form::ALL {
                // A plan's own JSON of a million characters a field says nothing new.
                if payload.len() < 100_000 || matches!(form, Form::Markdown | Form::Html | Form::Github | Form::Azure) {
                    check(view, form);
                    n += 1;
                }
            }
        });
    }
    assert!(n > 2_000, "{n}");
}

#[test]
fn names_of_servers_and_directories_never_end_the_marker_nor_share_it() {
    let mut seen = std::collections::BTreeSet::new();
    for name in ["prod", "a b", "a_b", "-->", "x -->", "x\n", "@team", "ä"] {
        let mut plan = samples::empty_plan();
        plan.server.name = name.to_owned();
        let about = samples::about(&mut |_| "site".to_owned(), &plan);
        let marker = markdown::marker(&View::of_plan(&plan, &about));
        assert!(marker.starts_with("<!-- consign:plan server=") && marker.ends_with(" dir=site -->"), "{marker}");
        assert_eq!(marker.matches("--").count(), 2, "{marker}");
        assert!(seen.insert(marker), "{name}");
    }
}
